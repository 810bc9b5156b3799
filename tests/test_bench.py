"""The bench's own machinery: what it writes; that a part that fails is told and stops nobody."""

import importlib.util
import json
import subprocess
import time
from xml.etree import ElementTree as ET

import pytest
from bench import __main__ as bench
from bench import costs, programs
from bench.curves import draw, ticks
from bench.reading import Curve, Figure, Reading, Table, at_least, at_most, none_of, number
from bench.report import Outcome, write, written
from bench.runners.adapters import RUNNERS
from bench.runners.running import build, until

GOOD = "import json; print(json.dumps({'answer': 42}))"
BAD = "import sys; sys.exit('no such luck')"
CUT = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: (print('{"answer": 1}', flush=True), sys.exit(130)))
signal.pause()
"""
LEAVES = """
import os, subprocess, time
child = subprocess.Popen(["sleep", "60"])
open(os.environ["PID_FILE"], "w").write(str(child.pid))
time.sleep(60)
"""
TIDY = """
import os, time
try:
    time.sleep(60)
finally:
    open(os.environ["PID_FILE"], "w").write("tidied up")
"""
SLOW = "import time; print('begun', flush=True); time.sleep(60)"


def read_answer(found: dict) -> Reading:
    return Reading([Figure("answer", found["answer"])])


@pytest.fixture
def part(tmp_path, monkeypatch):
    """Runs a script as a part."""
    monkeypatch.setattr(programs, "CACHE", tmp_path)

    def run(script: str, within: float = 20.0, **more: float) -> Outcome:
        (tmp_path / "played.py").write_text(script)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        monkeypatch.setenv("PID_FILE", str(tmp_path / "pid"))
        made = bench.Part("A part", read_answer, within, module="played", rest="left" in more)
        return bench.run("played", made, quick=False, **more)

    return run


@pytest.mark.parametrize(("left", "told"), [(400.0, 340.0), (-50.0, 180.0), (9000.0, 440.0)])
def test_the_part_that_takes_the_rest_is_told_how_much(part, left, told):
    script = "import json, sys; print(json.dumps({'answer': sys.argv[-1]}))"
    outcome = part(script, 500.0, left=left)

    assert outcome.reading.figures[0].value == f"--seconds={told:g}"


def test_a_part_gives_what_it_printed(part):
    outcome = part(GOOD)

    assert (outcome.failed, outcome.found) == ("", {"answer": 42})
    assert outcome.reading.figures == [Figure("answer", 42)]


def test_a_part_that_fails_is_told_with_its_last_words(part):
    outcome = part(BAD)

    assert outcome.failed == "exit 1: no such luck"
    assert outcome.reading.figures == []


def test_a_part_that_does_not_end_is_ended(part):
    began = time.monotonic()
    outcome = part(SLOW, within=0.5)

    assert outcome.failed == "no end in 0.5 s"
    assert time.monotonic() - began < 20


def test_a_part_that_is_told_to_end_ends_what_it_began(part, tmp_path):
    assert part(TIDY, within=1.0).failed == "no end in 1 s"
    assert (tmp_path / "pid").read_text() == "tidied up"


def test_what_a_part_leaves_running_is_ended_with_it(part, tmp_path):
    outcome = part(LEAVES, within=1.0)
    pid = int((tmp_path / "pid").read_text())

    assert outcome.failed == "no end in 1 s"
    assert outcome.seconds < 20
    assert until(lambda: not costs.look(pid))


def test_a_part_that_is_cut_short_may_tell_what_it_found(part):
    outcome = part(CUT, within=1.0)

    assert outcome.failed == "no end in 1 s"
    assert outcome.reading.figures == [Figure("answer", 1)]


def test_of_a_part_that_tells_more_and_more_the_last_line_counts(part):
    assert part('print(\'{"answer": 1}\\n{"answer": 2}\')').found == {"answer": 2}


def test_a_part_that_lacks_a_figure_has_failed(part):
    assert "answer" in part("print('{}')").failed


def test_a_bar_is_held_against_its_figure():
    assert at_most("x", 3, "ms", 3).holds
    assert not at_most("x", 3.1, "ms", 3).holds
    assert at_least("x", 3, "ms", 3).holds
    assert not at_least("x", 2.9, "ms", 3).holds
    assert not none_of("x", 1).holds
    # What was not measured does not hold.
    assert not any(
        f.holds for f in (at_most("x", None, "", 1), at_least("x", None, "", 1), none_of("x", None))
    )


def test_numbers_are_written_as_people_read_them():
    assert [number(each) for each in (4_200_000, 52_345, 1234, 3, 0.123456, True, "s", None)] == [
        *("4.20 M", "52 k", "1234", "3", "0.123", "yes", "s", "\N{EN DASH}"),
    ]


@pytest.mark.parametrize(
    "curve",
    [
        Curve(
            "a.svg", "Lines & <more>", "x", "y", {"one": [(1, 2.0), (100, 40.0)], "two": [(1, 3.0)]}
        ),
        Curve("b.svg", "Log", "x", "y", {"one": [(0, 0.0), (10, 1000.0)]}, log=True),
        Curve("c.svg", "Bars", "ms", "", bars={"twelve up": 3.0, "other": 20_000.0}, log=True),
        Curve("d.svg", "Same", "ms", "", bars={"one": 5.0, "two": 5.0}),
        Curve("e.svg", "Nothing", "x", "y"),
    ],
    ids=lambda curve: curve.title,
)
def test_a_drawing_is_whole_and_inside_its_frame(curve):
    tree = ET.fromstring(draw(curve))
    _, _, width, height = map(float, tree.attrib["viewBox"].split())

    assert curve.title in {text.text for text in tree.iter() if text.text}
    assert "prefers-color-scheme: dark" in draw(curve)
    assert "<script" not in draw(curve)
    for line in tree.iter("{http://www.w3.org/2000/svg}polyline"):
        for x, y in (map(float, point.split(",")) for point in line.attrib["points"].split()):
            assert 0 <= x <= width
            assert 0 <= y <= height
    for bar in tree.iter("{http://www.w3.org/2000/svg}rect"):
        assert float(bar.attrib.get("x", 0)) + float(bar.attrib["width"]) <= width


def test_ticks_hold_the_whole_span():
    for least, most, log in ((0, 7, False), (0, 0.03, False), (3, 20_000, True), (5, 5, False)):
        marks = ticks(least, most, log=log)
        assert marks[0] <= least
        assert marks[-1] >= most
        assert len(marks) < 12


def test_everything_is_written_by_one_writer(tmp_path):
    reading = Reading(
        [at_most("a time", 5.0, "ms", 3.0), Figure("a fact", 2)],
        [Table("Beside", ("who", "what"), [("we", 1.5)])],
        [Curve("a.svg", "A curve", "x", "y", {"one": [(1, 2.0)]})],
    )
    outcomes = [
        Outcome("one", "The first", reading, {"raw": 1}, 2.0, 0.5),
        Outcome("two", "The second", Reading([]), None, 1.0, 0.5, "no end in 9 s"),
    ]
    about = dict.fromkeys(
        (
            "processors",
            "model",
            "memory_gb",
            "kernel",
            "python",
            "user",
            "commit",
            "day",
            "load_before",
        ),
        "x",
    )
    page = write(tmp_path, about, {"honcho": "2"}, outcomes).read_text()

    assert "0 of 1 bars hold." in page
    assert "Missed: a time, 5 ms (bar ≤ 3 ms)." in page
    assert "**Failed:** no end in 9 s" in page
    assert "| we | 1.5 |" in page
    assert "![A curve](curves/a.svg)" in page
    assert (tmp_path / "curves/a.svg").exists()
    plain = json.loads((tmp_path / "results.json").read_text())
    assert plain["parts"]["one"]["found"] == {"raw": 1}
    assert plain["parts"]["two"]["failed"] == "no end in 9 s"


@pytest.mark.parametrize("name", RUNNERS)
def test_each_runner_is_told_every_process(tmp_path, name):
    commands = [("a", "/x/work stamp 0 1 m"), ("b", "/x/work stamp 1 1 m")]
    argv = RUNNERS[name].prepare(tmp_path, commands)
    told = "\n".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())

    assert all(command in told for _, command in commands)
    assert all(isinstance(word, str) for word in argv)


@pytest.fixture(scope="module")
def sink(tmp_path_factory):
    """Judges lines of `work`."""
    folder = tmp_path_factory.mktemp("sink")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(programs, "CACHE", folder)
        build()

    def judge(writers: int, lines: int, data: bytes) -> dict:
        done = subprocess.run(
            [folder / "sink", str(writers), str(lines)],
            input=data,
            capture_output=True,
            check=True,
            timeout=20,
        )
        return json.loads(done.stdout)

    return judge


def line(writer: int, number: int) -> bytes:
    head = f"@@{writer:03d} {number:010d} ".encode()
    return head + b"x" * (97 - len(head)) + b"##\n"


def test_the_sink_sees_what_is_whole_lost_torn_and_twice(sink):
    whole = sink(2, 2, b"".join(b"12:00 p.1 | " + line(w, n) for n in (0, 1) for w in (0, 1)))
    torn = line(0, 0)[:50] + line(0, 1) + line(0, 2) + line(0, 2) + b"hello\n"
    hurt = sink(1, 4, torn)

    keys = ("why", "seen", "torn", "lost", "twice")
    assert [whole[key] for key in keys] == ["all", 4, 0, 0, 0]
    assert [hurt[key] for key in keys] == ["end of input", 1, 1, 3, 1]
    assert hurt["other"] == 1


@pytest.mark.parametrize("name", bench.PARTS)
def test_each_part_is_a_program_that_is_there(name):
    module = bench.PARTS[name].module or f"bench.{name}"
    assert importlib.util.find_spec(module), module


def test_an_unknown_part_is_refused_with_the_known_ones(capsys):
    assert bench.main(["nonsense"]) == 2
    assert "no part 'nonsense': cli_start, collector" in capsys.readouterr().err


def test_a_part_that_is_renewed_says_so_and_the_others_stay(tmp_path):
    about = {
        "processors": 2, "model": "M", "memory_gb": 4, "kernel": "6", "python": "3.11",
        "user": "root", "commit": "abc", "day": "2026-11-27", "load_before": 1,
    }  # fmt: skip
    outcomes = [
        Outcome(name, name.title(), read_answer({"answer": n}), {"answer": n}, 1.0, 0.5)
        for n, name in enumerate(("one", "two", "old"))
    ]
    write(tmp_path, about, {"honcho": "2"}, outcomes)

    def changed(found: dict) -> Reading:
        raise KeyError(found["answer"])

    reads = {"one": read_answer, "two": read_answer, "old": changed}
    machine, versions, former = written(tmp_path, reads)
    new = former["two"]._replace(reading=read_answer({"answer": 9}), renewed="today, commit def")
    page = write(tmp_path, machine, versions, [former["one"], new, former["old"]]).read_text()

    assert (machine, versions) == (about, {"honcho": "2"})
    assert [former[name].reading.figures for name in ("one", "old")] == [
        outcome.reading.figures for outcome in (outcomes[0], outcomes[2])
    ]
    assert page.count("Measured later than the others, today, commit def.") == 1
    assert "| answer | 9 |" in page.partition("## Two")[2]
    assert written(tmp_path, reads)[2]["two"].renewed == "today, commit def"
