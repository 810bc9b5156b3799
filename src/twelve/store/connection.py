"""The store's one connection: opened, migrated, written to in transactions."""

import contextlib
import hashlib
import os
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from twelve.errors import Conflict, Full, Invalid, Missing
from twelve.store.vault import Vault

# Before 3.51.3 a reset of the write-ahead log could corrupt the file (SQLite release notes).
SAFE_SQLITE = (3, 51, 3)
SEALED = "this home's"
Row = Mapping[str, Any]


class Store(NamedTuple):
    """An open store: SQL goes through it, secrets through its vault."""

    db: apsw.Connection
    vault: Vault

    def all(self, sql: str, *values: Any) -> list[Row]:
        """Every row of a query, each a mapping by column."""
        return list(self.db.execute(sql, values))

    def one(self, sql: str, *values: Any) -> Row | None:
        """The first row of a query, or nothing."""
        rows = self.all(sql, *values)
        return rows[0] if rows else None

    def do(self, sql: str, *values: Any) -> int:
        """Run one writing statement; the number of rows it changed."""
        with told_when_full():
            self.db.execute(sql, values)
        return self.db.changes()

    def insert(self, table: str, row: Mapping[str, Any]) -> int:
        """Add a row; its row id."""
        names = ", ".join(row)
        marks = ", ".join("?" * len(row))
        with told_when_full():
            self.db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))
        return self.db.last_insert_rowid()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction, all of it or nothing; nested ones join the outer."""
        if self.db.in_transaction:
            yield
            return
        with told_when_full():
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.db.execute("COMMIT")
            except BaseException:
                # A commit that found no room may have left the transaction open.
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                raise


@contextlib.contextmanager
def told_when_full() -> Iterator[None]:
    """A disk without room is the user's to mend. Raises Full for it."""
    try:
        yield
    except apsw.FullError:
        raise Full(
            "the disk is full: this could not be written down",
            hint="make room: twelve doctor says what takes it; then try again",
        ) from None


def _as_mapping(cursor: apsw.Cursor, row: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.get_description(), row, strict=True)}


def open_store(path: Path, vault: Vault) -> Store:
    """Open the store, bring its schema up to date and check that it is sound to write to.

    Raises Missing when this SQLite is unsafe, Conflict when a newer Twelve has written the file,
    Invalid when it is damaged or the vault's key is not the one that it was made with.
    """
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < SAFE_SQLITE:
        raise Missing(
            f"SQLite {apsw.sqlite_lib_version()} may corrupt its log",
            hint="install apsw 3.51.3 or newer: pip install --upgrade apsw",
        )
    store = Store(_connect(path), vault)
    try:
        migrate(store, path)
        check_key(store, path)
    except BaseException:
        store.db.close()
        raise
    return store


def _connect(path: Path) -> apsw.Connection:
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    try:
        db = apsw.Connection(str(path))
        db.set_busy_timeout(5000)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            db.execute(f"PRAGMA {pragma}").fetchall()
    except (apsw.NotADBError, apsw.CorruptError):
        raise Invalid(
            f"{path}: this is no store that Twelve can read",
            hint="put a copy of it back: one from before the last upgrade stands beside it",
        ) from None
    db.row_trace = _as_mapping
    return db


def check_key(store: Store, path: Path) -> None:
    """Tell at once when the master key is not this home's. Raises Invalid."""
    row = store.one("SELECT sealed FROM seal")
    if row is None:
        store.insert("seal", {"id": 1, "sealed": store.vault.seal(SEALED, ("seal",))})
        return
    try:
        store.vault.open(row["sealed"], ("seal",))
    except Invalid:
        raise Invalid(
            f"{path}: the master key is not the one that this home was made with",
            hint="name the right one with TWELVE_MASTER_KEY_FILE, or put master.key back",
        ) from None


def migrations() -> list[tuple[int, str]]:
    """The numbered steps of the schema, in order."""
    folder = resources.files("twelve.store") / "migrations"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [(int(name[:4]), (folder / name).read_text()) for name in names]


def migrate(store: Store, path: Path) -> None:
    """Apply the steps that this file lacks, after a copy of it has been set aside."""
    steps = migrations()
    has = int(store.db.pragma("user_version"))
    if has > steps[-1][0]:
        raise Conflict(
            f"{path}: schema {has} is newer than this Twelve, which knows {steps[-1][0]}",
            hint="start the newer Twelve that wrote it, or restore the copy beside the file",
        )
    missing = [step for step in steps if step[0] > has]
    if has and missing:
        _set_aside(store, path.with_name(f"{path.name}.schema-{has}"))
    for number, sql in missing:
        with store.writing():
            store.db.execute(sql)
            store.db.execute(f"PRAGMA user_version={number}")


def _set_aside(store: Store, target: Path) -> None:
    temporary = target.with_name(f"{target.name}.new")
    temporary.unlink(missing_ok=True)
    os.close(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    copy = apsw.Connection(str(temporary))
    with copy.backup("main", store.db, "main") as backup:
        while not backup.done:
            backup.step(100)
    copy.close()
    temporary.rename(target)


def schema_digest() -> str:
    """A digest of the whole schema, for doctor."""
    return hashlib.sha256("".join(sql for _, sql in migrations()).encode()).hexdigest()[:12]
