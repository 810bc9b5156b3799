"""Write sinks: what code writes to disk, where to, and on whose behalf."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from twelve.finding import Place
from twelve.picture.code import Call, Module, is_command, is_handler, is_task
from twelve.picture.origin import development_only, trace
from twelve.picture.pattern import pattern
from twelve.picture.value import Value, from_env, plain, strings, text_of, walk

Kind = Literal[
    "temp", "build", "source", "log", "lock", "pid", "device", "env", "app", "absolute", "unknown"
]
Caller = Literal["handler", "task", "command", "import", "function", "main"]

TEMP = pattern(
    r"(^|/)(tmp|temp|var/tmp|dev/shm)(/|$)|tempfile|mkdtemp|gettempdir|NamedTemporary|TemporaryDirectory|tmpdir|temp_?dir|tmp_?(path|file|dir)|temp_?(path|file)|scratch",
    re.IGNORECASE,
)
SOURCE = pattern(r"\.(py|js|ts|jsx|tsx|mjs|cjs|rb|php|so|pyc)$")
LOG = pattern(r"(^|[/_.-])(logs?|access|error)([/_.-][\w.-]*)?$|\.log$|\.log\.", re.IGNORECASE)
LOCK = pattern(r"\.(lock|lck)$|(^|/)lock$")
HERE = pattern(
    r"__file__|__dirname|BASE_DIR|base_dir|ROOT_DIR|PROJECT_ROOT|root_path|process\.cwd|getcwd|APP_ROOT|BASEDIR|import\.meta"
)
BUILD = pattern(
    r"(^|/)(dist|build|staticfiles|static-collected|\.next|coverage|node_modules|locale|schema\.(json|graphql))(/|$)|collectstatic|openapi\.json$"
)
MODES = pattern(r"[wax+]")
OPENERS = (
    "open",
    "codecs.open",
    "io.open",
    "gzip.open",
    "bz2.open",
    "aiofiles.open",
    "lzma.open",
    "zipfile.ZipFile",
    "tarfile.open",
)
RECEIVERS = ("write_text", "write_bytes", "touch")
TARGETS = {
    "shutil.copy": 1, "shutil.copyfile": 1, "shutil.copy2": 1, "shutil.move": 1, "shutil.copyfileobj": -1, "shutil.copytree": 1,
    "numpy.save": 0, "numpy.savez": 0, "joblib.dump": 1, "torch.save": 1, "cv2.imwrite": 0, "shelve.open": 0, "dbm.open": 0, "urllib.request.urlretrieve": 1,
    "soundfile.write": 0, "PersistentDict": 0,
}  # fmt: skip
JS_TARGETS = {
    "writeFile": 0, "writeFileSync": 0, "appendFile": 0, "appendFileSync": 0, "createWriteStream": 0, "outputFile": 0, "outputFileSync": 0,
    "outputJson": 0, "writeJson": 0, "writeJsonSync": 0, "copyFile": 1, "copyFileSync": 1, "rename": 1, "renameSync": 1, "toFile": 0, "mv": 0, "cpSync": 1,
}  # fmt: skip
FS = pattern(
    r"^(node:)?(fs|fs-extra|fs/promises|graceful-fs|fsPromises|fse|fsAsync|fsp)(\.promises)?(/promises)?\."
)


OPENED = (
    ("open(", "ZipFile("),
    r"(?#here)(?:(?<!fd)open|ZipFile)\([^\n]*(?:\n[^\n]*)?[\"'][rbt]*[wax+][bt+]*(?::\w*)?[\"']",
)
"""What a file says that opens a path in order to write to it: words, and a pattern."""
COPIED = (
    ("shutil",),
    r"(?#here)shutil(?:\.(?:copy|copyfile|copy2|move|copytree)\b| import| as\b)",
)
SAVES = (
    r"\.(?:save|savez|dump|imwrite|write)\(|import[^\n]*\b(?:save|savez|dump|imwrite|write|open)\b"
)
WRITERS: tuple[tuple[tuple[str, ...], str], ...] = (
    OPENED,
    (("write_text", "write_bytes", "torch.save", "cv2.imwrite", "urlretrieve", "PersistentDict", "shelve.open", "dbm.open"), r"(?#here)[\w.]+(?:\(|\s+as\b)"),
    COPIED,
    (("numpy", "joblib", "soundfile", "torch", "cv2", "shelve", "dbm"), SAVES),
    ((".save(",), r"(?#here)\.save\("),
    (("writeFile", "appendFile", "createWriteStream", "outputFile", "outputJson", "writeJson", "copyFile", "renameSync", "toFile", ".mv(", "cpSync"), r"(?#here)[\w.]"),
    (("rename",), r"(?#script)fs\w*\.(?:promises\.)?rename"),
)  # fmt: skip
"""What a file says that writes to a path: words, and patterns of which one must match."""


def writers(*also: str) -> tuple[tuple[tuple[str, ...], str, *tuple[str, ...]], ...]:
    """Words of all that writes, in a file that matches these patterns besides."""
    return tuple((words, pattern, *also) for words, pattern in WRITERS)


LASTS = frozenset({
    *(name.rpartition(".")[2] for name in (*OPENERS, *TARGETS)), *RECEIVERS, *JS_TARGETS, "save",
})  # fmt: skip
"""How the calls that write are named."""


class Sink(NamedTuple):
    """One write."""

    module: Module
    call: Call
    target: Value
    text: str
    kind: Kind
    caller: Caller
    append: bool = False

    @property
    def place(self) -> Place:
        return self.call.place


def sinks(module: Module) -> Sequence[Sink]:
    """Every write to a path that this file makes, found once for all the rules that ask."""
    if module.sinks is None:
        module.sinks = tuple(_sinks(module))
    return module.sinks


def _sinks(module: Module) -> Iterator[Sink]:
    for call in module.calls:
        if call.last not in LASTS:
            continue
        found = _target(call) if module.language == "python" else _js_target(call)
        if found is None:
            continue
        if development_only(module, call.guards):
            continue
        target = trace(module, found, call.function)
        mode = plain(call.value.argument(1, "mode")) or ""
        text = text_of(target)
        kind: Kind = "temp" if TEMP.search(found.text) else kind_of(target, text)
        yield Sink(
            module,
            call,
            target,
            text,
            kind,
            caller_of(module, call),
            "a" in mode or "append" in call.last,
        )


def _target(call: Call) -> Value | None:
    name = call.name
    if name in OPENERS:
        mode = call.value.argument(1, "mode")
        return (
            call.value.argument(0, "file", "filename", "name")
            if mode is not None and mode.kind == "str" and MODES.search(mode.text)
            else None
        )
    if (
        call.last == "open"
        and call.receiver is not None
        and not name.startswith(("os.", "webbrowser.", "urllib", "PIL.", "zipfile", "self.client"))
    ):
        mode = call.value.argument(0, "mode")
        return (
            call.receiver
            if mode is not None
            and mode.kind == "str"
            and re.fullmatch(r"[wax]b?t?\+?|[rwa]b?\+b?", mode.text)
            else None
        )
    if call.last in RECEIVERS and call.receiver is not None and call.last != "touch":
        return call.receiver
    if name in TARGETS and TARGETS[name] >= 0:
        return call.value.argument(TARGETS[name])
    if call.last == "save" and is_handler(call.function) and not _stored(call):
        first = call.value.argument(0, "dst")
        return (
            first
            if first is not None
            and (
                first.kind == "join"
                or "path" in first.text.lower()
                or "filename" in first.text.lower()
            )
            else None
        )
    return None


def _stored(call: Call) -> bool:
    """``row.picture.save(name, content)``: the storage of the field decides where."""
    given = call.value.arguments
    return "save" in call.value.keys or (len(given) > 1 and given[1].kind != "str")


def _js_target(call: Call) -> Value | None:
    last = call.last
    if last not in JS_TARGETS:
        return None
    if last in ("mv", "toFile"):
        return call.value.argument(JS_TARGETS[last])
    if FS.search(call.name) or call.name in JS_TARGETS:
        return call.value.argument(JS_TARGETS[last])
    return None


def kind_of(target: Value, text: str) -> Kind:  # noqa: C901 - a list of cases
    """What class of place a path is."""
    names = (
        " ".join(part.text for part in walk(target) if part.kind in ("name", "call", "env"))
        + " "
        + text
    )
    if text.startswith("/dev/"):
        return "device"
    if TEMP.search(text) or TEMP.search(names):
        return "temp"
    if SOURCE.search(text) and (HERE.search(names) or not text.startswith("/")):
        return "source"
    if LOG.search(text):
        return "log"
    if LOCK.search(text):
        return "lock"
    if text.endswith(".pid"):
        return "pid"
    if BUILD.search(text):
        return "build"
    if from_env(target):
        return "env"
    if text.startswith("/"):
        return "absolute"
    if re.search(r"upload|media_?(dir|root|path)", names, re.IGNORECASE):
        return "app"
    if HERE.search(names) or any("." in word or "/" in word for word in strings(target)):
        return "app"
    return "unknown"


def caller_of(module: Module, call: Call) -> Caller:
    """On whose behalf the call is made."""
    if is_handler(call.function):
        return "handler"
    if is_task(call.function):
        return "task"
    if is_command(module.path, call.function) or module.role in ("script", "build"):
        return "command"
    if call.function is None:
        return (
            "main"
            if any(part.text == "__name__" for guard in call.guards for part in walk(guard.test))
            else "import"
        )
    if call.function.name in ("main", "handle", "cli"):
        return "command"
    return "function"
