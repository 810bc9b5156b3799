"""What reading can judge of factor XI: logs are event streams."""

import re
from collections.abc import Iterator

from twelve.finding import Finding, Place
from twelve.picture.code import Assign, Module, is_command
from twelve.picture.commands import INTERPRETERS, Step, is_worker, module_of, serves
from twelve.picture.origin import development_only, trace
from twelve.picture.paths import is_development
from twelve.picture.rule import Example, Hold, Judgement, Picture, Rule, find, grouped
from twelve.picture.sinks import sinks
from twelve.picture.value import Value, env_keys, plain, strings, text_of, walk

FILE_HANDLERS = ("FileHandler", "RotatingFileHandler", "TimedRotatingFileHandler", "WatchedFileHandler", "ConcurrentRotatingFileHandler", "winston.transports.File", "transports.File", "transports.DailyRotateFile", "DailyRotateFile", "winston-daily-rotate-file", "rotating-file-stream.createStream")
FILE_CLASS = re.compile(r"(^|\.)\w*FileHandler$")
STDOUT = re.compile(r"^(-|/dev/(stdout|stderr|null|fd/\d)|/proc/\S+/fd/\d|syslog|NONE|AUTO|off|none|none?)$")
SHIPPERS = ("SysLogHandler", "SocketHandler", "DatagramHandler", "HTTPHandler", "SMTPHandler", "watchtower.CloudWatchLogHandler", "CloudWatchLogHandler", "LogstashHandler", "AsynchronousLogstashHandler", "GELFUDPHandler", "GELFTCPHandler", "FluentHandler", "LokiHandler", "winston-cloudwatch", "WinstonCloudWatch", "winston-loki", "LokiTransport", "transports.Http", "transports.Syslog", "winston-syslog.Syslog")
SHIPPED = re.compile(r"(^|\.)(SysLogHandler|SocketHandler|DatagramHandler|HTTPHandler|\w*(Logstash|CloudWatch|Loki|Fluent|GELF|Database|DB|Db|Mongo|Elastic|Kafka|Redis)\w*Handler)$")
KNOWN_HANDLER = re.compile(r"StreamHandler|NullHandler|RichHandler|AdminEmailHandler|EventHandler|MemoryHandler|QueueHandler|FileHandler|ConsoleHandler|Sentry|Rollbar|OTLP|LoggingHandler|ColorizingStreamHandler|ServerFormatter")
ROTATION = re.compile(r"^(LOG_?ROTATE\w*|LOG_(MAX|BACKUP|RETENTION|KEEP|ROTATION)\w*|LOG_?FILE(_(NAME|PATH|SIZE|MAX\w*|COUNT))?|LOG_FILENAME)$")
LOG_DIR = re.compile(r"(^|_)(LOG(S|GING)?_?(DIR|PATH|FOLDER|ROOT|DIRECTORY))$", re.IGNORECASE)
OPTIONS = ("--log-file", "--access-logfile", "--error-logfile", "--logfile", "--access-log-file", "--logto", "--access-log-path", "--log-path")
INI = ("stdout_logfile", "stderr_logfile", "logfile", "logto", "logto2", "req-logger", "logger")
RATED = {"file", "dateFile", "fileSync", "multiFile"}


def no_log_files(picture: Picture) -> Iterator[Judgement]:
    """XI-1."""
    held = [*_handlers(picture), *_configured(picture), *_folders(picture), *_opened(picture), *_options(picture), *_files(picture)]
    seen: set[Place] = set()
    kept = []
    for one in held:
        if one.places[0] not in seen:
            seen.add(one.places[0])
            kept.append(one)
    yield from grouped(kept)
    if not kept:
        for _, step in _live(picture):
            if serves(step):
                yield Hold("no log file is opened", step.place)
                return


def _live(picture: Picture) -> Iterator[tuple[str, Step]]:
    for process in picture.processes:
        if process.stage in ("run", "hook") and not process.development:
            for step in process.steps:
                yield process.name, step


def _own(module: Module, path: str) -> bool:
    return module.role == "app" and not is_development(path)


