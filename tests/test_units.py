import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelve.units import duration, size, span, text_of_duration, text_of_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (30, 30.0),
        (0.5, 0.5),
        ("30", 30.0),
        ("30s", 30.0),
        ("500ms", 0.5),
        ("1.5m", 90.0),
        (" 2 h ", 7200.0),
        ("14d", 1209600.0),
        (0, 0.0),
    ],
)
def test_durations_are_read_as_seconds(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", "s", "-1", "1e3", "nan", "inf", "5 weeks", "1_0s", "٣s", "1.2.3", "1..2s", "."),
        *(-1, float("nan"), float("inf"), True, None, []),
    ],
)
def test_what_is_not_a_duration_is_refused(text):
    with pytest.raises(ValueError, match="is not a duration"):
        duration(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (1024, 1024),
        ("512M", 512 * 1024**2),
        ("512MB", 512 * 1024**2),
        ("64KiB", 65536),
        ("1.5g", 1536 * 1024**2),
        ("12", 12),
        ("12B", 12),
        ("2T", 2 * 1024**4),
    ],
)
def test_sizes_are_read_as_bytes(text, number):
    assert size(text) == number


@pytest.mark.parametrize("text", ["", "M", "-1", -1, "1X", "1 M M", True, 1.5, None, "9999999T"])
def test_what_is_not_a_size_is_refused(text):
    with pytest.raises(ValueError, match="is not a size"):
        size(text)


def test_a_range_has_two_ends():
    assert span("20000-29999") == (20000, 29999)
    assert span("5 - 5") == (5, 5)


@pytest.mark.parametrize("text", ["", "5", "-5", "5-", "a-b", "6-5", "1-2-3"])
def test_what_is_not_a_range_is_refused(text):
    with pytest.raises(ValueError, match="is not a range"):
        span(text)


@given(st.integers(0, 10**8))
def test_a_duration_is_read_back_as_it_was_written(seconds):
    assert duration(text_of_duration(seconds)) == pytest.approx(seconds, abs=0.001)


@given(st.integers(0, 2**50))
def test_a_size_is_read_back_as_it_was_written(number):
    assert size(text_of_size(number)) == number
