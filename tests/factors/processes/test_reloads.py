import pytest

from twelve.factors.processes.types import ProcessType, reloads


@pytest.mark.parametrize(
    ("rule", "name", "anew"),
    [
        (True, "x", True),
        (False, "x.py", False),
        (("mail/",), "mail/a/b.txt", True),
        (("mail/",), "mailer/a.txt", False),
        (("mail/",), "mail", False),
        (("*.py",), "a/b.py", True),
        (("a/*.py",), "b/a/b.py", False),
        (("*.PY",), "a.py", False),
        (("x?.py",), "x1.py", True),
        ((), "x", False),
    ],
)
def test_a_type_starts_anew_for_the_files_of_its_rule(rule, name, anew):
    assert reloads(ProcessType("web", "x", reload=rule), [name]) is anew


def test_one_of_several_files_is_enough():
    assert reloads(ProcessType("web", "x", reload=("*.py",)), ["a.txt", "b.py"])