def _handlers(picture: Picture) -> Iterator[Finding]:
    for module, call in picture.calls(*FILE_HANDLERS):
        first = call.value.argument(0, "filename")
        if _own(module, call.path) and not is_command(call.path, call.function) and not STDOUT.match(plain(first) or "") and not development_only(module, call.guards):
            yield find("XI-1", "high", f"the app writes a log file ({call.last.removeprefix('new ')})", call.place, fix="log to stdout: twelve check --fix XI-1")
    for module, call in picture.calls("logging.basicConfig", "basicConfig", "logger.add", "loguru.logger.add", "fileConfig", "log4js.configure"):
        if not _own(module, call.path) or is_command(call.path, call.function):
            continue
        given = call.value.get("filename") if call.last == "basicConfig" else call.value.argument(0, "sink") if call.last == "add" else None
        if given is not None and given.kind in ("str", "join", "name", "env") and not STDOUT.match(plain(given) or "") and not re.search(r"std(out|err)|sink|handler", given.text) and (given.kind != "name" or call.last == "basicConfig"):
            yield find("XI-1", "high", f"the app writes a log file ({call.last})", call.place, fix="log to stdout: twelve check --fix XI-1")
        if call.last == "configure" and any(part.kind == "dict" and plain(part.get("type")) in RATED for part in walk(call.value)):
            yield find("XI-1", "high", "the app writes a log file (log4js)", call.place, fix="type: 'stdout'")
    for module, call in picture.calls("pino.destination", "pino.transport", "pino"):
        texts = [text for text in strings(call.value) if re.search(r"\.log$|pino/file", text)]
        if _own(module, call.path) and texts:
            yield find("XI-1", "high", "the app writes a log file (pino)", call.place, fix="leave the destination out")


def _configured(picture: Picture) -> Iterator[Finding]:
    for module, assign, part in _handler_dicts(picture):
        name = part.get("class") or part.get("()")
        if name is None or not FILE_CLASS.search(text_of(name)) or development_only(module, assign.guards):
            continue
        if not STDOUT.match(plain(part.get("filename")) or ""):
            yield find("XI-1", "high", f"the app writes a log file ({text_of(name).rpartition('.')[2]})", Place(assign.path, name.line or assign.line), fix="log to stdout: twelve check --fix XI-1")


def _handler_dicts(picture: Picture) -> Iterator[tuple[Module, Assign, Value]]:
    """The handlers of each dictConfig in app code."""
    for module, assign in picture.assigns("LOGGING", "LOGGING_CONFIG", "LOG_CONFIG", "logging_config", "LOGGING_DICT", "log_config", "logconfig_dict", "handlers"):
        if _own(module, assign.path):
            held = assign.value.get("handlers") if assign.value.kind == "dict" and assign.name != "handlers" else assign.value if assign.target.endswith(".handlers") or assign.name == "handlers" else None
            for _, part in held.items() if held is not None and held.kind == "dict" else ():
                if part.kind == "dict":
                    yield module, assign, part
    for module, call in picture.calls("dictConfig"):
        held = call.value.argument(0)
        held = held.get("handlers") if held is not None and held.kind == "dict" else None
        for _, part in held.items() if held is not None and held.kind == "dict" else ():
            if part.kind == "dict" and _own(module, call.path):
                yield module, Assign("dictConfig", call.value, call.line, call.path, guards=call.guards), part


def _folders(picture: Picture) -> Iterator[Finding]:
    for module, call in picture.calls("mkdir", "makedirs", "os.makedirs", "os.mkdir", "mkdirSync", "ensureDirSync"):
        given = call.receiver if call.last == "mkdir" and call.receiver is not None and call.name != "os.mkdir" and module.language == "python" else (call.value.parts[0] if call.value.parts else None)
        if _own(module, call.path) and given is not None and (LOG_DIR.search(given.text.rpartition(".")[2]) or re.search(r"(^|/)logs?/?$", text_of(given))):
            yield find("XI-1", "high", "the app makes a folder for its log files", call.place, fix="log to stdout")


def _opened(picture: Picture) -> Iterator[Finding]:
    for module in picture.modules:
        if not _own(module, module.path):
            continue
        for sink in sinks(module):
            if sink.kind == "log" and sink.caller != "command" and not re.search(r"catalog|changelog|blog|dialog|CHANGELOG", sink.text):
                yield find("XI-1", "high", f"the app writes a log file, {sink.text.replace('{}', '…')[-30:]}", sink.place, fix="write the event to stdout")


def _options(picture: Picture) -> Iterator[Finding]:
    for _, step in _live(picture):
        words = module_of(step)
        if not (serves(step) or is_worker(step) or step.program in ("celery", "supervisord", *INTERPRETERS)) or not words:
            continue
        for option in OPTIONS:
            value = step.option(option)
            if value and not STDOUT.match(value) and not value.startswith(("-", "$")):
                yield find("XI-1", "high", f"{step.program} writes a log file, {value}", step.place, fix=f"{option} -")


