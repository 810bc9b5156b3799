"""How IX-6 and IX-7 are judged."""

import re
from collections.abc import Iterator

from twelve.finding import Finding
from twelve.picture.code import Function, Module, is_command, is_handler, is_task
from twelve.picture.origin import is_main
from twelve.picture.paths import is_development
from twelve.picture.pattern import pattern
from twelve.picture.rule import Judgement, Picture, find, grouped
from twelve.picture.value import walk

PAYMENTS = tuple(
    f"{kind}.create"
    for one in ("Charge", "PaymentIntent", "Refund", "Transfer", "Payout")
    for kind in (one, f"{one[0].lower()}{one[1:]}s")
)
DONE = pattern(
    r"^(processed|sent|done|completed|handled|delivered|notified|executed|is_sent|is_processed|processed_at|sent_at|last_sent|last_run|is_done)$"
)
EFFECTS = frozenset(
    [
        "submit",
        "notify",
        "send",
        "send_mail",
        "deliver",
        "post",
        "publish",
        "delay",
        "apply_async",
        "enqueue",
        "send_message",
        "execute_notification",
    ]
)
MAIL = pattern(
    r"mail|send|notif|sms|message|webhook|deliver|payment|charge|order|save|write|upload",
    re.IGNORECASE,
)
METRICS = pattern(
    r"metric|stat(s|sd)|telemetry|heartbeat|track|analytics|ping|watch|log|listen|monitor|consume|poll|serve|server|reader|loop|cache|warm|timer|progress|spinner|stream|signal|proxy",
    re.IGNORECASE,
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
            or module.imports_any("click", "argparse", "typer", "fire", "docopt")
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
            or _streams(module, call.function)
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


def _streams(module: Module, function: Function) -> bool:
    """Does the function yield? Then its thread feeds what the caller reads, and ends with the reading."""
    body = module.source.split(b"\n")[function.line - 1 : function.end]
    return any(line.lstrip().startswith((b"yield ", b"yield\n")) for line in body)


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
                    "work runs in the web process after the answer: sudden death loses it",
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
                "work runs in the web process after the answer: sudden death loses it",
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


def reentrant(picture: Picture) -> Iterator[Judgement]:
    """IX-7: a job that moves money without the key by which the receiver knows it again."""
    for module, call in picture.calls(*PAYMENTS):
        if (
            module.role == "app"
            and is_task(call.function)
            and not any(
                part.get(key) is not None
                for part in walk(call.value)
                if part.kind in ("call", "dict")
                for key in ("idempotency_key", "idempotencyKey")
            )
        ):
            yield find(
                "IX-7",
                "low",
                f"{call.name} in a job has no idempotency key: given out again, it runs twice",
                call.place,
                fix="pass idempotency_key, made from the job's own id",
            )
