"""What makes two findings the same one, in two runs."""

from twelve.finding import Finding


def fingerprint(one: Finding) -> str:
    """The same finding after lines have moved: requirement, sentence and file, not the line."""
    import hashlib

    path = one.places[0].path if one.places else "."
    return hashlib.sha256(
        f"{one.requirement}\0{one.message}\0{path}".encode("utf-8", "surrogateescape")
    ).hexdigest()[:16]
