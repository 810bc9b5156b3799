"""Foresight: what the next ``up`` like this one would start, written down while this one runs.

It is a guess that the next one checks (``early.py``), and control checks again: a process that was
begun from it and is wanted otherwise today is replaced. No value of config is in it but defaults
that stand in the folder for everybody to read.
"""

import marshal
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from twelve.development.early import ENV, Call, entries_of, signature
from twelve.development.watching import ENDINGS as WRITTEN
from twelve.engines.contract import Process
from twelve.engines.local.build.built import Built
from twelve.engines.local.build.inplace import DECLARING
from twelve.engines.local.build.layers import layer_path
from twelve.engines.local.launching import process_launch
from twelve.engines.local.machine import Machine
from twelve.engines.local.parts import collector_launch
from twelve.engines.local.supervisor import state
from twelve.manifest import Manifest
from twelve.operations.develop import DEPLOY, Folder
from twelve.operations.house import House
from twelve.operations.wanted import processes_of
from twelve.store import apps, releases

OF_NODE = ("package.json", "package-lock.json", "pnpm-workspace.yaml", ".npmrc")
SOURCE = (".py", ".js", ".ts", ".jsx", ".tsx", ".mjs", ".cjs", ".md", ".rst", ".html", ".css")
MOST_FILES = 300


def foresee(call: Call, house: House, machine: Machine, folder: Folder, manifest: Manifest) -> None:
    """Write down what the next start would do; nothing where it has more to do than that."""
    forget(call)
    deploy = apps.get_deploy(house.store, folder.app, DEPLOY)
    release = releases.current(house.store, deploy)
    files = files_of(folder, house.engine.names(folder.path))
    if release is None or not is_simple(manifest, folder) or len(files) > MOST_FILES:
        return
    number = releases.next_number(house.store, deploy)
    started = [next_of(one, number) for one in processes_of(house, deploy, release).values()]
    own = [without_values(process_launch(machine, each), each, folder) for each in started]
    if not own or any(launch is None for launch in own):
        return
    foresight = {
        "key": call.key(),
        "folder": str(folder.path),
        "entries": entries_of(str(folder.path)),
        "files": {path: signature(path) for path in files},
        "needs": [str(path) for path in needs(machine.home, started[0].artifact)],
        "home": str(machine.home),
        "run": str(machine.run),
        "app": folder.app,
        "deploy": DEPLOY,
        "number": number,
        "types": list(manifest.processes),
        "shown": [each.instance.process for each in started],
        "ports": {each.name: each.port for each in started if each.port},
        "folders": [] if machine.tier.tmp else [launch["env"]["HOME"] for launch in own if launch],
        "launches": [*own, collector_launch(machine)],
    }
    os.makedirs(os.path.dirname(call.path), mode=0o700, exist_ok=True)
    state.replace(call.path, marshal.dumps(foresight), sync=False)


def forget(call: Call) -> None:
    """What was foreseen holds no longer."""
    with suppress(OSError, ValueError):
        os.unlink(call.path)


def confirm(call: Call, house: House) -> None:
    """At the end of a session: forget it when the ledger has moved on since it was written."""
    with suppress(OSError, ValueError, KeyError, EOFError):
        foresight = marshal.loads(Path(call.path).read_bytes())  # noqa: S302 - it is our own
        deploy = apps.get_deploy(house.store, foresight["app"], DEPLOY)
        if releases.next_number(house.store, deploy) != foresight["number"] or deploy.stopped:
            forget(call)


def is_simple(manifest: Manifest, folder: Folder) -> bool:
    """Whether a start consists of its processes alone, with values that stand in the folder."""
    if manifest.release_command or manifest.resources or folder.here.hooks:
        return False
    return not any(
        declared.secret and name not in folder.variables
        for name, declared in manifest.contract.items()
    )


def next_of(process: Process, number: int) -> Process:
    """The process as the next release will have it."""
    return process._replace(instance=process.instance._replace(release=number))


def without_values(
    launch: dict[str, Any], process: Process, folder: Folder
) -> dict[str, Any] | None:
    """The launch with None in place of what ``.env`` says; None when a value is another's."""
    env = dict(launch["env"])
    for name, value in folder.variables.items():
        if name in process.variables:
            if env.get(name) != value:
                return None
            env[name] = None
    return {**launch, "env": env}


def files_of(folder: Folder, names: Iterable[str]) -> list[str]:
    """The files that decide how the app is started, as far as names can tell."""
    base = str(folder.path)
    asked = {f"{base}/{ENV}", os.path.join(base, folder.procfile)}
    return sorted(asked | {f"{base}/{name}" for name in names if decides(name)})


def decides(name: str) -> bool:
    """Whether a file is no mere source: all but that in the folder itself, what declares below."""
    if name.endswith(DECLARING) or name.rpartition("/")[2] in OF_NODE:
        return True
    return "/" not in name and not name.endswith((*SOURCE, *WRITTEN))


def needs(home: Path, artifact: Mapping[str, Any]) -> Iterator[Path]:
    """What must still be there: the layer of dependencies and the interpreters."""
    built = Built.from_plain(artifact["built"])
    if built.deps_digest:
        yield layer_path(home, built.deps_digest)
    yield from (Path(tool.path) for tool in (built.python, built.node) if tool)
