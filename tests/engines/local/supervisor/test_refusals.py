"""What the supervisor refuses is the same fault on the other side of its socket."""

import errno

import pytest

from twelve.engines.local import supervisor_client
from twelve.engines.local.supervisor import server
from twelve.errors import Conflict, Full, Invalid, NotFound, TwelveError


def across(error: Exception) -> TwelveError:
    return supervisor_client._fault(server._refusal(error))


@pytest.mark.parametrize("kind", [NotFound, Conflict, Invalid, TwelveError])
def test_a_fault_keeps_its_kind_and_its_hint(kind: type[TwelveError]) -> None:
    told = across(kind("web.1 is away", hint="look again"))

    assert (type(told), told.message, told.hint) == (kind, "web.1 is away", "look again")


def test_a_full_disk_is_called_one(tmp_path) -> None:
    told = across(OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "state")))

    assert isinstance(told, Full)
    assert told.message == f"{tmp_path}/state: the disk is full"
    assert "twelve doctor" in told.hint


def test_any_other_error_of_the_system_is_told_as_it_is() -> None:
    assert across(OSError(errno.EMFILE, "Too many open files")).message.endswith("open files")
