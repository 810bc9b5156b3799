"""How VIII-2, VIII-3 and VIII-7 are judged."""

import re
from collections.abc import Iterator

from twelve.factors.concurrency.check.live import live
from twelve.finding import Finding, Place
from twelve.picture.code import is_command
from twelve.picture.commands import is_worker, module_of, serves
from twelve.picture.mentions import mention
from twelve.picture.origin import trace
from twelve.picture.paths import is_development
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find, grouped, saying
from twelve.picture.sinks import sinks
from twelve.picture.value import text_of

LOCK = mention("LOCK")
LOCKS = (
    "filelock.FileLock",
    "FileLock",
    "fcntl.flock",
    "fcntl.lockf",
    "portalocker.Lock",
    "portalocker.lock",
    "fasteners.InterProcessLock",
    "InterProcessLock",
    "proper-lockfile.lock",
    "lockfile.LockFile",
    "zc.lockfile.LockFile",
    "SoftFileLock",
)
DEPENDENCIES = pattern(
    r"\b(uv|poetry|pdm|pixi|Pipfile|yarn|bun|deno|Cargo|Gemfile|composer|flake)\.lock$"
)
SCHEDULERS = (
    "BackgroundScheduler", "BlockingScheduler", "AsyncIOScheduler", "APScheduler", "node-cron.schedule", "cron.schedule", "new Cron", "croner", "Cron", "CronJob", "CronJob.from", "node-schedule.scheduleJob", "schedule.scheduleJob",
    "repeat_every", "ScheduleModule.forRoot", "RecurrenceRule", "cron.CronJob", "croner.Cron",
)  # fmt: skip
CRON_HOMES = (
    "apscheduler",
    "flask_apscheduler",
    "node-cron",
    "cron",
    "croner",
    "node-schedule",
    "fastapi_utils",
    "fastapi_utilities",
    "@nestjs/schedule",
    "rocketry",
    "toad-scheduler",
)


def scales_out(picture: Picture) -> Iterator[Judgement]:
    """VIII-2."""
    held = []
    for module, assign in saying(picture, LOCK):
        if (
            assign.name.isupper()
            and "LOCK" in assign.name
            and not DEPENDENCIES.search(text_of(trace(module, assign.value)))
            and re.search(r"\.(lock|lck)$", text_of(trace(module, assign.value)))
            and assign.value.kind in ("str", "join", "env", "call")
        ):
            held.append(
                find(
                    "VIII-2",
                    "medium",
                    f"{assign.name} is a lock file: it binds the processes of one machine alone",
                    assign.place,
                    fix="lock in the database or in Redis",
                )
            )
    for module, call in picture.calls(*LOCKS):
        if (
            module.role == "app"
            and not is_command(call.path, call.function)
            and not is_development(call.path)
        ):
            held.append(
                find(
                    "VIII-2",
                    "medium",
                    "a file lock binds the processes of one machine alone",
                    call.place,
                    fix="lock in the database or in Redis",
                )
            )
    yield from grouped(held)


def foreground(picture: Picture) -> Iterator[Judgement]:
    """VIII-3."""
    held = [*_daemons(picture), *_daemon_files(picture), *_daemon_code(picture)]
    yield from grouped(held)
    if not held:
        for process, step in live(picture):
            if serves(step):
                yield Hold("the server stays in the foreground", process.place)
                return


