"""What reading can judge of factor IX: processes start fast and stop gracefully."""

import re
from collections.abc import Iterator

from twelve.finding import Finding, Place
from twelve.picture.code import Call, Function, Module, is_command, is_handler, is_task
from twelve.picture.commands import INTERPRETERS, Process, Step, is_worker, module_of, serves
from twelve.picture.origin import is_main, trace
from twelve.picture.paths import is_development
from twelve.picture.rule import Example, Hold, Judgement, Picture, Rule, find, grouped
from twelve.picture.value import walk

WAITER = re.compile(
    r"(^|/)(wait-for|wait-for-it|wait_for_it|wait-for-postgres|wait-for-db|waitfor|dockerize|wait4ports|wait)(\.sh)?$"
)
PROBES = re.compile(
    r"pg_isready|mysqladmin|redis-cli|/dev/tcp|^nc$|curl|wget|nmap|ping|psql|mongo|telnet|check_db|wait"
)
LONGEST = 60
MODELS = (
    "pipeline",
    "from_pretrained",
    "torch.load",
    "whisper.load_model",
    "spacy.load",
    "SentenceTransformer",
    "joblib.load",
    "load_model",
    "nltk.download",
)
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
DONE = re.compile(
    r"^(processed|sent|done|completed|handled|delivered|notified|executed|is_sent|is_processed|processed_at|sent_at|last_sent|last_run|is_done)$"
)
EFFECTS = frozenset(
    "submit notify send send_mail deliver post publish delay apply_async enqueue send_message execute_notification".split()
)
MAIL = re.compile(
    r"mail|send|notif|sms|message|webhook|deliver|payment|charge|order|save|write|upload",
    re.IGNORECASE,
)
METRICS = re.compile(
    r"metric|stat(s|sd)|telemetry|heartbeat|track|analytics|ping|watch|log|listen|monitor|consume|poll|serve|server|reader|loop|cache|warm|timer|progress|spinner|stream|signal|proxy",
    re.IGNORECASE,
)


def ready_soon(picture: Picture) -> Iterator[Judgement]:
    """IX-1."""
    yield from grouped([*_waits(picture), *_retries(picture), *_models(picture)])


def _live(picture: Picture) -> Iterator[tuple[Process, Step]]:
    for process in picture.processes:
        if process.stage in ("run", "hook") and not process.development:
            for step in process.steps:
                yield process, step


def _waits(picture: Picture) -> Iterator[Finding]:
    seen = set()
    for process, step in _live(picture):
        if step.place in seen:
            continue
        if WAITER.search(step.words[0] if step.words else "") and step.program != "wait":
            seen.add(step.place)
            limit = step.option("-t", "--timeout", "-timeout")
            bound = f"up to {limit} s" if limit else "for as long as it takes"
            yield find(
                "IX-1",
                "medium",
                f"the start waits {bound} for another service",
                step.place,
                fix="start at once, and reconnect",
            )
        elif step.loop and step.program == "sleep":
            loops = [
                other
                for other in process.steps
                if other.loop
                and other.path == step.path
                and abs(other.line - step.line) < 6
                and PROBES.search(other.text)
            ]  # noqa: PLR2004
            if loops:
                seen.add(step.place)
                yield find(
                    "IX-1",
                    "low",
                    "the start waits for another service without a bound",
                    loops[0].place,
                    fix="start at once, and reconnect",
                )


def _retries(picture: Picture) -> Iterator[Finding]:
    for module, call in picture.calls("stop_after_attempt", "stop_after_delay"):
        if module.role not in ("app", "script") or not call.value.parts:
            continue
        value = trace(module, call.value.parts[0], call.function)
        startup = (
            re.search(r"pre_?start|wait|init|boot|entry", call.path)
            or call.function is None
            and _runs_at_start(module)
        )
        if (
            value.kind == "num"
            and value.text.replace(".", "", 1).isdigit()
            and float(value.text) >= LONGEST
            and startup
        ):
            yield find(
                "IX-1",
                "low",
                f"the start tries {value.text} times to reach another service",
                Place(call.path, value.line or call.line),
                fix="start at once, and reconnect",
            )


