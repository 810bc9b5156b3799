"""What reading can judge of factor VIII: scale out by processes."""

import re
from collections.abc import Iterator

from twelve.finding import Finding, Place
from twelve.picture.code import is_command
from twelve.picture.commands import Process, Step, is_worker, module_of, serves
from twelve.picture.origin import development_only, trace
from twelve.picture.paths import is_development
from twelve.picture.rule import Example, Hold, Judgement, Picture, Rule, find, grouped
from twelve.picture.value import from_env, text_of

MANAGERS = ("supervisord", "honcho", "foreman", "overmind", "hivemind", "circusd", "concurrently", "npm-run-all", "run-p", "runit", "runsvdir", "immortal", "forego", "pm2", "pm2-runtime", "s6-svscan", "goreman")
LOCKS = ("filelock.FileLock", "FileLock", "fcntl.flock", "fcntl.lockf", "portalocker.Lock", "portalocker.lock", "fasteners.InterProcessLock", "InterProcessLock", "proper-lockfile.lock", "lockfile.LockFile", "zc.lockfile.LockFile", "SoftFileLock")
SCHEDULERS = (
    "BackgroundScheduler", "BlockingScheduler", "AsyncIOScheduler", "APScheduler", "node-cron.schedule", "cron.schedule", "new Cron", "croner", "Cron", "CronJob", "CronJob.from", "node-schedule.scheduleJob", "schedule.scheduleJob",
    "repeat_every", "schedule.every", "ScheduleModule.forRoot", "RecurrenceRule", "cron.CronJob", "croner.Cron",
)  # fmt: skip
CRON_HOMES = ("apscheduler", "flask_apscheduler", "node-cron", "cron", "croner", "node-schedule", "fastapi_utils", "fastapi_utilities", "schedule", "@nestjs/schedule", "rocketry", "toad-scheduler")
LITERAL = re.compile(r"^\d+$")
WORKERS = {"gunicorn": ("-w", "--workers"), "uvicorn": ("--workers",), "hypercorn": ("-w", "--workers"), "granian": ("--workers",), "fastapi": ("--workers",), "uwsgi": ("--processes", "-p", "--workers"), "celery": ("-c", "--concurrency")}


def process_types(picture: Picture) -> Iterator[Judgement]:
    """VIII-1."""
    found = list(_eager(picture))
    yield from found
    for process in picture.processes:
        if process.origin == "procfile" and process.stage == "run" and not found:
            yield Hold(f"process type {process.name} is declared", process.place)


def _eager(picture: Picture) -> Iterator[Finding]:
    for module, assign in picture.assigns("CELERY_TASK_ALWAYS_EAGER", "CELERY_ALWAYS_EAGER", "task_always_eager", "HUEY_IMMEDIATE", "DRAMATIQ_EAGER"):
        if module.role != "app" or is_development(assign.path) or development_only(module, assign.guards):
            continue
        value = assign.value
        if (value.kind == "bool" and value.text == "True") or (value.kind == "other" and value.text == "not"):
            severity = "medium" if value.kind == "bool" else "low"
            yield find("VIII-1", severity, "without a broker background work runs inside the request", assign.place, fix="declare a worker process, and attach a broker")


def scales_out(picture: Picture) -> Iterator[Judgement]:
    """VIII-2."""
    held = []
    for module, assign in picture.assigns():
        if module.role == "app" and assign.name.isupper() and re.search(r"\.(lock|lck)$", text_of(trace(module, assign.value))) and assign.value.kind in ("str", "join", "env", "call"):
            held.append(find("VIII-2", "medium", f"{assign.name} is a lock file: it binds the processes of one machine alone", assign.place, fix="lock in the database or in Redis"))
    for module, call in picture.calls(*LOCKS):
        if module.role == "app" and not is_command(call.path, call.function) and not is_development(call.path):
            held.append(find("VIII-2", "medium", "a file lock binds the processes of one machine alone", call.place, fix="lock in the database or in Redis"))
    yield from grouped(held)


def foreground(picture: Picture) -> Iterator[Judgement]:
    """VIII-3."""
    held = [*_daemons(picture), *_daemon_files(picture), *_daemon_code(picture)]
    yield from grouped(held)
    if not held:
        for process, step in _live(picture):
            if serves(step):
                yield Hold("the server stays in the foreground", process.place)
                return


def _live(picture: Picture) -> Iterator[tuple[Process, Step]]:
    for process in picture.processes:
        if process.stage in ("run", "hook") and not process.development:
            for step in process.steps:
                yield process, step


