"""How IX-1 and IX-8 are judged."""

import re
from collections.abc import Iterator

from twelve.factors.lifecycle.check.live import live
from twelve.finding import Finding, Place
from twelve.picture.code import Module
from twelve.picture.origin import is_main, trace
from twelve.picture.pattern import pattern
from twelve.picture.rule import Judgement, Picture, find, grouped

WAITER = pattern(
    r"(^|/)(wait-for|wait-for-it|wait_for_it|wait-for-postgres|wait-for-db|waitfor|dockerize|wait4ports|wait)(\.sh)?$"
)
PROBES = pattern(
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


def ready_soon(picture: Picture) -> Iterator[Judgement]:
    """IX-1."""
    yield from grouped([*_waits(picture), *_retries(picture), *_models(picture)])


def _waits(picture: Picture) -> Iterator[Finding]:
    seen = set()
    for process, step in live(picture):
        if step.place in seen:
            continue
        if WAITER.search(step.words[0] if step.words else "") and step.program != "wait":
            seen.add(step.place)
            limit = (step.option("-timeout", "--timeout", "-t") or "").rstrip("s")
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
            ]
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
        startup = re.search(r"pre_?start|wait|init|boot|entry", call.path) or (
            call.function is None and _runs_at_start(module)
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


def starts_alike(picture: Picture) -> Iterator[Judgement]:
    """IX-8: a start that first clears away what a crash left."""
    seen = set()
    for _, step in live(picture):
        left = [word for word in step.words[1:] if word.endswith(".pid")]
        if step.program == "rm" and left and step.place not in seen:
            seen.add(step.place)
            yield find(
                "IX-8",
                "low",
                f"the start first removes {left[0].rpartition('/')[2]}, which a crash leaves behind",
                step.place,
                fix="write no pid file: the platform knows its processes",
            )
