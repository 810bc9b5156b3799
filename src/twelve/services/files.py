"""Folders and files that only their owner may read, and passwords to put there."""

import os
import secrets

from twelve.services.contract import Account


def new_password() -> str:
    """A password of 160 random bits whose characters need no encoding in a URL or a shell."""
    return secrets.token_hex(20)


def is_folder(path: str) -> bool:
    """Whether there is a folder; quick enough for a coroutine."""
    return os.path.isdir(path)


def make_folder(path: str, mode: int, account: Account | None = None) -> None:
    """A folder with exactly this mode, and of this account if one is given."""
    os.makedirs(path, mode=0o711, exist_ok=True)
    give(path, account or Account())
    os.chmod(path, mode)


def give(path: str, account: Account) -> None:
    """Make the account the owner, when it is another user's."""
    if account.uid is not None:
        os.chown(path, account.uid, -1 if account.gid is None else account.gid)


def write_file(path: str, text: str, mode: int) -> None:
    """Write a file whole or not at all; it has its mode before its content."""
    temporary = f"{path}.new"
    # What a death left here may have another mode.
    if os.path.lexists(temporary):
        os.unlink(temporary)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, mode)
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    os.replace(temporary, path)
    sync_folder(os.path.dirname(path))


def read_file(path: str) -> str:
    """The text of a file; empty when there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def sync_folder(path: str) -> None:
    """Have the names in a folder on disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
