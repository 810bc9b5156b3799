import os
import subprocess
import sys

import pytest

from twelve.factors.config.names import (
    LONGEST_VARIABLE,
    check_pairs,
    name_problem,
    reserved_problem,
    total_problem,
    value_problem,
)


@pytest.mark.parametrize("name", ["A", "_", "a1", "SECRET_KEY", "x" * 200])
def test_posix_names_are_taken(name):
    assert name_problem(name) == ""


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "A=B", "Ä", "A\n", "A.B", "A\0"])
def test_other_names_are_refused_with_a_reason(name):
    assert name_problem(name)


@pytest.mark.parametrize("name", ["PORT", "HOST", "HOME", "TMPDIR", "PATH", "LANG", "TWELVE_X"])
def test_names_that_twelve_sets_are_its_own(name):
    assert "set by Twelve" in reserved_problem(name)


@pytest.mark.parametrize("name", ["PORTAL", "MY_HOST", "LC_ALL", "TWELVE", "PYTHONPATH"])
def test_names_that_only_look_alike_are_free(name):
    assert reserved_problem(name) == ""


def test_newlines_are_no_problem_but_nul_and_lone_surrogates_are():
    assert value_problem("A", "one\ntwo\r\n") == ""
    assert "NUL" in value_problem("A", "a\0b")
    assert "UTF-8" in value_problem("A", "\udcff")


def test_the_limit_is_that_of_the_kernel_to_the_byte():
    name, fits = "A", "x" * (LONGEST_VARIABLE - 2)
    child = [sys.executable, "-S", "-c", "import os; print(len(os.environ['A']))"]

    assert value_problem(name, fits) == ""
    done = subprocess.run(child, env={name: fits}, capture_output=True, check=True)
    assert int(done.stdout) == len(fits)
    assert "at most" in value_problem(name, fits + "x")
    with pytest.raises(OSError, match="too long"):
        subprocess.run(child, env={name: fits + "x"}, check=False)


def test_all_variables_of_the_largest_config_reach_a_process():
    pairs = {f"N{i}": "x" * 100_000 for i in range(10)}
    child = [sys.executable, "-S", "-c", "import os; print(len(os.environ) > 9)"]

    assert total_problem(pairs.items()) == ""
    done = subprocess.run(child, env=pairs, capture_output=True, check=True, cwd=os.sep)
    assert done.stdout == b"True\n"
    assert "together" in total_problem([*pairs.items(), ("N", "x" * 100_000)])


def test_all_faults_of_a_set_of_variables_are_named_without_their_values():
    pairs = {"A": "1", "B-C": "canary", "": "canary", "PORT": "canary", "D": "canary\0"}
    problems = check_pairs(pairs)

    assert [problem.split(" ")[0] for problem in problems] == ["B-C", "''", "PORT", "D"]
    assert "canary" not in "".join(problems)
    assert "together" in check_pairs({f"N{i}": "x" * 100_000 for i in range(11)})[0]
