"""What is said of a process that did not come up."""

import pytest

from twelve.engines.local.uplift import read_only


@pytest.mark.parametrize(
    "line",
    [
        "OSError: [Errno 30] Read-only file system: 'logs'",
        "Error: EROFS: read-only file system, mkdir '/x/uploads'",
        "django.db.utils.OperationalError: attempt to write a readonly database",
        "sqlite3.OperationalError: unable to open database file",
    ],
)
def test_who_writes_among_the_code_is_told_where_to_write(line: str) -> None:
    assert "$TMPDIR" in read_only(["Traceback", line])


def test_who_fails_otherwise_is_not() -> None:
    assert read_only(["ImportError: no module named x"]) == ""
