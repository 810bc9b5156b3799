"""What every page shows."""

from shop.version import VERSION


def version(request):
    """The version, for the footer."""
    return {"version": VERSION}