def _daemons(picture: Picture) -> Iterator[Finding]:
    for _, step in _live(picture):
        words = module_of(step)
        program = words[0].rpartition("/")[2] if words else ""
        pid = step.option("--pid", "--pidfile", "-p") if program in ("gunicorn", "celery", "uwsgi") and not (program == "uwsgi" and step.has("-p")) else None
        if program == "gunicorn" and step.has("-D", "--daemon"):
            yield find("VIII-3", "high", "gunicorn goes into the background", step.place, fix="leave --daemon out")
        elif program == "celery" and (step.has("--detach", "-D") or "multi" in words):
            yield find("VIII-3", "high", "celery goes into the background", step.place, fix="celery worker, in the foreground")
        elif pid and not pid.startswith("/dev/null") and program != "gunicorn":
            yield find("VIII-3", "medium", f"{program} writes a PID file, {pid}", step.place, fix="--pidfile=" if program == "celery" else "leave it out")
        elif program == "gunicorn" and step.option("--pid", "-p"):
            yield find("VIII-3", "medium", f"gunicorn writes a PID file, {step.option('--pid', '-p')}", step.place, fix="leave --pid out")
        elif program == "pm2" and "start" in words and not step.has("--no-daemon"):
            yield find("VIII-3", "medium", "pm2 goes into the background", step.place, fix="start node itself")
        elif program in ("nohup", "start-stop-daemon", "daemonize", "setsid"):
            yield find("VIII-3", "medium", f"{program} takes the process out of the platform's hands", step.place, fix="run it in the foreground")


def _daemon_files(picture: Picture) -> Iterator[Finding]:
    for one in picture.options:
        if one.section == "uwsgi" and one.key in ("daemonize", "daemonize2", "pidfile", "safe-pidfile", "pidfile2"):
            yield find("VIII-3", "medium", f"uwsgi {'goes into the background' if 'daemon' in one.key else 'writes a PID file'}", one.place, fix=f"remove {one.key}")
        if one.section == "supervisord" and one.key == "nodaemon" and one.value.lower() == "false":
            yield find("VIII-3", "medium", "supervisord goes into the background", one.place, fix="nodaemon=true")


def _daemon_code(picture: Picture) -> Iterator[Finding]:
    for module, call in picture.calls("daemon.DaemonContext", "DaemonContext", "daemonize.Daemonize", "os.setsid", "PIDLockFile"):
        if module.role == "app" and (call.last != "setsid" or any(other.name == "os.fork" for other in module.calls)):
            yield find("VIII-3", "medium", "the app makes itself a daemon", call.place, fix="stay in the foreground")


def one_type(picture: Picture) -> Iterator[Judgement]:
    """VIII-4."""
    held = [*_glued(picture), *_managed(picture), *_side_by_side(picture)]
    yield from grouped(held)
    if not held:
        for process, step in _live(picture):
            if serves(step) and len(process.steps) == 1:
                yield Hold("one program, one process", step.place)
                return


def _glued(picture: Picture) -> Iterator[Finding]:
    for process in picture.processes:
        if process.origin == "uwsgi" and process.name.startswith(("attach-daemon", "smart-attach", "mule", "cron", "legion")):
            yield find("VIII-4", "high", "workers hang on the web process, and cannot be scaled apart", process.place, fix="declare a process type for each")


def _managed(picture: Picture) -> Iterator[Finding]:
    groups: dict[str, list[tuple[Process, list[Step]]]] = {}
    for process in picture.processes:
        if process.origin in ("s6", "supervisord") and process.stage == "run":
            main = [step for step in process.steps if step.exec or process.origin == "supervisord" or serves(step) or is_worker(step)]
            if main and not is_development(process.path):
                groups.setdefault(process.origin, []).append((process, main))
    for origin, held in groups.items():
        if len(held) > 1:
            places = [step.place for _, main in held for step in main]
            yield find("VIII-4", "high", f"{origin} runs {len(held)} process types in one container: {', '.join(sorted({p.name for p, _ in held})[:6])}", *dict.fromkeys(places), fix="declare a process type for each")


def _side_by_side(picture: Picture) -> Iterator[Finding]:
    for process in picture.processes:
        if process.stage not in ("run", "hook") or process.development or process.origin in ("s6", "supervisord", "uwsgi"):
            continue
        for step in process.steps:
            if step.program in MANAGERS and step.program not in ("supervisord", "s6-svscan", "pm2-runtime", "pm2"):
                yield find("VIII-4", "medium", f"{step.program} manages processes inside the process", step.place, fix="declare each in the Procfile")
        lasting = [step for step in process.steps if serves(step) or is_worker(step) or (step.program == "celery" and "beat" in step.words) or (step.background and step.program in ("python", "python3", "node", "celery"))]
        beside = [step for step in lasting if step.background or (step.program == "celery" and step.has("-B", "--beat"))]
        if beside and len(lasting) > 1:
            yield find("VIII-4", "high", "several programs run side by side in one process", *dict.fromkeys(step.place for step in lasting), fix="declare a process type for each")


