"""What reading can judge of factor IX: processes start fast and stop gracefully."""

from twelve.factors.lifecycle.check.ending import ends_on_term, finishes, hands_back, short_requests
from twelve.factors.lifecycle.check.losing import loses_nothing, reentrant
from twelve.factors.lifecycle.check.starting import ready_soon, starts_alike
from twelve.picture.code import HANDLES
from twelve.picture.rule import Example, Rule

SLEEPS = ("time.sleep", "from time import", "import time as")

DONE = (
    "processed", "sent", "done", "completed", "handled", "delivered", "notified", "executed", "is_sent", "is_processed", "processed_at", "sent_at", "last_sent", "last_run", "is_done",
)  # fmt: skip
"""Columns that say that something was done."""
PAYMENT_WORDS = ("Charge", "PaymentIntent", "Refund", "Transfer", "Payout", "charges", "paymentIntents", "refunds", "transfers", "payouts")  # fmt: skip

RULES = (
    Rule(
        "IX-1", "M", "A process is ready a few seconds after launch", "disposability", "medium", ready_soon,
        found=(
            Example({"Dockerfile": 'FROM x:1\nCMD ["bash", "e.sh"]\n', "e.sh": "./wait-for-it.sh db:5432 -t 300 -- gunicorn a\n"}, "e.sh:1"),
            Example({"docker-compose.yml": "services:\n  web:\n    build: .\n    command: bash -c 'while !</dev/tcp/db/5432; do sleep 1; done; gunicorn a'\n"}, "docker-compose.yml:4"),
            Example({"pre_start.py": "from tenacity import retry, stop_after_attempt\ntries = 60 * 5\n@retry(stop=stop_after_attempt(tries))\ndef init():\n    pass\n"}, "pre_start.py:2"),
        ),
        spared=(Example({"Procfile": "web: gunicorn a\n"}), Example({"a.py": "from tenacity import retry, stop_after_attempt\n@retry(stop=stop_after_attempt(3))\ndef call():\n    pass\n"})),
        why="A process that waits cannot be moved or scaled quickly.", way_out="Start at once, and reconnect.", calls=("stop_after",),
        near=((("pipeline", "from_pretrained", "torch.load", "load_model", "spacy.load", "SentenceTransformer", "joblib", "nltk.download"), r"(?#here)[\w.]+\(", "transformers|torch|whisper|spacy|sentence_transformers|joblib|keras|tensorflow|nltk"),),
        never="a bounded retry of one call",
        prover=True,
    ),
    Rule(
        "IX-2", "M", "SIGTERM makes the process end by itself, gracefully", "disposability", "high", ends_on_term,
        doubt="a command that production may not run (see [the severities](../reference/check.md#high-and-medium)), and a development server",
        found=(
            Example({"Dockerfile": "FROM x:1\nCMD gunicorn a:app\n"}, "Dockerfile:2"),
            Example({"Dockerfile": 'FROM x:1\nCMD ["npm", "start"]\n', "package.json": '{"scripts": {"start": "node s.js"}}'}, "Dockerfile:2"),
            Example({"s.js": "const app = require('express')()\napp.listen(process.env.PORT)\n"}, "s.js:2"),
            Example({"uwsgi.ini": "[uwsgi]\nmodule = a\n"}, "uwsgi.ini:1"),
            Example({"Dockerfile": "FROM python:3.12\nCMD gunicorn a:app\n"}, "Dockerfile:2", severity="high"),
            Example({"docker-compose.yml": "services:\n  web:\n    build: .\n    command: sh -c 'sleep 1 && gunicorn a'\n    environment:\n      - FLASK_ENV=development\n"}, "docker-compose.yml:4", severity="medium"),
        ),
        spared=(
            Example({"Dockerfile": "FROM python:3.12-alpine AS base\nFROM base\nCMD gunicorn a:app\n"}, note="the shell of Alpine makes way for the last command"),
            Example({"Dockerfile": "FROM x:1\nCMD exec gunicorn a:app\n"}),
            Example({"docker-compose.yml": "services:\n  web:\n    build: .\n    command: bash -c 'echo hi; gunicorn a'\n"}),
            Example({"s.js": "const app = require('express')()\nconst s = app.listen(1)\nprocess.on('SIGTERM', () => s.close())\n"}),
            Example({"uwsgi.ini": "[uwsgi]\nmodule = a\ndie-on-term\n"}),
        ),
        why="A process that does not hear SIGTERM is killed with work in its hands.", way_out="exec, and a handler.", script_tokens=("SIGTERM", ".listen(", "enableShutdownHooks"),
        near=((SLEEPS, "while (?:True|1|not )", r"def (?:handle|handle_noargs|run|run_forever|loop|main|worker)\b"),),
        never="bash -c whose last command is the server: bash replaces itself",
        fixable=True, prover=True,
    ),
    Rule(
        "IX-3", "M", "A web process first stops taking new requests, then finishes the current ones", "disposability", "low", finishes,
        found=(
            Example({"Procfile": "web: gunicorn a --timeout 120 --graceful-timeout 10\n"}, "Procfile:1"),
            Example({"Procfile": "web: uvicorn a:app --timeout-graceful-shutdown 0\n"}, "Procfile:1"),
            Example({"gunicorn.conf.py": "timeout = 90\ngraceful_timeout = 5\n"}, "gunicorn.conf.py:2"),
        ),
        spared=(
            Example({"Procfile": "web: gunicorn a\n"}),
            Example({"Procfile": "web: gunicorn a --timeout 20 --graceful-timeout 30\n"}),
            Example({"Procfile": "web: uvicorn a:app --timeout-graceful-shutdown 20\n"}),
        ),
        why="A request under way should be answered.", way_out="A graceful timeout of the longest request's length; the platform drains before SIGTERM.",
        never="servers that are left at their own timeouts", sets=("graceful_timeout",), prover=True,
    ),
    Rule(
        "IX-4", "S", "Requests are short; long ones are cut or moved to workers", 'disposability ("no more than a few seconds")', "low", short_requests,
        found=(Example({"a.py": "import time\ndef view(request):\n    time.sleep(5)\n"}, "a.py:3"),), spared=(Example({"a.py": "import time\ndef retry():\n    time.sleep(5)\n"}),),
        why="A stop waits for the longest request.", way_out="Move the work to a worker.", tokens=(),
        near=((SLEEPS, "sleep", HANDLES),),
        never="streams and websockets", prover=True,
    ),
    Rule(
        "IX-5", "M", "On SIGTERM a worker hands its current job back (or ends it)", "disposability", "info", hands_back,
        found=(Example({"Procfile": "worker: celery -A a worker\n", "a.py": "import celery\n"}, "Procfile:1"),),
        spared=(Example({"Procfile": "worker: celery -A a worker\n", "a.py": "task_acks_late = True\n"}),),
        why="A job that nobody holds is lost.", way_out="task_acks_late, task_reject_on_worker_lost.", never="short jobs that end inside the grace", sets=("acks_late", "soft_shutdown", "ACKS_LATE"), prover=True,
    ),
    Rule(
        "IX-6", "M", "Sudden death loses nothing", "disposability", "high", loses_nothing,
        found=(
            Example({"a.py": "from threading import Thread\ndef send(message):\n    t = Thread(target=deliver, args=(message,))\n    t.start()\n"}, "a.py:3"),
            Example({"a.py": "def step(self):\n    n = q.update(processed=now())\n    self.pool.submit(notify, n)\n"}, "a.py:2"),
        ),
        spared=(Example({"a.py": "from threading import Thread\ndef lines(answer):\n    Thread(target=answer.read).start()\n    while True:\n        yield take()\n"}), Example({"a.py": "from threading import Thread\ndef start_metrics():\n    Thread(target=report_metrics).start()\n"}), Example({"a.py": "def step(self):\n    notify(x)\n    q.update(processed=now())\n"})),
        why="Work that lives in a process dies with it.", way_out="A queue that gives it out again.", tokens=(),
        near=((("add_task", "BackgroundTask"), r"(?#here)\w+\(", "fastapi|starlette"), (("create_task", "ensure_future"), HANDLES), (("Thread",), "Thread\\(|\\(\\w*\\.?Thread\\)"), (DONE, r"(?#here)(?<!\w)\w+\s*=", r"update\(")),
        never="metrics, caches", prover=True,
    ),
    Rule(
        "IX-7", "S", "Jobs are reentrant (idempotent)", "disposability", "low", reentrant,
        found=(Example({"a.py": "import stripe\n\n@shared_task\ndef pay(order):\n    stripe.PaymentIntent.create(amount=order.total)\n"}, "a.py:5"),),
        spared=(
            Example({"a.py": "import stripe\n\n@shared_task\ndef pay(order):\n    stripe.PaymentIntent.create(amount=order.total, idempotency_key=order.key)\n"}),
            Example({"a.py": "import stripe\n\ndef pay(request):\n    stripe.PaymentIntent.create(amount=5)\n"}),
        ),
        why="A job that is given out again runs twice.", way_out="A transaction, or a key.",
        never="effects inside the database, which a transaction undoes", near=((PAYMENT_WORDS, r"(Charge|PaymentIntent|Refund|Transfer|Payout|charges|paymentIntents|refunds|transfers|payouts)\s*\.\s*create\b"),), prover=True,
    ),
    Rule(
        "IX-8", "S", "Start after a crash is the same as a normal start", "disposability (crash-only)", "low", starts_alike,
        found=(Example({"Dockerfile": 'FROM x:1\nCMD ["sh", "start.sh"]\n', "start.sh": "rm -f /run/app.pid\nexec gunicorn a --pid /run/app.pid\n"}, "start.sh:1"),),
        spared=(
            Example({"Procfile": "web: gunicorn a\n"}),
            Example({"Dockerfile": 'FROM x:1\nRUN rm -f /run/nginx.pid\nCMD ["sh", "start.sh"]\n', "start.sh": "rm -rf /tmp/cache\nexec gunicorn a\n"}),
        ),
        why="There is only one way to start.", way_out="Keep nothing that must be repaired.", never="what a build removes; caches", prover=True,
    ),
)  # fmt: skip
