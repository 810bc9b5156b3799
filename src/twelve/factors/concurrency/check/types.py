"""How VIII-1, VIII-4, VIII-5, VIII-6 and OPS-1 are judged."""

from collections.abc import Iterator

from twelve.factors.concurrency.check.live import live
from twelve.finding import Finding, Place
from twelve.picture.commands import Process, Step, is_worker, module_of, serves
from twelve.picture.deployed import certain
from twelve.picture.origin import development_only, trace
from twelve.picture.paths import is_development
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find, grouped
from twelve.picture.value import from_env

MANAGERS = (
    "supervisord",
    "honcho",
    "foreman",
    "overmind",
    "hivemind",
    "circusd",
    "concurrently",
    "npm-run-all",
    "run-p",
    "runit",
    "runsvdir",
    "immortal",
    "forego",
    "pm2",
    "pm2-runtime",
    "s6-svscan",
    "goreman",
    "forever",
)
LITERAL = pattern(r"^\d+$")
WORKERS = {
    "gunicorn": ("-w", "--workers"),
    "uvicorn": ("--workers",),
    "hypercorn": ("-w", "--workers"),
    "granian": ("--workers",),
    "fastapi": ("--workers",),
    "uwsgi": ("--processes", "-p", "--workers"),
    "celery": ("-c", "--concurrency"),
}


def process_types(picture: Picture) -> Iterator[Judgement]:
    """VIII-1."""
    found = [*_eager(picture), *_unsaid(picture)]
    yield from found
    for process in picture.processes:
        if process.origin == "procfile" and process.stage == "run" and not found:
            yield Hold(f"process type {process.name} is declared", process.place)


def _unsaid(picture: Picture) -> Iterator[Finding]:
    """A web app, and nothing that says how it is started."""
    if any(process.stage in ("run", "hook") for process in picture.processes):
        return
    found = [
        call.place
        for module, call in picture.calls("flask.Flask", "fastapi.FastAPI", "express", "Bottle")
        if module.role == "app" and call.assigned and not is_development(call.path)
    ]
    found += [
        Place(path, 1)
        for path, file in picture.files.items()
        if file.name == "manage.py" and file.role == "app" and "django" in picture.text(path)
    ]
    if found and not any(manifest.library for manifest in picture.manifests):
        yield find(
            "VIII-1",
            "low",
            "no process type is declared: nothing says how the app is started",
            found[-1],
            fix="write a Procfile: twelve check --fix VIII-1",
        )


def _eager(picture: Picture) -> Iterator[Finding]:
    for module, assign in picture.assigns(
        "CELERY_TASK_ALWAYS_EAGER",
        "CELERY_ALWAYS_EAGER",
        "task_always_eager",
        "HUEY_IMMEDIATE",
        "DRAMATIQ_EAGER",
    ):
        if (
            module.role != "app"
            or is_development(assign.path)
            or development_only(module, assign.guards)
        ):
            continue
        value = assign.value
        if (value.kind == "bool" and value.text == "True") or (
            value.kind == "other" and value.text == "not"
        ):
            severity = "medium" if value.kind == "bool" else "low"
            yield find(
                "VIII-1",
                severity,
                "without a broker background work runs inside the request",
                assign.place,
                fix="declare a worker process, and attach a broker",
            )


def one_type(picture: Picture) -> Iterator[Judgement]:
    """VIII-4."""
    held = [*_glued(picture), *_managed(picture), *_side_by_side(picture)]
    yield from grouped(held)
    if not held:
        for process, step in live(picture):
            if serves(step) and len(process.steps) == 1:
                yield Hold("one program, one process", step.place)
                return


def _glued(picture: Picture) -> Iterator[Finding]:
    for process in picture.processes:
        if process.origin == "uwsgi" and process.name.startswith(
            ("attach-daemon", "smart-attach", "mule", "cron", "legion")
        ):
            yield find(
                "VIII-4",
                "high",
                "workers hang on the web process, and cannot be scaled apart",
                process.place,
                fix="declare a process type for each",
            )