def _files(picture: Picture) -> Iterator[Finding]:
    for one in picture.options:
        if one.key in INI and one.section.startswith(("program:", "uwsgi", "supervisord", "eventlistener:", "fcgi-program:")) and one.value and not STDOUT.match(one.value) and not one.value.startswith(("stdio", "file:/dev")) and not is_development(one.path) and (one.section != "supervisord" or one.value != "/dev/null"):
            yield find("XI-1", "medium", f"{one.section.partition(':')[0]} writes a log file, {one.value[:40]}", one.place, fix=f"{one.key}=/dev/stdout")
    for path, file in picture.files.items():
        if re.search(r"(^|/)logrotate(\.d/[\w.-]+|\.conf|[\w.-]*\.conf)?$", path) and file.role == "app":
            yield find("XI-1", "medium", "log files are rotated on the machine", Place(path, 1), fix="leave the stream to the platform")
    for module, assign in picture.assigns("accesslog", "errorlog"):
        value = plain(assign.value)
        if "gunicorn" in assign.path and value and not STDOUT.match(value) and module.role == "app":
            yield find("XI-1", "high", f"gunicorn writes a log file, {value}", assign.place, fix=f'{assign.name} = "-"')


def to_stdout(picture: Picture) -> Iterator[Judgement]:
    """XI-2."""
    logged = [(m, a) for m, a in picture.assigns("LOGGING") if _own(m, a.path) and a.value.kind == "dict"]
    for module, assign in logged:
        handlers = assign.value.get("handlers")
        if handlers is None or handlers.kind != "dict":
            continue
        texts = " ".join(strings(handlers)) + " " + " ".join(part.text for part in walk(handlers))
        if re.search(r"StreamHandler|RichHandler|[Cc]onsole|stdout|stderr", texts):
            yield Hold("events go to the stream", assign.place)
        elif not re.search(r"\*\*|\{\}", " ".join(handlers.keys)) and module.assigned("LOGGING")[0] is assign:
            yield find("XI-2", "medium", "no handler of LOGGING writes to the stream", assign.place, fix="add a StreamHandler: twelve check --fix XI-2")
    if not logged:
        for module, assign in picture.assigns("INSTALLED_APPS"):
            if _own(module, assign.path) and not any(True for _ in picture.assigns("LOGGING", "LOGGING_CONFIG")) and not any(m.imports_any("structlog", "loguru") for m in picture.modules):
                yield find("XI-2", "low", "with DEBUG off Django writes nothing to the stream: there is no LOGGING", Place(assign.path, assign.line), fix="twelve check --fix XI-2")
                return


def unbuffered(picture: Picture) -> Iterator[Judgement]:
    """XI-3."""
    for docker in picture.dockerfiles:
        if docker.development:
            continue
        said = [(one, match) for one in docker.instructions if one.word == "ENV" and (match := re.search(r"PYTHONUNBUFFERED[= ]\s*[\"']?(\w*)", one.text))]
        for one, match in said:
            number = next((number for number, raw in one.lines if "PYTHONUNBUFFERED" in raw), one.line)
            if match[1] in ("0", ""):
                yield find("XI-3", "medium", f"PYTHONUNBUFFERED={match[1]} leaves the stream buffered", Place(docker.path, number), fix="PYTHONUNBUFFERED=1")
            else:
                yield Hold("the stream is unbuffered", Place(docker.path, number))
        start = next((one for one in reversed(docker.instructions) if one.word in ("CMD", "ENTRYPOINT")), None)
        steps = [s for p in picture.processes if p.path == docker.path and p.stage == "run" for s in p.steps if s.program.startswith("python") and s.words[1:2] != ("-m",)]
        plainly = [s for s in steps if "-u" not in s.words and not any("manage.py" in word for word in s.words)]
        if not said and start is not None and plainly and start.stage == docker.final:
            yield find("XI-3", "low", "the output of python is buffered: events come late, and the last are lost", plainly[0].place, fix="ENV PYTHONUNBUFFERED=1: twelve check --fix XI-3")


