"""How XI-1 is judged."""

import re
from collections.abc import Iterator

from twelve.factors.logs.check.words import handler_dicts, own
from twelve.finding import Finding, Place
from twelve.picture.code import Call, Module, is_command
from twelve.picture.commands import INTERPRETERS, Step, is_worker, module_of, serves
from twelve.picture.origin import development_only
from twelve.picture.paths import is_development
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find, grouped
from twelve.picture.sinks import sinks
from twelve.picture.value import Value, plain, strings, text_of, walk

FILE_HANDLERS = (
    "FileHandler",
    "RotatingFileHandler",
    "TimedRotatingFileHandler",
    "WatchedFileHandler",
    "ConcurrentRotatingFileHandler",
    "winston.transports.File",
    "transports.File",
    "transports.DailyRotateFile",
    "DailyRotateFile",
    "winston-daily-rotate-file",
    "rotating-file-stream.createStream",
)
FILE_CLASS = pattern(r"(^|\.)\w*FileHandler$")
STDOUT = pattern(
    r"^(-|/dev/(stdout|stderr|null|fd/\d)|/proc/\S+/fd/\d|syslog|NONE|AUTO|off|none|none?)$"
)
LOG_DIR = pattern(r"(^|_)(LOG(S|GING)?_?(DIR|PATH|FOLDER|ROOT|DIRECTORY))$", re.IGNORECASE)
OPTIONS = (
    "--log-file",
    "--access-logfile",
    "--error-logfile",
    "--logfile",
    "--access-log-file",
    "--logto",
    "--access-log-path",
    "--log-path",
)
INI = ("stdout_logfile", "stderr_logfile", "logfile", "logto", "logto2", "req-logger", "logger")
PM2_FILE = pattern(r"\b(error_file|out_file|log_file)[\"']?\s*:(?!\s*[\"']/dev/)")
LOG4JS_FILE = pattern(r"\"type\"\s*:\s*\"(file|dateFile|fileSync|multiFile)\"")
RATED = {"file", "dateFile", "fileSync", "multiFile"}


def no_log_files(picture: Picture) -> Iterator[Judgement]:
    """XI-1."""
    held = [
        *_handlers(picture),
        *_configured(picture),
        *_folders(picture),
        *_opened(picture),
        *_options(picture),
        *_files(picture),
        *_managed(picture),
    ]
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


def _nobody_asks(picture: Picture, module: Module, call: Call, given: Value | None) -> bool:
    """Is the file a parameter that must be given first, and does no call give it?"""
    function = call.function
    if (
        given is None
        or given.kind != "name"
        or function is None
        or given.text not in function.params
        or not any(part.text == given.text for guard in call.guards for part in walk(guard.test))
    ):
        return False
    position = function.params.index(given.text)
    named = rf"(?<!def )\b{re.escape(function.name)}\(([^)]*)"
    return (
        not any(
            f"{given.text}=" in match[1] or "*" in match[1] or match[1].count(",") >= position > 0
            for path in picture.holding(f"{function.name}(")
            for match in re.finditer(named, picture.text(path))
        )
        and module.language == "python"
    )


def _live(picture: Picture) -> Iterator[tuple[str, Step]]:
    for process in picture.processes:
        if process.stage in ("run", "hook") and not process.development:
            for step in process.steps:
                yield process.name, step


def _handlers(picture: Picture) -> Iterator[Finding]:
    for module, call in picture.calls(*FILE_HANDLERS):
        first = call.value.argument(0, "filename")
        if (
            own(module, call.path)
            and not is_command(call.path, call.function)
            and not STDOUT.match(plain(first) or "")
            and not development_only(module, call.guards)
            and not _nobody_asks(picture, module, call, first)
        ):
            yield find(
                "XI-1",
                "high",
                f"the app writes a log file ({call.last.removeprefix('new ')})",
                call.place,
                fix="log to stdout: twelve check --fix XI-1",
            )
    for module, call in picture.calls(
        "logging.basicConfig",
        "basicConfig",
        "logger.add",
        "loguru.logger.add",
        "fileConfig",
        "log4js.configure",
    ):
        if not own(module, call.path) or is_command(call.path, call.function):
            continue
        given = (
            call.value.get("filename")
            if call.last == "basicConfig"
            else call.value.argument(0, "sink")
            if call.last == "add"
            else None
        )
        if (
            given is not None
            and given.kind in ("str", "join", "name", "env")
            and not STDOUT.match(plain(given) or "")
            and not re.search(r"std(out|err)|sink|handler", given.text)
            and (given.kind != "name" or call.last == "basicConfig")
        ):
            yield find(
                "XI-1",
                "high",
                f"the app writes a log file ({call.last})",
                call.place,
                fix="log to stdout: twelve check --fix XI-1",
            )
        if call.last == "configure" and any(
            part.kind == "dict" and plain(part.get("type")) in RATED for part in walk(call.value)
        ):
            yield find(
                "XI-1",
                "high",
                "the app writes a log file (log4js)",
                call.place,
                fix="type: 'stdout'",
            )
    yield from _pino(picture)


