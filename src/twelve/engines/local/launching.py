"""Launches: a process, a one-off or a build step as the supervisor is told to start it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twelve.engines.contract import OneOff, Process
from twelve.engines.local.build.built import Built, Runtime, runtime
from twelve.engines.local.build.steps import Step
from twelve.engines.local.machine import Machine
from twelve.engines.local.sandbox.box import HOME
from twelve.engines.local.sandbox.limits import BUILD_PIDS, PIDS
from twelve.factors.processes.command import argv_for
from twelve.factors.processes.environment import Place, app_environment
from twelve.factors.processes.instance import Instance

TMP = "/tmp"  # noqa: S108 - the box's own, private
STEP_SECONDS = 10.0
BUILD_NICE = 10
"""Grace of a build step that is cancelled."""


def process_launch(machine: Machine, process: Process) -> dict[str, Any]:
    """A process of the formation: kept running until it is stopped."""
    ran = runtime_of(machine, process.artifact)
    kind = process.type
    place, write = place_of(machine, process.instance, ran)
    write = (*write, *folder_of(process.artifact))
    asked = {name: getattr(kind, name) for name in ("memory", "cpus", "pids", "nofile")}
    limits = {"pids": PIDS} | {name: value for name, value in asked.items() if value}
    return {
        "name": process.name,
        "argv": argv_for(kind.command),
        "env": app_environment(
            process.instance, place, config=process.variables, attachments={}, port=process.port
        ),
        "cwd": ran.cwd,
        "stdin": "null",
        "logs": machine.logs(process.instance),
        "restart": {"mode": "always"},
        "grace": kind.grace,
        "stop_signal": kind.stop_signal,
        "notify": not kind.port,
        "box": machine.box(
            process.uid,
            user=user_name(process.instance),
            read=ran.read,
            write=write,
            tmp=kind.tmp,
            limits=limits,
        )
        | {"hosts": dict(process.others)},
    }


def one_off_launch(machine: Machine, one_off: OneOff) -> dict[str, Any]:
    """An admin process: run once."""
    ran = runtime_of(machine, one_off.artifact)
    place, write = place_of(machine, one_off.instance, ran)
    write = (*write, *folder_of(one_off.artifact))
    env = app_environment(one_off.instance, place, config=one_off.variables, attachments={})
    if one_off.terminal:
        env["TERM"] = one_off.terminal
    return {
        "name": one_off.name,
        "argv": list(one_off.words),
        "env": env,
        "cwd": ran.cwd,
        "stdin": one_off.stdin,
        "size": [one_off.rows, one_off.columns],
        "logs": machine.logs(one_off.instance),
        "restart": {"mode": "never"},
        "grace": 10.0,
        "stop_signal": "SIGTERM",
        "notify": False,
        "box": machine.box(
            one_off.uid,
            user=user_name(one_off.instance),
            read=ran.read,
            write=write,
            limits={"pids": PIDS},
        )
        | {"hosts": dict(one_off.others)},
    }


def step_launch(
    machine: Machine, instance: Instance, step: Step, uid: int | None
) -> dict[str, Any]:
    """A build step: run once, without config, with network only where it fetches."""
    return {
        "name": instance.name,
        "argv": list(step.argv),
        "env": dict(step.env),
        "cwd": step.cwd,
        "stdin": "null",
        "logs": machine.logs(instance),
        "restart": {"mode": "never"},
        "grace": STEP_SECONDS,
        "stop_signal": "SIGTERM",
        "notify": False,
        # Whoever serves requests goes before whoever builds.
        "nice": BUILD_NICE,
        "box": machine.box(
            uid,
            user="twelve-build",
            read=(step.cwd, *step.read),
            write=step.write,
            network=step.network,
            tmp=1024 * 1024 * 1024,
            limits={"pids": BUILD_PIDS},
        ),
    }


def runtime_of(machine: Machine, artifact: Mapping[str, Any]) -> Runtime:
    """What a process of an artifact needs; for ``up`` the app is a folder, not a layer."""
    folder, tools = artifact.get("folder"), artifact.get("tools")
    built = Built.from_plain(artifact["built"])
    ran = runtime(built, machine.home, folder=Path(folder) if folder else None)
    return with_tools(ran, tools) if tools else ran


def with_tools(ran: Runtime, tools: Mapping[str, list[str]]) -> Runtime:
    """Before the system's programs come those that the developer would get."""
    path = dict.fromkeys((*tools["path"], *ran.path))
    return ran._replace(path=tuple(path), read=tuple(dict.fromkeys((*ran.read, *tools["read"]))))


def folder_of(artifact: Mapping[str, Any]) -> tuple[str, ...]:
    """In development the app may write to its own folder, as far as its user may."""
    folder = artifact.get("folder")
    return (folder,) if folder else ()


def place_of(machine: Machine, instance: Instance, ran: Runtime) -> tuple[Place, tuple[str, ...]]:
    """HOME, TMPDIR and PATH of a process, and what it may write where /tmp is not its own."""
    if machine.tier.tmp:
        return Place(HOME, TMP, ":".join(ran.path), ran.env), ()
    folder = Path(machine.run, "tmp", instance.app, instance.deploy, instance.process)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Place(str(folder), str(folder), ":".join(ran.path), ran.env), (str(folder),)


def user_name(instance: Instance) -> str:
    """The name of the deploy's uid inside its box."""
    return f"{instance.app}-{instance.deploy}"[:32]
