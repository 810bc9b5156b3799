"""When a schedule is due: strictly by its zone's clock, on changing Sundays too."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twelve.errors import Invalid
from twelve.factors.admin.ticks import (
    MOST,
    ON_TIME,
    SECOND,
    SHORT,
    cron_problem,
    due,
    fates,
    next_tick,
    ticks,
)

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")


def ns(*moment: int, zone=UTC, fold: int = 0) -> int:
    return int(datetime(*moment, tzinfo=zone, fold=fold).timestamp()) * SECOND


def told(cron: str, zone, after_ns: int, count: int) -> list[str]:
    found = islice(ticks(cron, zone, after_ns), count)
    return [f"{datetime.fromtimestamp(at // SECOND, zone):%d %H:%M%z}" for at in found]


def test_a_fixed_time_that_is_skipped_comes_when_the_gap_ends():
    assert told("30 2 * * *", BERLIN, ns(2026, 3, 28), 3) == [
        "28 02:30+0100",
        "29 03:00+0200",
        "30 02:30+0200",
    ]
    assert told("30 2 * * *", NEW_YORK, ns(2026, 3, 7, 12), 2) == ["08 03:00-0400", "09 02:30-0400"]


def test_two_fixed_times_in_the_gap_come_once_at_its_end():
    assert told("15,45 2 * * *", BERLIN, ns(2026, 3, 28, 12), 2) == [
        "29 03:00+0200",
        "30 02:15+0200",
    ]
    assert told("0 2,3 * * *", BERLIN, ns(2026, 3, 28, 12), 2) == ["29 03:00+0200", "30 02:00+0200"]


def test_a_fixed_time_that_is_there_twice_comes_once():
    assert told("30 2 * * *", BERLIN, ns(2026, 10, 24), 3) == [
        "24 02:30+0200",
        "25 02:30+0200",
        "26 02:30+0100",
    ]
    assert told("30 1 * * *", NEW_YORK, ns(2026, 10, 31, 12), 2) == [
        "01 01:30-0400",
        "02 01:30-0500",
    ]


@pytest.mark.parametrize("minutes", [31, 45, 60, 75, 89, 90, 95, 120, 179])
def test_whenever_one_looks_it_does_not_come_again(minutes: int):
    first = ns(2026, 10, 25, 2, 30, zone=BERLIN)

    assert told("30 2 * * *", BERLIN, first + minutes * 60 * SECOND, 1) == ["26 02:30+0100"]


@pytest.mark.parametrize("cron", ["5 */2 * * *", "45 1 * * *", "*/20 * * * *"])
def test_wherever_one_begins_to_count_the_next_is_the_same(cron: str):
    """Half an hour is put back at 02:00 on Lord Howe: there are two quarters past half past one."""
    start, end = ns(2026, 4, 4, 12), ns(2026, 4, 4, 18)
    whole = due(cron, LORD_HOWE, start, end)
    for at in range(start, end, 60 * SECOND):
        assert due(cron, LORD_HOWE, at, end) == [tick for tick in whole if tick > at]


def test_what_comes_every_half_hour_follows_the_hours_as_they_pass():
    assert told("*/30 * * * *", BERLIN, ns(2026, 3, 29, 0, 15), 3) == [
        "29 01:30+0100",
        "29 03:00+0200",
        "29 03:30+0200",
    ]
    assert told("*/30 * * * *", BERLIN, ns(2026, 10, 25, 0, 15), 4) == [
        "25 02:30+0200",
        "25 02:00+0100",
        "25 02:30+0100",
        "25 03:00+0100",
    ]


def test_a_clock_that_is_put_by_half_an_hour_is_right_too():
    assert told("15 2 * * *", LORD_HOWE, ns(2026, 10, 2, 16), 3) == [
        "04 02:30+1100",
        "05 02:15+1100",
        "06 02:15+1100",
    ]


def test_unless_said_it_is_utc_and_knows_no_changes():
    assert told("30 2 * * *", UTC, ns(2026, 3, 28), 2) == ["28 02:30+0000", "29 02:30+0000"]


CRONS = (
    "30 2 * * *",
    "*/20 * * * *",
    "15,45 1,2,3 * * *",
    "0 * * * *",
    "30 2 * * sun",
    "0 3 * * *",
)
ZONES = (BERLIN, NEW_YORK, LORD_HOWE, UTC)
CHANGES = (ns(2026, 3, 28), ns(2026, 3, 7), ns(2026, 4, 4), ns(2026, 10, 24), ns(2026, 10, 31))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(CRONS),
    st.sampled_from(ZONES),
    st.sampled_from(CHANGES),
    st.lists(st.integers(0, 3 * 86400), max_size=8),
)
def test_however_often_one_looks_the_ticks_are_the_same(cron, zone, start, looks):
    end = start + 3 * 86400 * SECOND
    whole = due(cron, zone, start, end)
    found, at = [], start
    for look in sorted(start + seconds * SECOND for seconds in looks):
        found += due(cron, zone, at, look)
        at = look
    found += due(cron, zone, at, end)

    assert found == whole
    assert sorted(set(found)) == found


def test_a_tick_belongs_to_the_time_before_it_and_not_to_that_after_it():
    at = ns(2026, 5, 1, 3)

    assert due("0 3 * * *", UTC, at - 1, at) == [at]
    assert due("0 3 * * *", UTC, at, at + 1) == []
    assert due("0 3 * * *", UTC, at - SECOND // 2, at - 1) == []
    assert next_tick("0 3 * * *", UTC, at) == at + 86400 * SECOND


@pytest.mark.parametrize("short", SHORT)
def test_every_short_word_comes(short: str):
    assert cron_problem(short) == ""
    assert next_tick(short, UTC, 0) is not None


@pytest.mark.parametrize("cron", ["0 0 30 2 *", "0 0 31 4,6 *", "no"])
def test_what_never_comes_is_told(cron: str):
    assert "ever comes" in cron_problem(cron)
    with pytest.raises(Invalid, match="ever comes"):
        due(cron, UTC, 0, 1)


NOW = ns(2026, 5, 1, 3)
DAY = 86400 * SECOND


def test_what_is_due_within_a_minute_is_run():
    for now in (NOW, NOW + ON_TIME):
        assert [tick.fate for tick in fates([NOW], now, catch_up=False)] == ["run"]
    assert fates([], NOW, catch_up=True) == []


def test_later_it_was_missed_unless_the_schedule_catches_up():
    passed = [NOW - 2 * DAY, NOW - DAY]
    missed = fates(passed, NOW - 1, catch_up=False)
    late = fates(passed, NOW - 1, catch_up=True)

    assert [(tick.fate, bool(tick.why)) for tick in missed] == [("missed", True)] * 2
    assert [tick.fate for tick in late] == ["missed", "late"]
    assert [tick.at_ns for tick in late] == passed


def test_the_newest_alone_is_run():
    passed = [NOW - 60 * SECOND, NOW]

    assert [tick.fate for tick in fates(passed, NOW, catch_up=True)] == ["missed", "run"]


def test_what_is_blocked_is_missed_with_the_reason():
    [tick] = fates([NOW], NOW, catch_up=True, blocked="the deploy is stopped")

    assert (tick.fate, tick.why) == ("missed", "the deploy is stopped")


def test_a_long_absence_is_recorded_in_parts_and_counted():
    passed = due("* * * * *", UTC, NOW, NOW + 10 * DAY)
    [together] = fates(passed, NOW + 10 * DAY, catch_up=True)

    assert len(passed) == MOST + 1
    assert (together.fate, together.times) == ("missed", MOST)
    assert (together.at_ns, together.until_ns) == (passed[0], passed[-2])


def test_a_leap_day_is_found_years_ahead():
    found = next_tick("0 0 29 2 *", UTC, ns(2026, 5, 1))

    assert found == ns(2028, 2, 29)
    assert timedelta(seconds=(found - ns(2028, 2, 28)) // SECOND) == timedelta(days=1)