def _runs_at_start(module: Module) -> bool:
    return any(is_main(call.guards) for call in module.calls)


def _models(picture: Picture) -> Iterator[Finding]:
    for module, call in picture.calls(*MODELS):
        if (
            module.role == "app"
            and call.function is None
            and not is_main(call.guards)
            and module.imports_any(
                "transformers",
                "torch",
                "whisper",
                "spacy",
                "sentence_transformers",
                "joblib",
                "keras",
                "tensorflow",
                "nltk",
            )
        ):
            yield find(
                "IX-1",
                "medium",
                f"a model is loaded at import ({call.last})",
                call.place,
                fix="load it when it is first asked for, or in a worker",
            )


def ends_on_term(picture: Picture) -> Iterator[Judgement]:
    """IX-2."""
    held = [*_shells(picture), *_uwsgi(picture), *_node(picture), *_loops(picture)]
    yield from grouped(held)
    if not held:
        for _, step in _live(picture):
            if (
                serves(step) in ("gunicorn", "uvicorn", "hypercorn", "granian", "uwsgi")
                and not step.through
            ):
                yield Hold(f"{serves(step)} gets SIGTERM itself", step.place)
                return


def _shells(picture: Picture) -> Iterator[Finding]:
    """A shell or npm that stays in front of the server."""
    seen = set()
    for process, step in _live(picture):
        if process.origin not in ("dockerfile", "compose", "kubernetes") or not _lasting(step):
            continue
        front = [name for name in step.through if name not in ("supervisord", "uwsgi")]
        if not front or step.place in seen or _trapped(picture, process):
            continue
        seen.add(step.place)
        places = dict.fromkeys(
            [*(Place(path, line) for path, line in reversed(step.via)), step.place]
        )
        names = " and ".join(dict.fromkeys(front))
        yield find(
            "IX-2",
            "high",
            f"{names} stands in front of {step.program}, and does not pass SIGTERM on",
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
        for call in module.calls:
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
        for a in m.assigns
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


def hands_back(picture: Picture) -> Iterator[Judgement]:
    """IX-5."""
    workers = [step for _, step in _live(picture) if is_worker(step) and "celery" in step.text]
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
        "acks_late" in call.value.keys for module in picture.modules for call in module.calls
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


def loses_nothing(picture: Picture) -> Iterator[Judgement]:
    """IX-6."""
    yield from grouped([*_threads(picture), *_background(picture), *_marked(picture)])


def _threads(picture: Picture) -> Iterator[Finding]:
    own = {
        f.owner
        for module in picture.modules
        for f in module.functions
        if any(base.rpartition(".")[2] == "Thread" for base in f.bases)
    }
    for module, call in picture.calls("threading.Thread", "Thread", *own):
        if (
            module.role != "app"
            or module.language != "python"
            or is_development(call.path)
            or is_command(call.path, call.function)
            or is_task(call.function)
        ):
            continue
        if (
            call.function is None
            or call.function.name in ("main", "__init__", "run", "start")
            or is_main(call.guards)
        ):
            continue
        target = call.value.get("target")
        name = target.text.rpartition(".")[2] if target is not None else call.last
        if (
            (call.last == "Thread" and target is None)
            or METRICS.search(name)
            or METRICS.search(call.function.name)
            or METRICS.search(call.assigned)
        ):
            continue
        words = f"{name} {call.function.name} {call.path.rpartition('/')[2]}"
        severity = "high" if MAIL.search(words) else "low"
        yield find(
            "IX-6",
            severity,
            f"{name} runs in a thread of the web process: sudden death loses it",
            call.place,
            fix="hand it to a queue, and to a worker",
        )


def _background(picture: Picture) -> Iterator[Finding]:
    for module, call in picture.calls(
        "background_tasks.add_task",
        "background.add_task",
        "tasks.add_task",
        "BackgroundTask",
        "add_task",
    ):
        if (
            module.role == "app"
            and module.imports_any("fastapi", "starlette")
            and call.value.parts
            and not is_development(call.path)
        ):
            name = call.value.parts[0].text.rpartition(".")[2]
            if not METRICS.search(name):
                yield find(
                    "IX-6",
                    "medium",
                    f"{name or 'work'} runs in the web process after the answer: sudden death loses it",
                    call.place,
                    fix="hand it to a queue, and to a worker",
                )
    for module, call in picture.calls("asyncio.create_task", "asyncio.ensure_future"):
        if (
            module.role == "app"
            and is_handler(call.function)
            and not call.assigned
            and call.value.parts
            and call.value.parts[0].kind == "call"
            and not METRICS.search(call.value.parts[0].text)
            and MAIL.search(call.value.parts[0].text)
        ):
            yield find(
                "IX-6",
                "medium",
                f"{call.value.parts[0].text.rpartition('.')[2]} runs in the web process after the answer: sudden death loses it",
                call.place,
                fix="hand it to a queue",
            )


def _marked(picture: Picture) -> Iterator[Finding]:
    """Marked as done before it is done."""
    for module, call in picture.calls("update"):
        if (
            module.role != "app"
            or module.language != "python"
            or call.function is None
            or call.value.kind != "call"
        ):
            continue
        marks = [key for key in call.value.keys if DONE.match(key)]
        if not marks or call.value.arguments:
            continue
        later = [
            c
            for c in module.calls
            if c.function is not None
            and c.function.qualified == call.function.qualified
            and c.line > call.line
            and c.last in EFFECTS
        ]
        if later:
            yield find(
                "IX-6",
                "high",
                f"a job is marked {marks[0]} before {later[0].last}: sudden death in between loses it",
                call.place,
                fix="mark it when it is done, or claim it with a lease",
            )


def by_proof(_picture: Picture) -> Iterator[Judgement]:
    """Only a live process can show it."""
    yield from ()


RULES = (
    Rule(
        "IX-1", "M", "A process is ready a few seconds after launch", "disposability", "medium", ready_soon,
        found=(
            Example({"Dockerfile": 'FROM x:1\nCMD ["bash", "e.sh"]\n', "e.sh": "./wait-for-it.sh db:5432 -t 300 -- gunicorn a\n"}, "e.sh:1"),
            Example({"docker-compose.yml": "services:\n  web:\n    build: .\n    command: bash -c 'while !</dev/tcp/db/5432; do sleep 1; done; gunicorn a'\n"}, "docker-compose.yml:4"),
            Example({"pre_start.py": "from tenacity import retry, stop_after_attempt\ntries = 60 * 5\n@retry(stop=stop_after_attempt(tries))\ndef init():\n    pass\n"}, "pre_start.py:2"),
        ),
        spared=(Example({"Procfile": "web: gunicorn a\n"}), Example({"a.py": "from tenacity import retry, stop_after_attempt\n@retry(stop=stop_after_attempt(3))\ndef call():\n    pass\n"})),
        why="A process that waits cannot be moved or scaled quickly.", way_out="Start at once, and reconnect.", tokens=("stop_after",),
        near=((('pipeline', 'from_pretrained', 'torch.load', 'load_model', 'spacy.load', 'SentenceTransformer', 'joblib', 'nltk.download'), 'transformers|torch|whisper|spacy|sentence_transformers|joblib|keras|tensorflow|nltk'),),
        never="a bounded retry of one call",
        prover=True,
    ),
    Rule(
        "IX-2", "M", "SIGTERM makes the process end by itself, gracefully", "disposability", "high", ends_on_term,
        found=(
            Example({"Dockerfile": "FROM x:1\nCMD gunicorn a:app\n"}, "Dockerfile:2"),
            Example({"Dockerfile": 'FROM x:1\nCMD ["npm", "start"]\n', "package.json": '{"scripts": {"start": "node s.js"}}'}, "Dockerfile:2"),
            Example({"s.js": "const app = require('express')()\napp.listen(process.env.PORT)\n"}, "s.js:2"),
            Example({"uwsgi.ini": "[uwsgi]\nmodule = a\n"}, "uwsgi.ini:1"),
        ),
        spared=(
            Example({"Dockerfile": "FROM x:1\nCMD exec gunicorn a:app\n"}),
            Example({"docker-compose.yml": "services:\n  web:\n    build: .\n    command: bash -c 'echo hi; gunicorn a'\n"}),
            Example({"s.js": "const app = require('express')()\nconst s = app.listen(1)\nprocess.on('SIGTERM', () => s.close())\n"}),
            Example({"uwsgi.ini": "[uwsgi]\nmodule = a\ndie-on-term\n"}),
        ),
        why="A process that does not hear SIGTERM is killed with work in its hands.", way_out="exec, and a handler.", tokens=("SIGTERM", ".listen(", "enableShutdownHooks"),
        near=((('time.sleep', 'sleep'), 'while (True|1|not )'),),
        never="bash -c whose last command is the server: bash replaces itself",
        fixable=True, prover=True,
    ),
    Rule(
        "IX-3", "M", "A web process first stops taking new requests, then finishes the current ones", "disposability", "info", by_proof,
        found=(), spared=(Example({"Procfile": "web: gunicorn a\n"}),), why="A request under way should be answered.", way_out="The platform drains before SIGTERM.", never="-", prover=True,
    ),
    Rule(
        "IX-4", "S", "Requests are short; long ones are cut or moved to workers", 'disposability ("no more than a few seconds")', "low", short_requests,
        found=(Example({"a.py": "import time\ndef view(request):\n    time.sleep(5)\n"}, "a.py:3"),), spared=(Example({"a.py": "import time\ndef retry():\n    time.sleep(5)\n"}),),
        why="A stop waits for the longest request.", way_out="Move the work to a worker.", tokens=(),
        near=((('sleep',), 'time\\.sleep|import sleep'),),
        never="streams and websockets", prover=True,
    ),
    Rule(
        "IX-5", "M", "On SIGTERM a worker hands its current job back (or ends it)", "disposability", "info", hands_back,
        found=(Example({"Procfile": "worker: celery -A a worker\n", "a.py": "import celery\n"}, "Procfile:1"),),
        spared=(Example({"Procfile": "worker: celery -A a worker\n", "a.py": "task_acks_late = True\n"}),),
        why="A job that nobody holds is lost.", way_out="task_acks_late, task_reject_on_worker_lost.", never="short jobs that end inside the grace", tokens=("acks_late", "soft_shutdown", "ACKS_LATE"), prover=True,
    ),
    Rule(
        "IX-6", "M", "Sudden death loses nothing", "disposability", "high", loses_nothing,
        found=(
            Example({"a.py": "from threading import Thread\ndef send(message):\n    t = Thread(target=deliver, args=(message,))\n    t.start()\n"}, "a.py:3"),
            Example({"a.py": "def step(self):\n    n = q.update(processed=now())\n    self.pool.submit(notify, n)\n"}, "a.py:2"),
        ),
        spared=(Example({"a.py": "from threading import Thread\ndef start_metrics():\n    Thread(target=report_metrics).start()\n"}), Example({"a.py": "def step(self):\n    notify(x)\n    q.update(processed=now())\n"})),
        why="Work that lives in a process dies with it.", way_out="A queue that gives it out again.", tokens=("add_task", "BackgroundTask", "create_task", "ensure_future"),
        near=((('Thread',), 'Thread\\(|\\(\\w*\\.?Thread\\)'), (('update(',), '\\b(processed|sent|done|completed|handled|delivered|notified|executed|is_sent|is_processed|processed_at|sent_at|last_sent|last_run|is_done)\\s*=')),
        never="metrics, caches", prover=True,
    ),
    Rule(
        "IX-7", "S", "Jobs are reentrant (idempotent)", "disposability", "info", by_proof,
        found=(), spared=(Example({"Procfile": "web: gunicorn a\n"}),), why="A job that is given out again runs twice.", way_out="A transaction, or a key.", never="-", prover=True,
    ),
    Rule(
        "IX-8", "S", "Start after a crash is the same as a normal start", "disposability (crash-only)", "info", by_proof,
        found=(), spared=(Example({"Procfile": "web: gunicorn a\n"}),), why="There is only one way to start.", way_out="Keep nothing that must be repaired.", never="-", prover=True,
    ),
)  # fmt: skip
