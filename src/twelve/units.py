"""Durations, sizes and ranges as people write them: ``30s``, ``512M``, ``20000-29999``."""

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
BYTES = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}


def duration(value: object) -> float:
    """Seconds from a number (``30``, ``0.5``) or a text (``"30s"``, ``"5m"``, ``"14d"``).

    Raises ValueError with the end of a sentence: ``is not a duration: …``.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    else:
        seconds = _measure(value, SECONDS, "s")
    # A comparison with nan is false, so this one refuses it too.
    if not 0 <= seconds < 1e9:
        raise ValueError("is not a duration: write seconds, or a number with ms, s, m, h or d")
    return seconds


def size(value: object) -> int:
    """Bytes from a number or a text with a binary unit (``"512M"``, ``"1.5G"``, ``"64KiB"``).

    Raises ValueError with the end of a sentence: ``is not a size: …``.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        number = float(value)
    elif isinstance(value, str):
        unit = value.strip().upper().removesuffix("IB").removesuffix("B")
        number = _measure(unit, BYTES, "")
    else:
        number = -1.0
    if not 0 <= number < 2**63:
        raise ValueError("is not a size: write bytes, or a number with K, M, G or T")
    return int(number)


def span(value: str) -> tuple[int, int]:
    """Both ends of ``LOW-HIGH``, inclusive. Raises ValueError with the end of a sentence."""
    low, dash, high = value.replace(" ", "").partition("-")
    if not (dash and _digits(low) and _digits(high)):
        raise ValueError("is not a range: write LOW-HIGH, e.g. 20000-29999")
    if int(low) > int(high):
        raise ValueError("is not a range: its end lies before its start")
    return int(low), int(high)


def text_of_duration(seconds: float) -> str:
    """The shortest spelling that ``duration`` reads back: ``14d``, ``90s``, ``1.5s``."""
    for unit in ("d", "h", "m"):
        if seconds and seconds % SECONDS[unit] == 0:
            return f"{int(seconds / SECONDS[unit])}{unit}"
    return f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"


def text_of_size(number: int) -> str:
    """The shortest spelling that ``size`` reads back: ``256M``, ``1000``."""
    for unit in ("T", "G", "M", "K"):
        if number and number % BYTES[unit] == 0:
            return f"{number // BYTES[unit]}{unit}"
    return str(number)


def _measure(value: object, units: dict[str, float] | dict[str, int], default: str) -> float:
    if not isinstance(value, str):
        return -1.0
    text = value.strip()
    number = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
    unit = text[len(number) :].strip() or default
    # float() alone would also take "1_000", "1e3" and digits of other scripts.
    if unit not in units or not _digits(number.replace(".", "", 1)):
        return -1.0
    return float(number) * units[unit]


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
