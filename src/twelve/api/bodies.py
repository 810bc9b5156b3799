"""The bodies that calls carry."""

from typing import Annotated

import msgspec


class NewApp(msgspec.Struct, forbid_unknown_fields=True):
    """An app to make before its first deploy."""

    name: str
    deploy: str = "production"


class ConfigChange(msgspec.Struct, forbid_unknown_fields=True):
    """Variables to set and to unset, all of them or none."""

    put: dict[str, str] = {}
    drop: list[str] = []
    wait: bool = True


class Rollback(msgspec.Struct, forbid_unknown_fields=True):
    """The release to go back to; without one, the newest before that ran something else."""

    to: int | None = None
    formation: bool = False
    wait: bool = True


class Promotion(msgspec.Struct, forbid_unknown_fields=True):
    """The deploy of the same app whose build is to run here, too."""

    source: str = msgspec.field(name="from")
    provision: bool = False
    wait: bool = True
    gate: bool = True
    stay: bool = False


class NewDeploy(msgspec.Struct, forbid_unknown_fields=True):
    """A deploy to make from another of the app, with the values that it is to have of its own."""

    name: str
    source: str = msgspec.field(name="from")
    put: dict[str, str] = {}
    generate: bool = False


class EachRun(msgspec.Struct, forbid_unknown_fields=True):
    """A command to run in every deploy whose name matches, ``at_once`` at a time.

    What takes longer than ``timeout`` seconds is stopped; with 0 nothing is.
    """

    deploys: str
    command: list[str]
    at_once: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4
    timeout: Annotated[float, msgspec.Meta(ge=0, le=1_000_000)] = 0.0


class Formation(msgspec.Struct, forbid_unknown_fields=True):
    """Quantities, written ``web=2``."""

    formation: list[str]
    wait: bool = True


class Which(msgspec.Struct, forbid_unknown_fields=True):
    """A process type, a process, or all of them."""

    what: str = ""
    wait: bool = True


class NewRun(msgspec.Struct, forbid_unknown_fields=True):
    """A command to run detached in the current release."""

    command: list[str]


class NewResource(msgspec.Struct, forbid_unknown_fields=True):
    """A resource to make and attach."""

    kind: str
    variable: str = ""
    name: str = ""


class NewAttachment(msgspec.Struct, forbid_unknown_fields=True):
    """A URL, a resource's name, or app:billing/production, to hold under a variable."""

    variable: str
    url: str = ""
    resource: str = ""


class NewDomain(msgspec.Struct, forbid_unknown_fields=True):
    """A host that the deploy shall answer to."""

    host: str


class NewDrain(msgspec.Struct, forbid_unknown_fields=True):
    """A receiver that the log stream shall go on to."""

    url: str
    name: str = ""
