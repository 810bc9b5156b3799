"""The environment of a process: all of it, made from nothing; none of Twelve's own leaks in."""

from collections.abc import Mapping
from typing import NamedTuple

from twelve.factors.processes.instance import Instance

DEFAULTS = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
"""Lines are seen when written, nothing is written beside the code; config may differ."""


class Place(NamedTuple):
    """Where a process lives. ``variables`` are those of its layers, e.g. VIRTUAL_ENV."""

    home: str
    tmp: str
    path: str
    variables: Mapping[str, str] = {}
    host: str = "127.0.0.1"


def app_environment(
    instance: Instance,
    place: Place,
    *,
    config: Mapping[str, str],
    attachments: Mapping[str, str],
    port: int | None = None,
) -> dict[str, str]:
    """Every variable of one process.

    What Twelve sets goes before attachments, those before config, and that before the layers'.
    """
    return {
        **DEFAULTS,
        **place.variables,
        **config,
        **attachments,
        **own_variables(instance, place, port),
    }


def own_variables(instance: Instance, place: Place, port: int | None) -> dict[str, str]:
    """What Twelve sets itself, whatever config says."""
    own = {
        "HOME": place.home,
        "HOST": place.host,
        "LANG": "C.UTF-8",
        "PATH": place.path,
        "TMPDIR": place.tmp,
        "TWELVE_APP": instance.app,
        "TWELVE_DEPLOY": instance.deploy,
        "TWELVE_PROCESS": instance.process,
        "TWELVE_RELEASE": instance.tag,
    }
    return own if port is None else {**own, "PORT": str(port)}
