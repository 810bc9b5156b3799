"""How IX-2, IX-3, IX-4 and IX-5 are judged."""

import re
from collections.abc import Iterator

from twelve.factors.lifecycle.check.live import live
from twelve.finding import Finding, Place
from twelve.picture.code import Call, Function, Module, is_handler
from twelve.picture.commands import (
    INTERPRETERS,
    Process,
    Step,
    dev_server,
    is_worker,
    module_of,
    serves,
)
from twelve.picture.deployed import certain, hands_over
from twelve.picture.mentions import mention
from twelve.picture.origin import is_main
from twelve.picture.paths import is_development
from twelve.picture.rule import Hold, Judgement, Picture, find, grouped
from twelve.picture.value import walk

CLOSERS = (
    "http-terminator",
    "stoppable",
    "lightship",
    "@godaddy/terminus",
    "http-graceful-shutdown",
    "close-with-grace",
    "fastify-graceful-shutdown",
    "graceful-shutdown",
    "node-graceful-shutdown",
    "terminus",
)


GRACE = {
    "gunicorn": ("--graceful-timeout",),
    "hypercorn": ("--graceful-timeout",),
    "uvicorn": ("--timeout-graceful-shutdown",),
}
"""The option of each server that says how long a stop waits for requests under way."""


def ends_on_term(picture: Picture) -> Iterator[Judgement]:
    """IX-2."""
    held = [*_shells(picture), *_uwsgi(picture), *_node(picture), *_loops(picture)]
    yield from grouped(held)
    if not held:
        for _, step in live(picture):
            if (
                serves(step) in ("gunicorn", "uvicorn", "hypercorn", "granian", "uwsgi")
                and not step.through
            ):
                yield Hold(f"{serves(step)} gets SIGTERM itself", step.place)
                return


def _shells(picture: Picture) -> Iterator[Finding]:
    """A shell or npm that stays in front of the server."""
    seen = set()
    for process, step in live(picture):
        if process.origin not in ("dockerfile", "compose", "kubernetes") or not _lasting(step):
            continue
        front = [name for name in step.through if name not in ("supervisord", "uwsgi")]
        if (
            not front
            or hands_over(picture, process, step)
            or step.place in seen
            or _trapped(picture, process)
        ):
            continue
        seen.add(step.place)
        places = dict.fromkeys(
            [*(Place(path, line) for path, line in reversed(step.via)), step.place]
        )
        names = " and ".join(dict.fromkeys(front))
        sure = certain(picture, process, step) and not dev_server(step)
        yield find(
            "IX-2",
            "high" if sure else "medium",
            f"{names} in front of {step.program}: SIGTERM is not passed on",
            *places,
            fix="exec: twelve check --fix IX-2",
        )


def _lasting(step: Step) -> bool:
    words = module_of(step)
    if step.program in INTERPRETERS:
        script = [word for word in step.words[1:] if not word.startswith("-")]
        return bool(
            serves(step)
            or (
                step.last
                and script
                and not step.optional
                and not step.loop
                and "-c" not in step.words
                and "manage.py" not in script[0]
            )
        )
    return bool(words) and bool(serves(step) or is_worker(step))


def _trapped(picture: Picture, process: Process) -> bool:
    paths = {
        step.path
        for step in process.steps
        if not step.path.endswith(("Dockerfile", ".yml", ".yaml", ".json"))
    }
    return any(
        re.search(r"^\s*trap\s.*\b(TERM|SIGTERM|15)\b", picture.text(path), re.MULTILINE)
        for path in paths
    )


def _uwsgi(picture: Picture) -> Iterator[Finding]:
    keys: dict[str, set[str]] = {}
    for one in picture.options:
        if one.section == "uwsgi":
            keys.setdefault(one.path, set()).add(one.key)
    for path, held in keys.items():
        if (
            not {"die-on-term", "hook-master-start"} & held
            and {"module", "wsgi", "wsgi-file", "http", "http-socket", "socket", "mount"} & held
        ):
            yield find(
                "IX-2",
                "medium",
                "uwsgi takes SIGTERM for a reload",
                Place(path, 1),
                fix="die-on-term = true",
            )


