"""Whose line it is: the key that the router puts before each access line.

The collector imports this module, so it imports nothing.
"""

_ALLOWED = b"abcdefghijklmnopqrstuvwxyz0123456789-"
PLATFORM = ""
_KEY_MOST = 127


def owner_of(line: bytes) -> tuple[str, bytes]:
    """The deploy that an access line belongs to, and the line without its key.

    ``shop/production<TAB>rest`` belongs to ``shop/production``. ``-<TAB>rest`` and everything whose
    key is not made of two names belongs to the platform (an empty name): a client can write what it
    likes into a request, but never into another deploy's stream or out of the log folder.
    """
    key, tab, rest = line.partition(b"\t")
    if not tab:
        return PLATFORM, line
    if key == b"-":
        return PLATFORM, rest
    app, slash, deploy = key.partition(b"/")
    if not slash or len(key) > _KEY_MOST or not (_is_name(app) and _is_name(deploy)):
        return PLATFORM, line
    if app == b"twelve":
        # The reserved app's folder holds the platform's own streams.
        return PLATFORM, line
    return key.decode("ascii"), rest


def shared_out(data: bytes) -> dict[str, bytes]:
    """Whole lines, sorted by owner; the order within each owner is kept."""
    owned: dict[str, list[bytes]] = {}
    for line in data.split(b"\n")[:-1]:
        owner, rest = owner_of(line)
        owned.setdefault(owner, []).append(rest + b"\n")
    return {owner: b"".join(lines) for owner, lines in owned.items()}


def _is_name(word: bytes) -> bool:
    return bool(word) and len(word) <= 63 and not word.translate(None, _ALLOWED)
