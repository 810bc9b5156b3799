"""What ``releases show`` says of an event, in one line."""

import pytest

from twelve.cli.releases import said

DRAINED = {"requests": 90, "failures": 3, "cut": 2, "seconds": {"drain": 1.5, "other": 0.001}}


@pytest.mark.parametrize(
    ("detail", "line"),
    [
        ({"text": "no dependencies", "process": ""}, "no dependencies"),
        ({"text": "listens", "process": "shop/production/web.1@v2"}, "web.1: listens"),
        ({"until": 31 * 10**9, "old": []}, "for 30 s"),
        (DRAINED, "90 requests, 3 failed; 2 requests were cut off; drain 1.50 s"),
        ({"requests": 0, "failures": 0, "cut": 0}, "0 requests, 0 failed"),
        ({"why": "30 of 30 requests failed (100.0%)"}, "30 of 30 requests failed (100.0%)"),
        ({}, ""),
    ],
)
def test_an_event_is_one_line(detail, line):
    assert said({"kind": "any", "at_ns": 10**9, "detail": detail}) == line
