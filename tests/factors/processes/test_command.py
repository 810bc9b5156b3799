import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelve.errors import Invalid
from twelve.factors.processes.command import argv_for, command_problem

SHOW = """\
#!/bin/sh
echo "pid=$$" >> pids
for word; do echo "[$word]"; done
echo "A=$A PWD=${PWD##*/}"
exit ${CODE:-0}
"""

DIRECT = [
    "show",
    "show one two",
    "show 'one two' \"three\"",
    "show one\\ two 'it'\\''s'",
    'show "a\\"b" "c\\\\d" "e\\f" "g\\$h"',
    "show '$HOME' '*' '# no note'",
    "show a#b # a note; with | signs",
    "show --opt=x,y a=b %s @ ^ + , : !",
    "show {} a{}b",
    "show ''",
    "A=1 show x",
    "A='one two' CODE=3 show",
    "exec show x",
    "env A=1 show",
    "  show \t x  ",
    "show é 日本",
]

REPLACED = [
    "show $WHO",
    'show "$WHO" -b 0.0.0.0:$WHO',
    "show ${WHO:-nobody} ${WHO#a} $((1 + 2)) `echo hi` $(echo 'a ) b')",
    "show ~/x",
    "show *.none",
    "show [ab]x?",
    "cd sub && show x",
    "cd sub && exec show x",
    "cd sub; show x",
    "false || show x",
    "true && A=$WHO show x",
    "A=$WHO show x",
    "A=1; export A; show x",
    "A=1\nshow $A\n",
    "# first a note\nshow $WHO",
    "cd sub &&\n  show x",
    "set -e; show $WHO",
    "show x > out; cat out && show y",
    "show x 2>&1",
    "show x >> out 2> err < /dev/null",
    "ulimit -n 64 && show x",
    '"show" $WHO',
    "./sub/../show $WHO",
    "$BIN/show x",
    '"$BIN"/show x',
    '"${BIN}/show" x',
    "show $WHO # note",
    "CODE=4 && export CODE && show",
    "show \\\n  x",
    "umask 077; show ${WHO}",
]

KEPT = [
    "show x | cat",
    "cat /dev/null | show x",
    "show $WHO;",
    "(cd sub; show x)",
    "{ show x; }",
    "if true; then show x; fi",
    "for i in 1 2; do show $i; done",
    "while false; do :; done; show x",
    "case x in x) show x;; esac",
    "f() { show $1; }; f 1",
    "trap 'echo trapped' EXIT; show x",
    "! show x",
    "$COMMAND x",
    "show x & wait",
    "> out show x; cat out",
    "cat <<END\nshow $WHO\nEND",
    "echo a  b",
    "exit 5",
    "cd sub && pwd > /dev/null && echo $WHO",
    "true",
    "test -d sub",
    "[ -d none ]",
    ": nothing",
    "show x && exit 6",
    "exec cd",
    "A=1 -x",
    "eval 'show x; show y'",
]


@pytest.fixture
def place(tmp_path):
    (tmp_path / "show").write_text(SHOW)
    (tmp_path / "show").chmod(0o755)
    (tmp_path / "sub").mkdir()
    (tmp_path / "ax1").touch()
    return tmp_path


def run(argv: list[str], place: Path) -> tuple[int, bytes, bool]:
    """Exit code, output, and whether the last program was the very process that was started."""
    pids = [place / "pids", place / "sub" / "pids"]
    for file in pids:
        file.write_text("")
    environ = {
        "PATH": f"{place}:/usr/bin:/bin",
        "HOME": "/home/nobody",
        "WHO": "ada  b",
        "BIN": str(place),
        "COMMAND": "show",
        "LANG": "C.UTF-8",
    }
    process = subprocess.Popen(
        argv, cwd=place, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    output, _ = process.communicate(timeout=20)
    shown = "".join(file.read_text() for file in pids).split()
    return process.returncode, output, bool(shown) and shown[-1] == f"pid={process.pid}"


@pytest.mark.parametrize("command", DIRECT)
def test_without_shell_syntax_there_is_no_shell_and_no_difference(command, place):
    argv = argv_for(command)

    assert argv[0] != "/bin/sh"
    assert run(argv, place)[:2] == run(["/bin/sh", "-c", command], place)[:2]
    assert run(argv, place)[2]


@pytest.mark.parametrize("command", REPLACED)
def test_a_shell_is_replaced_by_the_last_program_and_nothing_else_changes(command, place):
    argv = argv_for(command)

    assert argv[:2] == ["/bin/sh", "-c"]
    assert argv[2].count("exec ") == 1
    assert run(argv, place) == (*run(["/bin/sh", "-c", command], place)[:2], True)


@pytest.mark.parametrize("command", KEPT)
def test_a_shell_that_has_more_to_do_keeps_the_command_as_it_is(command, place):
    assert argv_for(command) == ["/bin/sh", "-c", command]


@pytest.mark.parametrize("command", REPLACED)
def test_other_shells_agree_on_what_is_replaced(command, place):
    if not os.access("/bin/bash", os.X_OK):
        pytest.skip("there is no bash here")
    argv = argv_for(command)

    assert run(["/bin/bash", *argv[1:]], place) == run(argv, place)


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("", "is empty"),
        (" \t\n", "is empty"),
        ("# only a note", "is empty"),
        ("A=1", "sets variables but runs nothing"),
        ("A=1 B=2", "sets variables but runs nothing"),
        ("show 'x", "never closed"),
        ('show "x', "never closed"),
        ("show `x", "never closed"),
        ("show $(x", "never closed"),
        ("show ${x", "never closed"),
        ("show &&", "ends with &&"),
        ("show |", "ends with |"),
        ("show >", "ends with >"),
        ("| show", "begins with |"),
        ("; show", "begins with ;"),
        ("show \0", "NUL"),
    ],
)
def test_what_no_shell_would_take_is_refused(command, problem):
    with pytest.raises(Invalid, match=None) as caught:
        argv_for(command)

    assert problem in caught.value.message
    assert problem in command_problem(command)
    assert caught.value.hint


def test_a_quoted_name_is_no_assignment(place):
    assert argv_for("'A=1' x") == ["A=1", "x"]
    assert argv_for("A'='1 x") == ["A=1", "x"]
    # env would take it for another assignment.
    assert argv_for("A=1 'B=2'")[0] == "/bin/sh"


@given(st.text(st.sampled_from("ab =&|;()<>'\"\\$`*{}#~\n!"), max_size=25))
def test_any_text_is_taken_or_refused_in_words(command):
    if command_problem(command):
        with pytest.raises(Invalid):
            argv_for(command)
    else:
        assert argv_for(command)


@given(st.lists(st.text(st.characters(blacklist_characters="\0"), max_size=8), max_size=4))
def test_quoted_words_reach_the_program_as_they_are(words):
    quoted = ["'" + word.replace("'", "'\\''") + "'" for word in words]

    assert argv_for(" ".join(["show", *quoted])) == ["show", *words]