def no_destination(picture: Picture) -> Iterator[Judgement]:
    """XI-5."""
    held: list[Finding] = []
    packages = {path.partition("/")[0] for path in picture.files if path.endswith(".py")}
    for module, assign, part in _handler_dicts(picture):
        name = part.get("class") or part.get("()")
        text = text_of(name) if name is not None else ""
        local = text.partition(".")[0] in packages and text.rpartition(".")[2].endswith("Handler")
        if name is not None and (SHIPPED.search(text) or local) and not KNOWN_HANDLER.search(text) and not development_only(module, assign.guards):
            where = "into a handler of its own" if local else "away"
            held.append(find("XI-5", "high" if local else "medium", f"the app routes its stream {where} ({text.rpartition('.')[2]})", Place(assign.path, name.line or assign.line), fix="log to stdout; drains belong to the platform"))
    for module, call in picture.calls(*SHIPPERS):
        if _own(module, call.path) and not is_command(call.path, call.function) and ("og" in call.name or module.imports_any("logging", "winston")):
            held.append(find("XI-5", "medium", f"the app ships its own logs ({call.last.removeprefix('new ')})", call.place, fix="log to stdout; drains belong to the platform"))
    for module, assign in picture.assigns():
        if _own(module, assign.path) and assign.function is None and ROTATION.match(assign.name) and (env_keys(assign.value) or "ROTAT" in assign.name or "BACKUP" in assign.name):
            held.append(find("XI-5", "medium", f"the app configures where its logs go and how long they stay ({assign.name.partition('_')[0]}…)", assign.place, fix="leave it to the platform"))
    yield from grouped(held)


def no_secrets(picture: Picture) -> Iterator[Judgement]:
    """XI-6."""
    for module, call in picture.calls("print", "info", "debug", "warning", "error", "log", "console.log"):
        names = [part.text for part in call.value.parts if part.kind == "name"]
        if _own(module, call.path) and any(re.search(r"^(os\.environ|process\.env|request\.(body|POST|data)|req\.body|settings)$", name) for name in names):
            yield find("XI-6", "low", f"{names[0]} goes into the stream as a whole", call.place, fix="name the fields")


def visible(picture: Picture) -> Iterator[Judgement]:
    """TEL-1."""
    for one in picture.workloads:
        if one.kind == "Deployment" and not one.probes:
            yield find("TEL-1", "info", f"{one.name} has no probes", Place(one.path, one.line))


def traced(picture: Picture) -> Iterator[Judgement]:
    """TEL-2."""
    for manifest in picture.manifests:
        for one in manifest.requirements:
            if one.name.startswith(("opentelemetry", "@opentelemetry", "prometheus", "prom-client", "django-prometheus")):
                yield Hold(f"{one.name} is declared", Place(one.path, one.line))
                return