def fail_fast(picture: Picture) -> Iterator[Judgement]:
    """VIII-5."""
    for _, step in _live(picture):
        if step.loop and (serves(step) or is_worker(step)):
            yield find("VIII-5", "medium", "a loop in the shell restarts the process and hides that it died", step.place, fix="leave restarts to the platform")


def numbers_from_environment(picture: Picture) -> Iterator[Judgement]:
    """VIII-6."""
    held: list[Judgement] = []
    for _, step in _live(picture):
        words = module_of(step)
        program = words[0].rpartition("/")[2] if words else ""
        value = step._replace(words=words).option(*WORKERS[program]) if program in WORKERS else None
        if value and LITERAL.match(value):
            held.append(find("VIII-6", "info", f"{program} has {value} workers wherever it runs", step.place, fix="WEB_CONCURRENCY"))
    for module, assign in picture.assigns("workers", "threads"):
        if "gunicorn" in assign.path.rpartition("/")[2]:
            env = from_env(trace(module, assign.value))
            held.append(Hold("the number of workers comes from the environment", assign.place) if env else find("VIII-6", "info", f"gunicorn's {assign.name} are fixed", assign.place, fix="WEB_CONCURRENCY"))
    yield from held


def once(picture: Picture) -> Iterator[Judgement]:
    """VIII-7."""
    held = []
    for module, call in picture.calls(*SCHEDULERS):
        if module.role == "app" and not is_command(call.path, call.function) and not is_development(call.path) and (module.imports_any(*CRON_HOMES) or call.name.rpartition(".")[0] in CRON_HOMES):
            held.append(find("VIII-7", "medium", "a schedule runs inside the process: with three of them the job runs three times", call.place, fix="a process type for the clock, or `[schedule]` in twelve.toml"))
    for module in picture.modules:
        for function in module.functions if module.role == "app" else ():
            if any(d.rpartition(".")[2] in ("repeat_every", "Cron", "Interval", "scheduled_job") for d in function.decorators):
                held.append(find("VIII-7", "medium", "a schedule runs inside the process: with three of them the job runs three times", Place(module.path, function.line), fix="a process type for the clock"))
    for process, step in _live(picture):
        if is_worker(step) and step.program == "celery" and step.has("-B", "--beat"):
            held.append(find("VIII-7", "medium", "each worker has a clock of its own (-B)", step.place, fix="one celery beat process"))
        del process
    yield from grouped(held)


def limits(picture: Picture) -> Iterator[Judgement]:
    """OPS-1."""
    for one in picture.workloads:
        if one.image and not one.limits:
            yield find("OPS-1", "info", f"{one.name} declares no limits of its resources", Place(one.path, one.line))


