"""What reading can judge of factor VIII: scale out by processes."""

from twelve.factors.concurrency.check.instances import foreground, once, scales_out
from twelve.factors.concurrency.check.types import (
    fail_fast,
    limits,
    numbers_from_environment,
    one_type,
    process_types,
)
from twelve.picture.rule import Example, Rule

RULES = (
    Rule(
        "VIII-1", "M", "Work is divided into declared process types", "concurrency", "low", process_types,
        found=(
            Example({"a/settings.py": "CELERY_TASK_ALWAYS_EAGER = not CELERY_BROKER_URL\n"}, "a/settings.py:1"),
            Example({"a.py": "from fastapi import FastAPI\napp = FastAPI()\n", "requirements.txt": "fastapi==0.1\n"}, "a.py:2"),
        ),
        spared=(
            Example({"a.py": "from flask import Flask\napp = Flask(__name__)\n", "Dockerfile": 'FROM x:1\nCMD ["gunicorn", "a:app"]\n'}),
            Example({"Procfile": "web: gunicorn a\nworker: celery -A a worker\n"}), Example({"a/settings.py": "CELERY_TASK_ALWAYS_EAGER = False\n"})),
        why="Each kind of work scales by itself.", way_out="Name each in the Procfile.", never="metrics sent and forgotten, tasks of a websocket", sets=("EAGER", "eager", "IMMEDIATE"), calls=("Flask", "FastAPI", "Bottle"), script_tokens=("express(",),
    ),
    Rule(
        "VIII-2", "M", "It scales by adding processes, also on other machines", "concurrency", "medium", scales_out,
        found=(Example({"a/settings.py": "MEDIA_LOCK = MEDIA / 'media.lock'\n"}, "a/settings.py:1"), Example({"a.py": "from filelock import FileLock\ndef f():\n    with FileLock('x'):\n        pass\n"}, "a.py:3")),
        spared=(Example({"a.py": "import threading\nLOCK = threading.Lock()\n"}), Example({"a.py": "LOCKS = ['uv.lock']\n"})),
        why="A lock file means nothing to a process on another machine.", way_out="Lock in the database or in Redis.", tokens=(),
        near=((("LOCK",), r"\.(?:lock(?<!\buv.lock)(?<!\b(?:pdm|bun).lock)(?<!\b(?:pixi|yarn|deno).lock)(?<!\b(?:Cargo|flake).lock)(?<!\bpoetry.lock)(?<!\b(?:Pipfile|Gemfile).lock)(?<!\bcomposer.lock)|lck)[\"'`]", r"\b[A-Z0-9_]*LOCK[A-Z0-9_]*[\"'\]]*\s*(?::[^=\n]*)?=\s*+(?![\[{]|\(\s*[\"'][^\"'\n]*[\"'],)"), (("flock", "lockf"), "fcntl"), (("FileLock", "portalocker", "InterProcessLock", "LockFile", "lockfile"), r"\b(?:\w*FileLock|InterProcessLock|LockFile|portalocker|proper-lockfile)\b")),
        never="locks between threads",
    ),
    Rule(
        "VIII-3", "M", "Processes never daemonise and write no PID file", "concurrency", "medium", foreground,
        found=(Example({"Procfile": "web: gunicorn --daemon a:app\n"}, "Procfile:1"), Example({"uwsgi.ini": "[uwsgi]\ndaemonize = /var/log/uwsgi.log\n"}, "uwsgi.ini:2"), Example({"Procfile": "worker: celery -A a worker --pidfile=/run/c.pid\n"}, "Procfile:1")),
        spared=(Example({"Procfile": "web: gunicorn a:app\nworker: celery -A a worker --pidfile=\n"}), Example({"a.py": "from threading import Thread\nThread(target=f, daemon=True)\n"}), Example({"supervisord.conf": "[supervisord]\nnodaemon=true\n"})),
        why="The platform watches what it started; a daemon is what it did not start.", way_out="Stay in the foreground.", tokens=(),
        near=((("aemon", "setsid", "PIDLock"), "\\.pid[\"']|DaemonContext|daemonize|PIDLockFile"), (("setsid",), "(?#here)setsid", r"\bos\.fork\b|\bimport\b[^\n]*\bfork\b")),
        never="daemon threads, nodaemon=true",
    ),
    Rule(
        "VIII-4", "S", "One process type per process: no process manager inside", "concurrency", "high", one_type,
        doubt="a script that production may not run, and the supervisord of a machine: nothing of the tree starts it in an image",
        found=(Example({"uwsgi.ini": "[uwsgi]\nattach-daemon = ./manage.py worker\n"}, "uwsgi.ini:2"), Example({"Procfile": "web: ./node_modules/.bin/forever server.js\n"}, "Procfile:1"), Example({"Dockerfile": 'FROM x:1\nCMD ["sh", "start.sh"]\n', "start.sh": "celery -A a worker &\ngunicorn a\n"}, "start.sh:1"),
            Example({"Dockerfile": "FROM x:1\nCMD supervisord -c supervisord.conf\n", "supervisord.conf": "[supervisord]\nnodaemon=true\n[program:a]\ncommand=gunicorn a\n[program:b]\ncommand=rq worker\n"}, "supervisord.conf:4", severity="high"),
            Example({"supervisord.conf": "[supervisord]\nnodaemon=true\n[program:a]\ncommand=gunicorn a\n[program:b]\ncommand=rq worker\n"}, "supervisord.conf:4", severity="medium"),
        ),
        spared=(
            Example({"Dockerfile": "FROM x:1 AS base\nFROM base AS web\nCOPY web.conf /etc/supervisor/conf.d/\nFROM base AS job\nCOPY job.conf /etc/supervisor/conf.d/\n", "supervisord.conf": "[supervisord]\nnodaemon=true\n", "web.conf": "[program:web]\ncommand=gunicorn a\n", "job.conf": "[program:job]\ncommand=celery -A a worker\n"}), Example({"Dockerfile": 'FROM x:1\nENTRYPOINT ["tini", "--"]\nCMD ["gunicorn", "a"]\n'}),
            Example({"ops/web.conf": "[program:web]\ncommand=gunicorn a\n", "ops/jobs.conf": "[program:jobs]\ncommand=rq worker\n"}, note="for the supervisord of a machine"),
        ),
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
        near=((("workers", "threads"), r"(?#here)(?<![^\n])(?:workers|threads)\s*="),),
        never="-",
    ),
    Rule(
        "VIII-7", "S", "Periodic jobs run once however many instances there are", "concurrency + processes", "medium", once,
        found=(Example({"a.py": "from apscheduler.schedulers.background import BackgroundScheduler\ns = BackgroundScheduler()\n"}, "a.py:2"), Example({"a.js": "const cron = require('node-cron')\ncron.schedule('* * * * *', f)\n"}, "a.js:2")),
        spared=(Example({"Procfile": "beat: celery -A a beat\nworker: celery -A a worker\n"}),),
        why="Scaling out must not send the mail three times.", way_out="A clock process of quantity 1, or a schedule of the platform.", tokens=("apscheduler", "repeat_every", "scheduled_job", "rocketry"), script_tokens=("node-cron", "croner", "node-schedule", "@nestjs/schedule", "toad-scheduler"),
        near=((("cron",), r"(?#script)(?:from|require\(|import)\s*[\"']cron[\"']"), (("schedule",), r"(?#here)(?:(?<=import )|(?<=from ))schedule")),
        never="jobs that are local by nature, as clearing a cache",

    ),
    Rule(
        "OPS-1", "X", "Resource needs are declared", "later texts: operations", "info", limits,
        found=(Example({"k.yml": "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    - image: a:1\n"}, "k.yml:6"),),
        spared=(Example({"k.yml": "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    - image: a:1\n      resources: {limits: {memory: 1Gi}}\n"}),),
        why="Whoever places a process must know its size.", way_out="resources.limits.", never="-",
    ),
)  # fmt: skip
