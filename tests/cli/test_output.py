import pytest

from twelve.cli.output import GREEN, Painted, ago, coloured, table


class Terminal:
    def isatty(self):
        return True


def test_columns_are_as_wide_as_their_widest_cell_and_nothing_is_cut(capsys):
    table(("NAME", "N"), [("a" * 30, 1), ("b", 22)])

    assert capsys.readouterr().out.splitlines() == [
        "NAME" + " " * 28 + "N",
        "a" * 30 + "  1",
        "b" + " " * 31 + "22",
    ]


def test_an_empty_cell_is_a_dash_so_that_columns_can_be_counted(capsys):
    table(("A", "B", "C"), [(None, "", 0)])

    assert capsys.readouterr().out.splitlines()[1] == "-  -  0"


def test_a_cell_stays_on_its_line(capsys):
    table(("A",), [("one\ntwo",)])

    assert capsys.readouterr().out == "A\none two\n"


def test_no_line_ends_with_blanks(capsys):
    table(("A", "LONG HEAD"), [("x", "y")])

    assert all(line == line.rstrip() for line in capsys.readouterr().out.splitlines())


def test_a_table_in_a_pipe_has_no_colour(capsys):
    table(("A",), [(Painted("up", GREEN),)])

    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize(("variables", "wanted"), [
    ({}, True),
    ({"NO_COLOR": "1"}, False),
    ({"NO_COLOR": ""}, True),
    ({"TERM": "dumb"}, False),
])  # fmt: skip
def test_colour_is_for_terminals_that_want_it(monkeypatch, variables, wanted):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert coloured(Terminal()) is wanted


@pytest.mark.parametrize(("seconds", "text"), [
    (0, "0s"), (59.9, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h"), (86399, "23h"),
    (86400, "1d"), (-5, "0s"),
])  # fmt: skip
def test_ages_are_told_in_their_largest_unit(seconds, text):
    assert ago(int(1e9 * 1_000_000), now=1_000_000 + seconds) == text


def test_what_never_was_has_no_age():
    assert ago(None) == "-"
    assert ago(0) == "-"