RULES = (
    Rule(
        "XI-1", "M", "The app writes and manages no log files", "logs", "high", no_log_files,
        found=(
            Example({"a/v.py": "import logging\nlogging.basicConfig(level=1, filename='app.log')\n"}, "a/v.py:2"),
            Example({"a/settings.py": "LOGGING = {'handlers': {'f': {\n    'class': 'logging.FileHandler',\n    'filename': 'a.log'}}}\n"}, "a/settings.py:2"),
            Example({"l.js": "const winston = require('winston')\nwinston.createLogger({ transports: [\n new winston.transports.File({ filename: 'e.log' })] })\n"}, "l.js:3"),
            Example({"Procfile": "web: gunicorn a --access-logfile /var/log/a.log\n"}, "Procfile:1"),
        ),
        spared=(
            Example({"Procfile": "web: gunicorn a --log-file - --access-logfile /dev/stdout\n"}),
            Example({"a/settings.py": "LOGGING = {'handlers': {'c': {'class': 'logging.StreamHandler'}, 'n': {'class': 'logging.NullHandler'}}}\n"}),
            Example({"gunicorn.conf.py": "accesslog = '-'\n"}), Example({"supervisord.conf": "[program:a]\ncommand=x\nstdout_logfile=/dev/stdout\n"}),
        ),
        why="A file on the process's disk is lost with it, fills it, and nobody reads it.", way_out="Write each event to stdout.", tokens=("FileHandler", "basicConfig", "logger.add", "LOGGING", "dictConfig", "transports", "log4js", "pino", "accesslog", "errorlog", "RotateFile", "rotating-file", "log_config", "logconfig", "fileConfig"),
        near=((('.log', '/log'), '\\.log[\\"\'`.]|[\\"\'`/]logs?[\\"\'`/]'), (('mkdir', 'makedirs', 'ensureDir'), '(?i)logs?(ging)?_?(dir|path|folder|root)|[\\"\'`/]logs?/?[\\"\'`]'), (('LOG_', 'LOGGING_', 'log_', 'LOG'), 'LOG_CONFIG|logging_config|LOGGING_DICT')),
        never="`-`, /dev/stdout, NullHandler",
        fixable=True,
    ),
    Rule(
        "XI-2", "M", "The event stream goes to stdout", "logs", "low", to_stdout,
        found=(Example({"a/settings.py": "LOGGING = {'handlers': {'db': {'class': 'a.logs.Handler'}}}\n"}, "a/settings.py:1"), Example({"a/settings.py": "INSTALLED_APPS = []\n"}, "a/settings.py:1")),
        spared=(Example({"a/settings.py": "INSTALLED_APPS = []\nLOGGING = {'handlers': {'console': {'class': 'logging.StreamHandler'}}}\n"}),),
        why="What is not on the stream nobody can collect.", way_out="A StreamHandler.", never="libraries; print and morgan write to the stream", tokens=("LOGGING", "INSTALLED_APPS"), fixable=True, prover=True,
    ),
    Rule(
        "XI-3", "M", "Unbuffered", "logs", "low", unbuffered,
        found=(Example({"Dockerfile": 'FROM python:3.12\nENV PYTHONUNBUFFERED=0\nCMD ["python", "a.py"]\n'}, "Dockerfile:2"), Example({"Dockerfile": 'FROM python:3.12\nCMD ["python", "a.py"]\n'}, "Dockerfile:2")),
        spared=(Example({"Dockerfile": 'FROM python:3.12\nENV PYTHONUNBUFFERED=1\nCMD ["python", "a.py"]\n'}), Example({"Dockerfile": 'FROM python:3.12\nCMD ["python", "-u", "a.py"]\n'})),
        why="The last events before a crash are the ones that one needs.", way_out="PYTHONUNBUFFERED=1.", never="logging.StreamHandler, which flushes each record", fixable=True, prover=True,
    ),
    Rule(
        "XI-5", "M", "The app does not choose destination or retention", "logs", "medium", no_destination,
        found=(
            Example({"a/settings.py": "LOGGING = {'handlers': {'db': {\n    'class': 'a.logs.Handler'}}}\n", "a/logs.py": ""}, "a/settings.py:2"),
            Example({"a/settings.py": "import os\nLOGROTATE_MAX_BACKUPS = os.getenv('LOGROTATE_MAX_BACKUPS', 20)\n"}, "a/settings.py:2"),
        ),
        spared=(Example({"a/settings.py": "LOGGING = {'handlers': {'c': {'class': 'logging.StreamHandler'}, 'm': {'class': 'django.utils.log.AdminEmailHandler'}}}\n"}),),
        why="Where the stream ends differs from deploy to deploy.", way_out="Drains of the platform.", tokens=("LOGGING", "dictConfig", "SysLog", "Logstash", "CloudWatch", "cloudwatch", "Loki", "loki", "Fluent", "GELF", "SocketHandler", "HTTPHandler", "SMTPHandler", "DatagramHandler", "transports", "winston"),
        near=((('LOG',), '\\b(LOG_?ROTATE\\w*|LOG_(MAX|BACKUP|RETENTION|KEEP|ROTATION)\\w*|LOG_?FILE\\w*)'), (('LOG_', 'logging_config', 'log_config', 'handlers'), 'LOG_CONFIG|logging_config|LOGGING_CONFIG|log_config|logconfig_dict|handlers[\\"\']?\\s*[:=]')),
        never="error trackers and OTLP exporters that the environment configures",
        
    ),
    Rule(
        "XI-6", "X", "No secrets in the stream", "later texts", "low", no_secrets,
        found=(Example({"a.py": "import os\nprint(os.environ)\n"}, "a.py:2"),), spared=(Example({"a.py": "print('started')\n"}),),
        why="Logs are read by many.", way_out="Name the fields.", never="-", tokens=("os.environ", "process.env", "request.body", "req.body", "request.POST", "request.data"),
    ),
    Rule(
        "TEL-1", "X", "Liveness and readiness are visible", "later texts: telemetry", "info", visible,
        found=(Example({"k.yml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      containers:\n        - image: a:1\n"}, "k.yml:8"),),
        spared=(Example({"Procfile": "web: gunicorn a\n"}),), why="Who cannot see it cannot route around it.", way_out="Probes.", never="apps without resources",
    ),
    Rule(
        "TEL-2", "X", "Metrics and traces by open standards, targets from env", "later texts: telemetry", "info", traced,
        found=(), spared=(Example({"requirements.txt": "opentelemetry-api==1.0\n"}),), why="Numbers belong to a standard.", way_out="OTEL_*.", never="-", prover=True,
    ),
)  # fmt: skip