def _pino(picture: Picture) -> Iterator[Finding]:
    for module, call in picture.calls("pino.destination", "pino.transport", "pino"):
        texts = [text for text in strings(call.value) if re.search(r"\.log$|pino/file", text)]
        if own(module, call.path) and texts:
            yield find(
                "XI-1",
                "high",
                "the app writes a log file (pino)",
                call.place,
                fix="leave the destination out",
            )


def _configured(picture: Picture) -> Iterator[Finding]:
    for module, assign, part in handler_dicts(picture):
        name = part.get("class") or part.get("()")
        if (
            name is None
            or not FILE_CLASS.search(text_of(name))
            or development_only(module, assign.guards)
        ):
            continue
        if not STDOUT.match(plain(part.get("filename")) or ""):
            yield find(
                "XI-1",
                "high",
                f"the app writes a log file ({text_of(name).rpartition('.')[2]})",
                Place(assign.path, name.line or assign.line),
                fix="log to stdout: twelve check --fix XI-1",
            )


def _folders(picture: Picture) -> Iterator[Finding]:
    for module, call in picture.calls(
        "mkdir", "makedirs", "os.makedirs", "os.mkdir", "mkdirSync", "ensureDirSync"
    ):
        given = (
            call.receiver
            if call.last == "mkdir"
            and call.receiver is not None
            and call.name != "os.mkdir"
            and module.language == "python"
            else (call.value.parts[0] if call.value.parts else None)
        )
        if (
            own(module, call.path)
            and given is not None
            and (
                LOG_DIR.search(given.text.rpartition(".")[2])
                or re.search(r"(^|/)logs?/?$", text_of(given))
            )
        ):
            yield find(
                "XI-1",
                "medium",
                "the app makes a folder for its log files",
                call.place,
                fix="log to stdout",
            )


def _opened(picture: Picture) -> Iterator[Finding]:
    for module in picture.modules:
        if not own(module, module.path):
            continue
        for sink in sinks(module):
            if (
                sink.kind == "log"
                and sink.caller != "command"
                and not re.search(r"catalog|changelog|blog|dialog|CHANGELOG", sink.text)
            ):
                yield find(
                    "XI-1",
                    "medium",
                    f"the app writes a log file, {sink.text.replace('{}', '…')[-30:]}",
                    sink.place,
                    fix="write the event to stdout",
                )


def _options(picture: Picture) -> Iterator[Finding]:
    for _, step in _live(picture):
        words = module_of(step)
        if (
            not (
                serves(step)
                or is_worker(step)
                or step.program in ("celery", "supervisord", *INTERPRETERS)
            )
            or not words
        ):
            continue
        for option in OPTIONS:
            value = step.option(option)
            if value and not STDOUT.match(value) and not value.startswith(("-", "$")):
                yield find(
                    "XI-1",
                    "high",
                    f"{step.program} writes a log file, {value}",
                    step.place,
                    fix=f"{option} -",
                )


def _managed(picture: Picture) -> Iterator[Finding]:
    """Files of a process manager, or of log4js, that say where lines are kept."""
    for path, file in picture.files.items():
        by_pm2 = (
            file.name.startswith(("ecosystem.config.", "pm2.config.")) or file.name == "pm2.json"
        )
        by_log4js = file.name.endswith(".json") and re.search(r"(^|/)(config|log4js)", path)
        if is_development(path) or file.role not in ("app", "build") or not (by_pm2 or by_log4js):
            continue
        text = picture.text(path)
        asked = PM2_FILE if by_pm2 else LOG4JS_FILE if '"appenders"' in text else None
        for match in asked.finditer(text) if asked is not None else ():
            yield find(
                "XI-1",
                "medium",
                f"{'pm2' if by_pm2 else 'log4js'} writes log files",
                Place(path, text.count("\n", 0, match.start()) + 1),
                fix="leave the stream to the platform",
            )


def _files(picture: Picture) -> Iterator[Finding]:
    for one in picture.options:
        if (
            one.key in INI
            and one.section.startswith(
                ("program:", "uwsgi", "supervisord", "eventlistener:", "fcgi-program:")
            )
            and one.value
            and not STDOUT.match(one.value)
            and not one.value.startswith(("stdio", "file:/dev"))
            and not is_development(one.path)
            and (one.section != "supervisord" or one.value != "/dev/null")
        ):
            yield find(
                "XI-1",
                "medium",
                f"{one.section.partition(':')[0]} writes a log file, {one.value[:40]}",
                one.place,
                fix=f"{one.key}=/dev/stdout",
            )
    for path, file in picture.files.items():
        if (
            file.role == "app"
            and "logrotate" in path
            and re.search(r"(^|/)logrotate(\.d/[\w.-]+|\.conf|[\w.-]*\.conf)?$", path)
        ):
            yield find(
                "XI-1",
                "medium",
                "log files are rotated on the machine",
                Place(path, 1),
                fix="leave the stream to the platform",
            )
    for module, assign in picture.assigns("accesslog", "errorlog"):
        value = plain(assign.value)
        if "gunicorn" in assign.path and value and not STDOUT.match(value) and module.role == "app":
            yield find(
                "XI-1",
                "high",
                f"gunicorn writes a log file, {value}",
                assign.place,
                fix=f'{assign.name} = "-"',
            )
