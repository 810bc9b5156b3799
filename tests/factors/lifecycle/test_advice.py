"""What is said of a process that did not come up."""

import pytest

from twelve.factors.lifecycle.advice import advice


@pytest.mark.parametrize(
    "line",
    [
        "OSError: [Errno 30] Read-only file system: 'logs'",
        "PermissionError: [Errno 13] Permission denied: 'logs'",
        "Error: EROFS: read-only file system, mkdir '/x/uploads'",
        "django.db.utils.OperationalError: attempt to write a readonly database",
        "sqlite3.OperationalError: unable to open database file",
    ],
)
def test_who_writes_among_the_code_is_told_where_to_write(line: str) -> None:
    assert "$TMPDIR" in advice(["Traceback", line])


def test_who_misses_an_extension_is_told_whose_it_is() -> None:
    assert "no uuid-ossp:" in advice(['ERROR: extension "uuid-ossp" is not available'])


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("twelve: cannot run 'gunicorn': no such program on PATH", "that brings gunicorn"),
        ("ModuleNotFoundError: No module named 'flask.views'", "that holds flask declared"),
        ("OSError: libxml2.so.2: cannot open shared object file: No such", "libxml2.so.2 is a lib"),
    ],
)
def test_who_misses_something_is_told_where_it_comes_from(line: str, step: str) -> None:
    assert step in advice(["Traceback", line])


def test_who_fails_otherwise_is_told_nothing() -> None:
    assert advice(["ValueError: x"]) == ""