def _managed(picture: Picture) -> Iterator[Finding]:
    groups: dict[str, list[tuple[Process, list[Step]]]] = {}
    for process in picture.processes:
        if process.origin in ("s6", "supervisord") and process.stage == "run":
            main = [
                step
                for step in process.steps
                if step.exec or process.origin == "supervisord" or serves(step) or is_worker(step)
            ]
            if main and not is_development(process.path):
                groups.setdefault(process.origin, []).append((process, main))
    if "supervisord" in groups and not _supervises(picture):
        # Programs for the supervisord of a machine: that one is the platform's.
        del groups["supervisord"]
    for origin, held in (
        (origin, part) for origin, all_ in groups.items() for part in _by_image(picture, all_)
    ):
        if len(held) > 1:
            places = [step.place for _, main in held for step in main]
            sure = origin == "s6" or any(
                step.program == "supervisord" and certain(picture, process)
                for process in picture.processes
                for step in process.steps
            )
            yield find(
                "VIII-4",
                "high" if sure else "medium",
                f"{origin} runs {len(held)} process types in one container: {', '.join(sorted({p.name for p, _ in held})[:6])}",
                *dict.fromkeys(places),
                fix="declare a process type for each",
            )


Programs = list[tuple[Process, list[Step]]]


def _by_image(picture: Picture, held: Programs) -> list[Programs]:
    """The programs apart by the stage of a Dockerfile that copies their file by name; one lot when none does."""
    made: dict[str, Programs] = {}
    for process, main in held:
        name = process.path.rpartition("/")[2]
        stages = sorted(
            f"{docker.path} {one.stage}"
            for docker in picture.dockerfiles
            for one in docker.instructions
            if one.word in ("COPY", "ADD") and name in one.text and name != "supervisord.conf"
        )
        made.setdefault(stages[0] if stages else "", []).append((process, main))
    return list(made.values())


def _supervises(picture: Picture) -> bool:
    """Does a process of the app itself start supervisord, or is its whole configuration here?"""
    return any(one.section == "supervisord" for one in picture.options) or any(
        step.program == "supervisord" for process in picture.processes for step in process.steps
    )


def _side_by_side(picture: Picture) -> Iterator[Finding]:
    for process in picture.processes:
        if (
            process.stage not in ("run", "hook")
            or process.development
            or process.origin in ("s6", "supervisord", "uwsgi")
        ):
            continue
        for step in process.steps:
            if step.program in MANAGERS and step.program != "s6-svscan":
                yield find(
                    "VIII-4",
                    "low" if step.program in ("pm2", "pm2-runtime", "forever") else "medium",
                    f"{step.program} manages processes inside the process",
                    step.place,
                    fix="declare each in the Procfile",
                )
        lasting = [
            step
            for step in process.steps
            if serves(step)
            or is_worker(step)
            or (step.program == "celery" and "beat" in step.words)
            or (step.background and step.program in ("python", "python3", "node", "celery"))
        ]
        beside = [
            step
            for step in lasting
            if step.background or (step.program == "celery" and step.has("-B", "--beat"))
        ]
        if beside and len(lasting) > 1:
            yield find(
                "VIII-4",
                "high" if certain(picture, process) else "medium",
                "several programs run side by side in one process",
                *dict.fromkeys(step.place for step in lasting),
                fix="declare a process type for each",
            )


def fail_fast(picture: Picture) -> Iterator[Judgement]:
    """VIII-5."""
    for _, step in live(picture):
        if step.loop and (serves(step) or is_worker(step)):
            yield find(
                "VIII-5",
                "medium",
                "a loop in the shell restarts the process and hides that it died",
                step.place,
                fix="leave restarts to the platform",
            )


def numbers_from_environment(picture: Picture) -> Iterator[Judgement]:
    """VIII-6."""
    held: list[Judgement] = []
    for _, step in live(picture):
        words = module_of(step)
        program = words[0].rpartition("/")[2] if words else ""
        value = step._replace(words=words).option(*WORKERS[program]) if program in WORKERS else None
        if value and LITERAL.match(value):
            held.append(
                find(
                    "VIII-6",
                    "info",
                    f"{program} has {value} workers wherever it runs",
                    step.place,
                    fix="WEB_CONCURRENCY",
                )
            )
    for module, assign in picture.assigns("workers", "threads"):
        if "gunicorn" in assign.path.rpartition("/")[2]:
            env = from_env(trace(module, assign.value))
            held.append(
                Hold("the number of workers comes from the environment", assign.place)
                if env
                else find(
                    "VIII-6",
                    "info",
                    f"gunicorn's {assign.name} are fixed",
                    assign.place,
                    fix="WEB_CONCURRENCY",
                )
            )
    yield from held


def limits(picture: Picture) -> Iterator[Judgement]:
    """OPS-1."""
    for one in picture.workloads:
        if one.image and not one.limits:
            yield find(
                "OPS-1",
                "info",
                f"{one.name} declares no limits of its resources",
                Place(one.path, one.line),
            )
