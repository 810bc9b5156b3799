"""How XI-2, XI-3, XI-5, XI-6, TEL-1 and TEL-2 are judged."""

import re
from collections.abc import Iterator

from twelve.factors.logs.check.words import handler_dicts, own
from twelve.finding import Finding, Place
from twelve.picture.code import is_command
from twelve.picture.origin import development_only, trace
from twelve.picture.paths import is_development
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find, grouped
from twelve.picture.value import env_keys, fixed_strings, strings, text_of, walk

EXPORTERS = ("OTLPSpanExporter", "OTLPMetricExporter", "OTLPLogExporter", "OTLPTraceExporter")
SHIPPERS = (
    "SysLogHandler",
    "SocketHandler",
    "DatagramHandler",
    "HTTPHandler",
    "SMTPHandler",
    "watchtower.CloudWatchLogHandler",
    "CloudWatchLogHandler",
    "LogstashHandler",
    "AsynchronousLogstashHandler",
    "GELFUDPHandler",
    "GELFTCPHandler",
    "FluentHandler",
    "LokiHandler",
    "winston-cloudwatch",
    "WinstonCloudWatch",
    "winston-loki",
    "LokiTransport",
    "transports.Http",
    "transports.Syslog",
    "winston-syslog.Syslog",
)
SHIPPED = pattern(
    r"(^|\.)(SysLogHandler|SocketHandler|DatagramHandler|HTTPHandler|\w*(Logstash|CloudWatch|Loki|Fluent|GELF|Database|DB|Db|Mongo|Elastic|Kafka|Redis)\w*Handler)$"
)
KNOWN_HANDLER = pattern(
    r"StreamHandler|NullHandler|RichHandler|AdminEmailHandler|EventHandler|MemoryHandler|QueueHandler|FileHandler|ConsoleHandler|Sentry|Rollbar|OTLP|LoggingHandler|ColorizingStreamHandler|ServerFormatter"
)
ROTATION = pattern(
    r"^(LOG_?ROTATE\w*|LOG_(MAX|BACKUP|RETENTION|KEEP|ROTATION)\w*|LOG_?FILE(_(NAME|PATH|SIZE|MAX\w*|COUNT))?|LOG_FILENAME)$"
)


def to_stdout(picture: Picture) -> Iterator[Judgement]:
    """XI-2."""
    logged = [
        (m, a) for m, a in picture.assigns("LOGGING") if own(m, a.path) and a.value.kind == "dict"
    ]
    for module, assign in logged:
        handlers = assign.value.get("handlers")
        if handlers is None or handlers.kind != "dict":
            continue
        texts = " ".join(strings(handlers)) + " " + " ".join(part.text for part in walk(handlers))
        if re.search(r"StreamHandler|RichHandler|[Cc]onsole|stdout|stderr", texts):
            yield Hold("events go to the stream", assign.place)
        elif (
            not re.search(r"\*\*|\{\}", " ".join(handlers.keys))
            and module.assigned("LOGGING")[0] is assign
        ):
            yield find(
                "XI-2",
                "medium",
                "no handler of LOGGING writes to the stream",
                assign.place,
                fix="add a StreamHandler: twelve check --fix XI-2",
            )
    if not logged:
        for module, assign in picture.assigns("INSTALLED_APPS"):
            if (
                own(module, assign.path)
                and not any(True for _ in picture.assigns("LOGGING", "LOGGING_CONFIG"))
                and not any(m.imports_any("structlog", "loguru") for m in picture.modules)
            ):
                yield find(
                    "XI-2",
                    "low",
                    "with DEBUG off Django writes nothing to the stream: there is no LOGGING",
                    Place(assign.path, assign.line),
                    fix="twelve check --fix XI-2",
                )
                return


FLAG = "PYTHONUNBUFFERED"


def _buffered_services(picture: Picture) -> Iterator[Finding]:
    """``PYTHONUNBUFFERED: 0`` counts as nothing: python looks whether a value is there."""
    for service in picture.services:
        for name, value, line in service.environment:
            if name == FLAG and value in ("0", "") and not is_development(service.path):
                yield find(
                    "XI-3",
                    "medium",
                    f"PYTHONUNBUFFERED={value} leaves the stream buffered",
                    Place(service.path, line),
                    fix="PYTHONUNBUFFERED=1",
                )