RULES = (
    Rule(
        "VIII-1", "M", "Work is divided into declared process types", "concurrency", "low", process_types,
        found=(Example({"a/settings.py": "CELERY_TASK_ALWAYS_EAGER = not CELERY_BROKER_URL\n"}, "a/settings.py:1"),),
        spared=(Example({"Procfile": "web: gunicorn a\nworker: celery -A a worker\n"}), Example({"a/settings.py": "CELERY_TASK_ALWAYS_EAGER = False\n"})),
        why="Each kind of work scales by itself.", way_out="Name each in the Procfile.", never="metrics sent and forgotten, tasks of a websocket", tokens=("EAGER", "eager", "IMMEDIATE"),
    ),
    Rule(
        "VIII-2", "M", "It scales by adding processes, also on other machines", "concurrency", "medium", scales_out,
        found=(Example({"a/settings.py": "MEDIA_LOCK = MEDIA / 'media.lock'\n"}, "a/settings.py:1"), Example({"a.py": "from filelock import FileLock\ndef f():\n    with FileLock('x'):\n        pass\n"}, "a.py:3")),
        spared=(Example({"a.py": "import threading\nLOCK = threading.Lock()\n"}), Example({"a.py": "LOCKS = ['uv.lock']\n"})),
        why="A lock file means nothing to a process on another machine.", way_out="Lock in the database or in Redis.", tokens=(),
        near=((('lock', 'Lock', 'LOCK'), '\\.lock\\b|\\.lck\\b|FileLock|flock|lockf|portalocker|InterProcessLock|proper-lockfile|lockfile'),),
        never="locks between threads", 
    ),
    Rule(
        "VIII-3", "M", "Processes never daemonise and write no PID file", "concurrency", "medium", foreground,
        found=(Example({"Procfile": "web: gunicorn --daemon a:app\n"}, "Procfile:1"), Example({"uwsgi.ini": "[uwsgi]\ndaemonize = /var/log/uwsgi.log\n"}, "uwsgi.ini:2"), Example({"Procfile": "worker: celery -A a worker --pidfile=/run/c.pid\n"}, "Procfile:1")),
        spared=(Example({"Procfile": "web: gunicorn a:app\nworker: celery -A a worker --pidfile=\n"}), Example({"a.py": "from threading import Thread\nThread(target=f, daemon=True)\n"}), Example({"supervisord.conf": "[supervisord]\nnodaemon=true\n"})),
        why="The platform watches what it started; a daemon is what it did not start.", way_out="Stay in the foreground.", tokens=(),
        near=((('aemon', 'setsid', 'PIDLock'), 'DaemonContext|daemonize|os\\.setsid|PIDLockFile'),),
        never="daemon threads, nodaemon=true", 
    ),
    Rule(
        "VIII-4", "S", "One process type per process: no process manager inside", "concurrency", "high", one_type,
        found=(Example({"uwsgi.ini": "[uwsgi]\nattach-daemon = ./manage.py worker\n"}, "uwsgi.ini:2"), Example({"Dockerfile": 'FROM x:1\nCMD ["sh", "start.sh"]\n', "start.sh": "celery -A a worker &\ngunicorn a\n"}, "start.sh:1")),
        spared=(Example({"Dockerfile": 'FROM x:1\nENTRYPOINT ["tini", "--"]\nCMD ["gunicorn", "a"]\n'}),),
        why="What is glued together can be neither scaled nor restarted apart.", way_out="Declare each in the Procfile.", never="pre-fork servers, tini and dumb-init",
    ),
    Rule(
        "VIII-5", "S", "Crashes are left to the process manager: fail fast, non-zero", "concurrency", "medium", fail_fast,
        found=(Example({"Dockerfile": 'FROM x:1\nCMD ["sh", "run.sh"]\n', "run.sh": "while true; do\ngunicorn a\ndone\n"}, "run.sh:2"),),
        spared=(Example({"Dockerfile": 'FROM x:1\nCMD ["sh", "run.sh"]\n', "run.sh": "exec gunicorn a\n"}),),
        why="A hidden crash is found late.", way_out="Exit with a code that is not 0.", never="a bounded retry of one call",
    ),
    Rule(
        "VIII-6", "X", "Worker/thread numbers come from the environment", "platform samples (WEB_CONCURRENCY)", "info", numbers_from_environment,
        found=(Example({"Dockerfile": 'FROM x:1\nCMD ["gunicorn", "-w", "4", "a"]\n'}, "Dockerfile:2"),),
        spared=(Example({"gunicorn.conf.py": "import os\nworkers = os.environ.get('WEB_CONCURRENCY', 1)\n"}),),
        why="A bigger machine would serve no more.", way_out="WEB_CONCURRENCY.", tokens=(),
        near=((('workers', 'threads'), '^(workers|threads)\\s*='),),
        never="-", 
    ),
    Rule(
        "VIII-7", "S", "Periodic jobs run once however many instances there are", "concurrency + processes", "medium", once,
        found=(Example({"a.py": "from apscheduler.schedulers.background import BackgroundScheduler\ns = BackgroundScheduler()\n"}, "a.py:2"), Example({"a.js": "const cron = require('node-cron')\ncron.schedule('* * * * *', f)\n"}, "a.js:2")),
        spared=(Example({"Procfile": "beat: celery -A a beat\nworker: celery -A a worker\n"}),),
        why="Scaling out must not send the mail three times.", way_out="A clock process of quantity 1, or a schedule of the platform.", tokens=(),
        near=((('cron', 'Cron', 'schedule', 'repeat_every'), 'apscheduler|node-cron|[\\"\']cron[\\"\']|croner|node-schedule|(import|from) schedule|@nestjs/schedule|toad-scheduler|rocketry|repeat_every|scheduled_job'),),
        never="jobs that are local by nature, as clearing a cache",
        
    ),
    Rule(
        "OPS-1", "X", "Resource needs are declared", "later texts: operations", "info", limits,
        found=(Example({"k.yml": "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    - image: a:1\n"}, "k.yml:6"),),
        spared=(Example({"k.yml": "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    - image: a:1\n      resources: {limits: {memory: 1Gi}}\n"}),),
        why="Whoever places a process must know its size.", way_out="resources.limits.", never="-",
    ),
)  # fmt: skip