def _node(picture: Picture) -> Iterator[Finding]:
    modules = [
        module for module in picture.modules if module.language != "python" and module.role == "app"
    ]
    for module in modules:
        if module.imports_any(*CLOSERS):
            return
        for call in module.calls if module.lines_of(HANDLED) else ():
            words = [part.text for part in walk(call.value) if part.kind == "str"]
            if (
                (call.last in ("on", "once") and "SIGTERM" in words)
                or call.last == "enableShutdownHooks"
                or (call.last in ("forEach", "map") and "SIGTERM" in words)
                or "SIGTERM" in [p.text for r in (call.receiver,) if r for p in walk(r)]
            ):
                return
    if any(
        re.search(r"\bSIGTERM\b", part.text)
        for m in modules
        for a in m.holding(HANDLED, m.assigns)
        for part in walk(a.value)
        if part.kind == "str"
    ):
        return
    for module, call in picture.calls("listen"):
        if (
            module.language != "python"
            and module.role == "app"
            and not is_development(call.path)
            and (is_server(module, call))
        ):
            yield find(
                "IX-2",
                "medium",
                "no handler of SIGTERM: requests under way are cut",
                call.place,
                fix="process.on('SIGTERM', () => server.close())",
            )


def is_server(module: Module, call: Call) -> bool:
    """Does the call start an HTTP server?"""
    return module.imports_any(
        "express",
        "http",
        "node:http",
        "https",
        "koa",
        "fastify",
        "@nestjs/core",
        "@hapi/hapi",
        "restify",
        "polka",
        "hono",
        "connect",
    ) and not is_handler(call.function)


def _loops(picture: Picture) -> Iterator[Finding]:
    for module, call in picture.calls("time.sleep"):
        if (
            module.role != "app"
            or not call.in_loop
            or call.function is None
            or is_development(call.path)
        ):
            continue
        command = "/management/commands/" in f"/{module.path}" and call.function.name in (
            "handle",
            "run",
            "loop",
            "main",
            "handle_noargs",
        )
        main = call.function.name in ("main", "run_forever", "loop", "worker") and any(
            is_main(other.guards) for other in module.calls
        )
        endless = any(_endless(picture, module, call.function))
        if (command or main) and endless and not module.imports_any("signal"):
            yield find(
                "IX-2",
                "medium",
                "an endless loop without a handler of SIGTERM",
                call.place,
                fix="signal.signal(SIGTERM, …), and end after the current round",
            )


def _endless(picture: Picture, module: Module, function: Function) -> Iterator[bool]:
    lines = picture.text(module.path).split("\n")[function.line - 1 : function.end]
    yield any(re.match(r"\s*while (True|1|not )", line) for line in lines)


def short_requests(picture: Picture) -> Iterator[Judgement]:
    """IX-4."""
    held = []
    for module, call in picture.calls("time.sleep"):
        if module.role == "app" and is_handler(call.function) and not is_development(call.path):
            held.append(
                find("IX-4", "low", "a request sleeps", call.place, fix="move the work to a worker")
            )
    yield from grouped(held)


LATE = mention("acks_late")
HANDLED = mention("SIGTERM", "enableShutdownHooks")


def hands_back(picture: Picture) -> Iterator[Judgement]:
    """IX-5."""
    workers = [step for _, step in live(picture) if is_worker(step) and "celery" in step.text]
    if not workers:
        return
    for module, assign in picture.assigns(
        "CELERY_TASK_ACKS_LATE",
        "task_acks_late",
        "CELERY_ACKS_LATE",
        "worker_soft_shutdown_timeout",
        "CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT",
    ):
        if module.role == "app":
            yield Hold("jobs are acknowledged late", assign.place)
            return
    late = any(
        "acks_late" in call.value.keys
        for module in picture.modules
        for call in module.holding(LATE, module.calls)
    )
    if not late and not any(
        "REMAP_SIGTERM" in picture.text(docker.path) for docker in picture.dockerfiles
    ):
        yield find(
            "IX-5",
            "info",
            "celery acknowledges a job before it is done: a worker that is killed loses it",
            workers[0].place,
            fix="task_acks_late = True, task_reject_on_worker_lost = True",
        )


def finishes(picture: Picture) -> Iterator[Judgement]:
    """IX-3: a stop that gives requests less time than they may take."""
    for _, step in live(picture):
        server = serves(step)
        grace = step.option(*GRACE.get(server, ()))
        longest = step.option("-t", "--timeout") if server == "gunicorn" else None
        yield from _cut(grace, longest, step.place)
    for module, assign in picture.assigns("graceful_timeout"):
        if "gunicorn" in assign.path and assign.function is None:
            bound = module.constants.get("timeout")
            yield from _cut(assign.value.text, bound.value.text if bound else None, assign.place)


def _cut(grace: str | None, longest: str | None, place: Place) -> Iterator[Finding]:
    given = int(grace) if grace and grace.isdecimal() else None
    most = int(longest) if longest and longest.isdecimal() else 0
    if given is not None and (given == 0 or given < most):
        may = f"may take {most} s" if most else "are under way"
        yield find(
            "IX-3",
            "low",
            f"a stop cuts requests that {may} after {given} s",
            place,
            fix="a graceful timeout no shorter than the longest request",
        )