def _daemons(picture: Picture) -> Iterator[Finding]:
    for _, step in live(picture):
        words = module_of(step)
        program = words[0].rpartition("/")[2] if words else ""
        pid = (
            step.option("--pid", "--pidfile", "-p")
            if program in ("gunicorn", "celery", "uwsgi")
            and not (program == "uwsgi" and step.has("-p"))
            else None
        )
        if program == "gunicorn" and step.has("-D", "--daemon"):
            yield find(
                "VIII-3",
                "high",
                "gunicorn goes into the background",
                step.place,
                fix="leave --daemon out",
            )
        elif program == "celery" and (step.has("--detach", "-D") or "multi" in words):
            yield find(
                "VIII-3",
                "high",
                "celery goes into the background",
                step.place,
                fix="celery worker, in the foreground",
            )
        elif pid and not pid.startswith("/dev/null") and program != "gunicorn":
            yield find(
                "VIII-3",
                "medium",
                f"{program} writes a PID file, {pid}",
                step.place,
                fix="--pidfile=" if program == "celery" else "leave it out",
            )
        elif program == "gunicorn" and step.option("--pid", "-p"):
            yield find(
                "VIII-3",
                "medium",
                f"gunicorn writes a PID file, {step.option('--pid', '-p')}",
                step.place,
                fix="leave --pid out",
            )
        elif program == "pm2" and "start" in words and not step.has("--no-daemon"):
            yield find(
                "VIII-3",
                "medium",
                "pm2 goes into the background",
                step.place,
                fix="start node itself",
            )
        elif program in ("nohup", "start-stop-daemon", "daemonize", "setsid"):
            yield find(
                "VIII-3",
                "medium",
                f"{program} takes the process out of the platform's hands",
                step.place,
                fix="run it in the foreground",
            )


def _daemon_files(picture: Picture) -> Iterator[Finding]:
    for one in picture.options:
        if one.section == "uwsgi" and one.key in (
            "daemonize",
            "daemonize2",
            "pidfile",
            "safe-pidfile",
            "pidfile2",
        ):
            yield find(
                "VIII-3",
                "medium",
                f"uwsgi {'goes into the background' if 'daemon' in one.key else 'writes a PID file'}",
                one.place,
                fix=f"remove {one.key}",
            )
        if one.section == "supervisord" and one.key == "nodaemon" and one.value.lower() == "false":
            yield find(
                "VIII-3",
                "medium",
                "supervisord goes into the background",
                one.place,
                fix="nodaemon=true",
            )


def _daemon_code(picture: Picture) -> Iterator[Finding]:
    for module in picture.modules:
        for sink in sinks(module) if module.role == "app" else ():
            if sink.kind == "pid":
                yield find(
                    "VIII-3", "medium", "the app writes a PID file", sink.place, fix="leave it out"
                )
    for module, call in picture.calls(
        "daemon.DaemonContext", "DaemonContext", "daemonize.Daemonize", "os.setsid", "PIDLockFile"
    ):
        if module.role == "app" and (
            call.last != "setsid" or any(other.name == "os.fork" for other in module.calls)
        ):
            yield find(
                "VIII-3",
                "medium",
                "the app makes itself a daemon",
                call.place,
                fix="stay in the foreground",
            )


def once(picture: Picture) -> Iterator[Judgement]:
    """VIII-7."""
    held = []
    for module, call in picture.calls(*SCHEDULERS):
        if (
            module.role == "app"
            and not is_command(call.path, call.function)
            and not is_development(call.path)
            and (module.imports_any(*CRON_HOMES) or call.name.rpartition(".")[0] in CRON_HOMES)
        ):
            held.append(
                find(
                    "VIII-7",
                    "medium",
                    "a schedule runs inside the process: with three of them the job runs three times",
                    call.place,
                    fix="a process type for the clock, or `[schedule]` in twelve.toml",
                )
            )
    for module in picture.modules:
        for function in module.functions if module.role == "app" else ():
            if any(
                d.rpartition(".")[2] in ("repeat_every", "Cron", "Interval", "scheduled_job")
                for d in function.decorators
            ):
                held.append(  # noqa: PERF401 - a sentence a line reads better
                    find(
                        "VIII-7",
                        "medium",
                        "a schedule runs inside the process: with three of them the job runs three times",
                        Place(module.path, function.line),
                        fix="a process type for the clock",
                    )
                )
    for process, step in live(picture):
        if is_worker(step) and step.program == "celery" and step.has("-B", "--beat"):
            held.append(
                find(
                    "VIII-7",
                    "medium",
                    "each worker has a clock of its own (-B)",
                    step.place,
                    fix="one celery beat process",
                )
            )
        del process
    yield from grouped(held)
