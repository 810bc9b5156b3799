import re
from pathlib import Path

import click
import pytest

from twelve.cli.fault import shown_to_people
from twelve.errors import Cancelled, Invalid, Unreachable


def shown(error):
    with pytest.raises(SystemExit) as left, shown_to_people():
        raise error
    return left.value.code


def test_a_fault_is_a_line_then_every_further_problem_then_the_next_step(capsys):
    assert shown(Invalid("a: x is off", "mend it", problems=("b: y too", "c\nd"))) == 1

    assert capsys.readouterr().err == ("twelve: a: x is off\n  b: y too\n  c\n  d\n  → mend it\n")


@pytest.mark.parametrize(("error", "code"), [
    (Unreachable("x"), 69),
    (Cancelled("x"), 130),
    (KeyboardInterrupt(), 130),
    (click.Abort(), 130),
    (click.UsageError("No such option '--x'."), 2),
    (click.exceptions.Exit(3), 3),
])  # fmt: skip
def test_each_kind_of_end_has_its_exit_code(error, code):
    assert shown(error) == code


def test_a_fault_of_the_words_is_told_like_any_other(capsys):
    shown(click.UsageError("No such option '--x'."))

    assert capsys.readouterr().err == "twelve: no such option '--x'\n  → twelve --help\n"


def test_a_fault_of_ours_leaves_a_report_that_quotes_no_value(capsys):
    assert shown(RuntimeError("hunter2")) == 70

    err = capsys.readouterr().err
    report = Path(re.search(r"is in (\S+)", err)[1])
    try:
        text = report.read_text()
        assert report.stat().st_mode & 0o777 == 0o600
        assert "hunter2" not in text + err
        assert "RuntimeError" in text
        assert "test_fault.py" in text
    finally:
        report.unlink()