def unbuffered(picture: Picture) -> Iterator[Judgement]:
    """XI-3."""
    yield from _buffered_services(picture)
    for docker in picture.dockerfiles:
        if docker.development:
            continue
        said = [
            (one, match)
            for one in docker.instructions
            if one.word == "ENV"
            and (match := re.search(r"PYTHONUNBUFFERED[= ]\s*[\"']?(\w*)", one.text))
        ]
        for one, match in said:
            number = next(
                (number for number, raw in one.lines if "PYTHONUNBUFFERED" in raw), one.line
            )
            if match[1] in ("0", ""):
                yield find(
                    "XI-3",
                    "medium",
                    f"PYTHONUNBUFFERED={match[1]} leaves the stream buffered",
                    Place(docker.path, number),
                    fix="PYTHONUNBUFFERED=1",
                )
            else:
                yield Hold("the stream is unbuffered", Place(docker.path, number))
        start = next(
            (one for one in reversed(docker.instructions) if one.word in ("CMD", "ENTRYPOINT")),
            None,
        )
        steps = [
            s
            for p in picture.processes
            if p.path == docker.path and p.stage == "run"
            for s in p.steps
            if s.program.startswith("python") and s.words[1:2] != ("-m",)
        ]
        plainly = [
            s
            for s in steps
            if "-u" not in s.words and not any("manage.py" in word for word in s.words)
        ]
        if not said and start is not None and plainly and start.stage == docker.final:
            yield find(
                "XI-3",
                "low",
                "the output of python is buffered: events come late, and the last are lost",
                plainly[0].place,
                fix="ENV PYTHONUNBUFFERED=1: twelve check --fix XI-3",
            )


def no_destination(picture: Picture) -> Iterator[Judgement]:
    """XI-5."""
    held: list[Finding] = []
    packages = {path.partition("/")[0] for path in picture.files if path.endswith(".py")}
    for module, assign, part in handler_dicts(picture):
        name = part.get("class") or part.get("()")
        text = text_of(name) if name is not None else ""
        local = text.partition(".")[0] in packages and text.rpartition(".")[2].endswith("Handler")
        if (
            name is not None
            and (SHIPPED.search(text) or local)
            and not KNOWN_HANDLER.search(text)
            and not development_only(module, assign.guards)
        ):
            where = "into a handler of its own" if local else "away"
            held.append(
                find(
                    "XI-5",
                    "high" if local else "medium",
                    f"the app routes its stream {where} ({text.rpartition('.')[2]})",
                    Place(assign.path, name.line or assign.line),
                    fix="log to stdout; drains belong to the platform",
                )
            )
    for module, call in picture.calls(*SHIPPERS):
        if (
            own(module, call.path)
            and not is_command(call.path, call.function)
            and ("og" in call.name or module.imports_any("logging", "winston"))
        ):
            held.append(
                find(
                    "XI-5",
                    "medium",
                    f"the app ships its own logs ({call.last.removeprefix('new ')})",
                    call.place,
                    fix="log to stdout; drains belong to the platform",
                )
            )
    for module, assign in picture.assigns():
        if (
            assign.function is None
            and own(module, assign.path)
            and ROTATION.match(assign.name)
            and (env_keys(assign.value) or "ROTAT" in assign.name or "BACKUP" in assign.name)
        ):
            held.append(
                find(
                    "XI-5",
                    "medium",
                    f"the app configures where its logs go and how long they stay ({assign.name.partition('_')[0]}…)",
                    assign.place,
                    fix="leave it to the platform",
                )
            )
    yield from grouped(held)


def no_secrets(picture: Picture) -> Iterator[Judgement]:
    """XI-6."""
    for module, call in picture.calls(
        "print", "info", "debug", "warning", "error", "log", "console.log"
    ):
        names = [part.text for part in call.value.parts if part.kind == "name"]
        if own(module, call.path) and any(
            re.search(
                r"^(os\.environ|process\.env|request\.(body|POST|data)|req\.body|settings)$", name
            )
            for name in names
        ):
            yield find(
                "XI-6",
                "low",
                f"{names[0]} goes into the stream as a whole",
                call.place,
                fix="name the fields",
            )


def visible(picture: Picture) -> Iterator[Judgement]:
    """TEL-1."""
    for one in picture.workloads:
        if one.kind == "Deployment" and not one.probes:
            yield find("TEL-1", "info", f"{one.name} has no probes", Place(one.path, one.line))


def traced(picture: Picture) -> Iterator[Judgement]:
    """TEL-2."""
    for module, call in picture.calls(*EXPORTERS):
        options = next(iter(call.value.arguments), None)
        held = call.value.get("endpoint") or (
            options.get("url") if options is not None and options.kind == "dict" else None
        )
        target = trace(module, held, call.function) if held is not None else None
        if module.role == "app" and target is not None and any(fixed_strings(target)):
            yield find(
                "TEL-2",
                "low",
                f"{call.last.removeprefix('new ')} sends to an address that stands in the code",
                call.place,
                fix="leave it out: OTEL_EXPORTER_OTLP_ENDPOINT says where",
            )
    for manifest in picture.manifests:
        for one in manifest.requirements:
            if one.name.startswith(
                (
                    "opentelemetry",
                    "@opentelemetry",
                    "prometheus",
                    "prom-client",
                    "django-prometheus",
                )
            ):
                yield Hold(f"{one.name} is declared", Place(one.path, one.line))
                return
