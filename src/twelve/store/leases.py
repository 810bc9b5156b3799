"""What is lent out of a range: ports to processes, uids to deploys, builds and services."""

from collections.abc import Callable

from twelve.errors import Refused
from twelve.store.connection import Store


def lease_port(store: Store, process: str, ports: range, is_free: Callable[[int], bool]) -> int:
    """The port of a process, the same as long as it holds it. Raises Refused when none is free.

    Ports are taken in a circle, so that one just given back rests as long as it can.
    """
    if row := store.one("SELECT port FROM ports WHERE process = ?", process):
        return int(row["port"])
    taken = {row["port"] for row in store.all("SELECT port FROM ports")}
    last = store.one("SELECT value FROM turns WHERE name = 'port'")
    start = (last["value"] + 1 if last else ports.start) - ports.start
    for offset in range(len(ports)):
        port = ports[(start + offset) % len(ports)]
        if port not in taken and is_free(port):
            with store.writing():
                store.insert("ports", {"port": port, "process": process})
                store.do("INSERT OR REPLACE INTO turns (name, value) VALUES ('port', ?)", port)
            return port
    raise Refused(
        f"no port is free between {ports.start} and {ports.stop - 1}",
        hint="set TWELVE_PORTS to another range, or scale something down",
    )


def move_port(store: Store, process: str, ports: range, is_free: Callable[[int], bool]) -> int:
    """Another port for a process whose port turned out to be in use by a stranger."""
    row = store.one("SELECT port FROM ports WHERE process = ?", process)
    release_port(store, process)
    bad = row["port"] if row else None
    return lease_port(store, process, ports, lambda port: port != bad and is_free(port))


def release_port(store: Store, process: str) -> None:
    """Give a process's port back."""
    store.do("DELETE FROM ports WHERE process = ?", process)


def ports(store: Store) -> dict[str, int]:
    """Which process holds which port."""
    return {row["process"]: row["port"] for row in store.all("SELECT process, port FROM ports")}


def lease_uid(store: Store, purpose: str, uids: range) -> int:
    """The uid of a purpose (a deploy, a build, a service): the same one for ever.

    Raises Refused when the range is used up.
    """
    if row := store.one("SELECT uid FROM uids WHERE purpose = ?", purpose):
        return int(row["uid"])
    taken = {row["uid"] for row in store.all("SELECT uid FROM uids")}
    uid = next((uid for uid in uids if uid not in taken), None)
    if uid is None:
        raise Refused(
            "every uid of TWELVE_UIDS is lent", hint="widen the range, or destroy a deploy"
        )
    store.insert("uids", {"uid": uid, "purpose": purpose})
    return uid


def release_uid(store: Store, purpose: str) -> None:
    """Give a uid back; only when no file of it is left."""
    store.do("DELETE FROM uids WHERE purpose = ?", purpose)
