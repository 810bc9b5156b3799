"""III-2: no credential in what compose files and Kubernetes manifests give to the app."""

import base64
from collections.abc import Iterator

from twelve.finding import Finding, Place
from twelve.picture.rule import Picture, find
from twelve.picture.secrets import is_secret_name, masked, plausible, says_otherwise


def declared(picture: Picture) -> Iterator[Finding]:
    """Values in compose files and Kubernetes manifests that go to the app."""
    for service in picture.services:
        for name, value, line in service.environment:
            if (
                service.build
                and not service.development
                and is_secret_name(name)
                and plausible(name, value)
            ):
                yield find(
                    "III-2",
                    "medium",
                    f"{name} of service {service.name} is a literal, {masked(value)}",
                    Place(service.path, line),
                    fix=f"${{{name}:?}}",
                )
    yield from _kept_secrets(picture)
    for one in picture.workloads:
        for name, value, line in one.env if one.kind != "ConfigMap" else one.data:
            if is_secret_name(name) and plausible(name, value):
                yield find(
                    "III-2",
                    "medium" if says_otherwise(value) else "high",
                    f"{name} of {one.kind} {one.name} is a literal, {masked(value)}",
                    Place(one.path, line),
                    fix="valueFrom.secretKeyRef",
                )


def _kept_secrets(picture: Picture) -> Iterator[Finding]:
    """The values of a Kubernetes Secret: base64 is no cipher."""
    for one in picture.workloads:
        for name, value, line in one.data if one.kind == "Secret" else ():
            plain = _decoded(value)
            key = "PRIVATE KEY-----" in plain
            if key or (is_secret_name(name) and plausible(name, plain)):
                yield find(
                    "III-2",
                    "medium" if says_otherwise(plain) else "high",
                    f"{name} of Secret {one.name} is checked in, {'a private key' if key else masked(plain)}",
                    Place(one.path, line),
                    fix="revoke it; keep the Secret out of the codebase, or sealed",
                )


def _decoded(value: str) -> str:
    try:
        return base64.b64decode("".join(value.split()), validate=True).decode()
    except ValueError:
        return value
