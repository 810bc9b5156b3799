"""Writing the files: proposals as texts that ``read_manifest`` reads back."""

import json
import re
from collections.abc import Iterable, Mapping

from twelve.factors.config.contract import Declared
from twelve.factors.config.dotenv import write_dotenv
from twelve.manifest.procfile import RELEASE

Plain = str | int | float | bool | tuple[str, ...] | list[str]


def render_procfile(commands: Mapping[str, str], release: str = "") -> str:
    """A Procfile, the release command first; each command on one line, as it is given."""
    lines = {RELEASE: release, **commands} if release else dict(commands)
    return "".join(f"{name}: {command}\n" for name, command in lines.items())


def render_env_example(contract: Mapping[str, Declared]) -> str:
    """A contract as .env.example: comments above, secrets without a value."""
    return "\n".join(_example(name, declared) for name, declared in contract.items())


def render_twelve_toml(
    *,
    app: str = "",
    hooks: Iterable[str] = (),
    release: str = "",
    processes: Mapping[str, Mapping[str, Plain]] | None = None,
    config: Mapping[str, Declared] | None = None,
    resources: Mapping[str, str] | None = None,
) -> str:
    """A twelve.toml with what was given, and nothing that is a default already."""
    tables: list[tuple[str, Mapping[str, Plain]]] = [
        ("", {"app": app} if app else {}),
        ("build", {"hooks": list(hooks)} if hooks else {}),
        ("release", {"command": release} if release else {}),
        *((f"processes.{name}", said) for name, said in (processes or {}).items()),
        *((f"config.{name}", _said(declared)) for name, declared in (config or {}).items()),
        ("resources", dict(resources or {})),
    ]
    return "\n".join(
        _table(name, said) for name, said in tables if said or name.startswith("config.")
    )


def _table(name: str, said: Mapping[str, Plain]) -> str:
    head = f"[{name}]\n" if name else ""
    return head + "".join(f"{key} = {_value(value)}\n" for key, value in said.items())


def _value(value: Plain) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL, which TOML wants escaped too.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    return str(value)


def _said(declared: Declared) -> dict[str, Plain]:
    """What differs from a variable of which nothing was said."""
    usual = Declared(required=declared.default is None)
    keys = ("type", "required", "secret", "generate", "default", "choices", "build", "description")
    return {
        key: getattr(declared, key) for key in keys if getattr(declared, key) != getattr(usual, key)
    }


def _example(name: str, declared: Declared) -> str:
    shown = "" if declared.secret else declared.example or declared.default or ""
    notes = [line for line in re.split(r"\s*\n\s*", declared.description) if line]
    if not declared.required and not shown:
        notes.insert(0, "optional")
    return "".join(f"# {note}\n" for note in notes) + write_dotenv([(name, shown)])
