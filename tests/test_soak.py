"""How the soak judges what it has seen."""

import pytest
from bench.soak_report import curves, judge, undeclared, write

BEGAN = 1000.0
EVERY = 5
CALM = 35


def part(held: float, fds: int = 20, threads: int = 3) -> dict:
    return {"pids": [1], "held_mb": held, "fds": fds, "threads": threads}


def run(seconds: int = 900, **more) -> dict:
    """A soak in which nothing happened; ``more`` gives a sample's differences at a moment."""
    samples = []
    for at in range(0, seconds, EVERY):
        seen = {"at": float(at), "processes": 4, "calm": at % CALM == 0}
        seen |= {name: part(30.0) for name in ("control", "supervisor", "collector", "router")}
        seen |= {"files in home": 500, "files in run": 20, "files in tmp": 1}
        samples.append(seen | more.get("seen", lambda _: {})(at))
    spans = [
        {"at": BEGAN + at, "requests": 250, "p50_ms": 2.0, "p99_ms": 9.0, "worst_ms": 20.0,
         "client_lag_ms": 1.0, "failures": []}
        for at in range(0, seconds, EVERY)
    ]  # fmt: skip
    found = {"minutes": seconds / 60, "seed": 1, "cut": False, "began": BEGAN, "spans": spans}
    found["judged"] = [300.0, float(seconds)]
    return found | {"samples": samples, "acts": [], "faults": [], "left": []}


def missed(found: dict) -> list[str]:
    return [figure.what for figure in judge(found, 3.0).figures if figure.holds is False]


def test_a_calm_run_holds():
    assert missed(run()) == []


def test_a_failed_request_is_told_unless_a_fault_was_declared():
    found = run()
    found["spans"][3]["failures"] = [(BEGAN + 16.0, "GET: 503")]
    assert missed(found) == ["requests failed outside declared faults"]

    found["faults"] = [BEGAN + 14.0]
    assert missed(found) == []
    assert undeclared(found, 1.0) == [(BEGAN + 16.0, "GET: 503")]


def test_a_run_in_which_nobody_asked_does_not_hold():
    assert missed(run() | {"spans": []}) == ["requests failed outside declared faults"]


@pytest.mark.parametrize(
    ("leak", "what"),
    [
        (lambda at: {"control": part(30.0 + at / 60)}, "control: growth in memory, MB"),
        (lambda at: {"router": part(30.0, fds=20 + at // 60)}, "router: growth in descriptors"),
        (lambda at: {"router": part(30.0, threads=3 + at // 60)}, "router: growth in threads"),
        (lambda at: {"files in home": 500 + at}, "growth in files of its home"),
        (lambda at: {"files in run": 20 + at // 10}, "growth in files of its run"),
    ],
)  # fmt: skip
def test_a_leak_is_seen(leak, what):
    assert missed(run(seen=leak)) == [what]


def test_what_grows_before_five_minutes_only_is_none():
    warm = run(seen=lambda at: {"control": part(30.0 + min(at, 300) / 10)})

    assert missed(warm) == []


def test_what_a_change_holds_while_it_is_under_way_is_no_growth():
    busy = run(seen=lambda at: {"collector": part(30.0, fds=60 if at % CALM else 40)})

    assert missed(busy) == []


def test_a_part_that_is_away_for_a_moment_does_not_count():
    away = run(seen=lambda at: {"control": part(0.0, 0, 0)} if at == 10 * CALM else {})

    assert missed(away) == []


def test_a_short_run_says_that_it_cannot_tell():
    figures = {figure.what: figure for figure in judge(run(320), 3.0).figures}

    assert figures["control: growth in memory, MB"].holds is None
    assert figures["control: growth in memory, MB"].bar == "too short to tell"


def test_what_is_left_and_what_failed_do_not_hold():
    found = run() | {"left": ["python"], "acts": [{"at": 1, "act": "deploy", "wrong": "exit 1"}]}

    assert missed(found) == ["acts that failed", "processes left at the end"]


def test_page_and_curves_are_written(tmp_path):
    found = run()
    page = write(tmp_path, found, judge(found, 3.0))

    assert "| requests failed outside declared faults | 0 | 0 | holds |" in page.read_text()
    assert all((tmp_path / "curves" / curve.file).stat().st_size > 1000 for curve in curves(found))


def test_the_page_tells_how_busy_the_machine_was(tmp_path):
    found = run(seen=lambda at: {"load": 30.0 if at == 100 else 2.0})
    page = write(tmp_path, found, judge(found, 3.0)).read_text()

    assert "; load average 2, at most 30." in page
