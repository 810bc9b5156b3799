"""How VI-1, VI-2, VI-5 and SEC-2 are judged."""

import re
from collections.abc import Iterator

from twelve.factors.processes.check.stores import (
    REMOVERS,
    has_object_store,
    keeps,
    takes_files_here,
    tells_folder,
)
from twelve.finding import Finding, Place
from twelve.picture.code import Call, Module, is_command
from twelve.picture.origin import trace
from twelve.picture.paths import is_development
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find, grouped
from twelve.picture.sinks import Sink, sinks
from twelve.picture.value import from_env, strings, text_of, walk

UPLOADS = pattern(r"upload|media_?(dir|root|path)|attachments", re.IGNORECASE)
MULTER = (
    "multer",
    "multer.diskStorage",
    "FileInterceptor",
    "diskStorage",
    "formidable",
    "FileSystemStorage",
)
STORES = pattern(r"(aws|s3|gcs|azure|cloud|minio|r2|object)[\w-]*/")
FILE_FIELD = pattern(r"models\.(File|Image)Field\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)")
OBJECT_STORE = pattern(r"(s3|gcs|gs|minio|azure|r2|spaces|b2|swift|cloudinary)$", re.IGNORECASE)
CONFIG = pattern(r"(env|config|settings|options|process)\.", re.IGNORECASE)
WIDE = frozenset({"handler", "task"})
ALWAYS = pattern(r"(try|finally|with\b.*):")
"""What holds a line that runs whatever happened; a question after the file itself does, too."""
TAKES_FILES = ("FileField", "ImageField", ".FILES", "default_storage", "FileSystemStorage", "pload", "wagtail", "filer", "easy_thumbnails", "sorl", "cms", "oscar")  # fmt: skip
"""Words of an app that takes files: without any of them MEDIA_ROOT is a line of the template."""
TAKEN = pattern(
    r"FileField|ImageField|\.FILES\b|default_storage|FileSystemStorage|[uU]pload|wagtail|filer|easy_thumbnails|sorl|\bcms\b|oscar"
)


def persists_elsewhere(picture: Picture) -> Iterator[Judgement]:
    """VI-1."""
    found = [
        *_media(picture),
        *_written(picture),
        *_uploads(picture),
        *_folders(picture),
        *_volumes(picture),
    ]
    yield from grouped(found)
    if not found:
        for module, assign in picture.assigns("STORAGES", "DEFAULT_FILE_STORAGE"):
            if module.role == "app" and any(
                "s3" in text.lower() or "cloud" in text.lower() for text in strings(assign.value)
            ):
                yield Hold("files go to an object store", assign.place)
                return


def _media(picture: Picture) -> Iterator[Finding]:
    stored = [
        text
        for _, a in picture.assigns(
            "STORAGES", "DEFAULT_FILE_STORAGE", "default", "STORAGES.default"
        )
        for text in strings(a.value)
    ]
    stored += [
        text
        for _, a in picture.assigns("BACKEND")
        if a.target.startswith("STORAGES.default")
        for text in strings(a.value)
    ]
    elsewhere = _told(picture) or any(
        re.search(r"[sS]torage", text)
        and not re.search(r"FileSystemStorage|staticfiles|StaticFiles|whitenoise", text)
        for text in stored
    )
    for module, assign in picture.assigns(
        "MEDIA_ROOT", "UPLOAD_FOLDER", "UPLOADED_FILES_DEST", "UPLOADS_DEFAULT_DEST"
    ):
        text = text_of(trace(module, assign.value, assign.function))
        if (
            module.role == "app"
            and not is_development(assign.path)
            and not elsewhere
            and not _chosen(module)
            and not (assign.name == "MEDIA_ROOT" and _own_stores(picture))
            and "tmp" not in text
            and assign.value.kind != "none"
            and text
            and assign.function is None
            and (assign.name != "MEDIA_ROOT" or _takes_files(picture))
        ):
            yield find(
                "VI-1",
                "high" if takes_files_here(picture, assign) else "medium",
                f"uploads are kept on the local disk ({assign.name})",
                assign.place,
                fix="attach an object store: twelve resources create s3 --as STORAGE_URL",
            )
    for module, assign in picture.assigns(
        "CELERY_BEAT_SCHEDULE_FILENAME", "CELERYBEAT_SCHEDULE_FILENAME", "beat_schedule_filename"
    ):
        if module.role == "app" and "tmp" not in text_of(trace(module, assign.value)):
            yield find(
                "VI-1",
                "medium",
                "the scheduler's state is a local file",
                assign.place,
                fix="keep schedules in the database",
            )


def _told(picture: Picture) -> bool:
    """Is the default store set to what the config names, such as ``STORAGES["default"]["BACKEND"] = name``?"""
    return any(
        (a.name == "BACKEND" and a.target.startswith("STORAGES.default"))
        or a.target == "DEFAULT_FILE_STORAGE"
        for _, a in picture.assigns("BACKEND", "DEFAULT_FILE_STORAGE")
        if a.value.kind == "name" and not a.value.text.isupper()
    )


def _takes_files(picture: Picture) -> bool:
    return any(
        path.endswith(".py") and TAKEN.search(picture.text(path))
        for path in picture.holding(*TAKES_FILES)
    )


def _own_stores(picture: Picture) -> bool:
    """Does each field that takes files name a store itself, so that the default one is left alone?"""
    fields = [
        match[0]
        for path in picture.holding("models.FileField(", "models.ImageField(")
        for match in FILE_FIELD.finditer(picture.text(path))
        if picture.files[path].role == "app"
    ]
    return bool(fields) and all("storage=" in one for one in fields)


def _chosen(module: Module) -> bool:
    """Do the settings ask which store the deploy has, and name an object store as one of them?"""
    return any(
        part.kind == "str" and OBJECT_STORE.match(part.text)
        for guard in module.guards
        if guard.test.kind == "compare"
        for part in walk(guard.test)
    )


def _written(picture: Picture) -> Iterator[Finding]:
    for module in picture.modules:
        if module.role != "app" or is_development(module.path):
            continue
        for sink in sinks(module):
            if _lasting(sink) and not _removed(picture, module, sink):
                severity = "high" if sink.caller in WIDE and keeps(picture, sink) else "medium"
                yield find(
                    "VI-1",
                    severity,
                    f"{_who(sink)} writes data to the local disk, {_shown(sink.text)}",
                    sink.place,
                    fix="keep it in a database or an object store",
                )


def _removed(picture: Picture, module: Module, sink: Sink) -> bool:
    """Does the same function remove the file, whatever happened? Then it was there for one transaction."""
    function, written = sink.call.function, _names(sink.call)
    if module.language != "python" or function is None or not written:
        return False
    lines = picture.text(module.path).split("\n")[: function.end]
    return any(
        call.function is function
        and call.line > sink.call.line
        and _names(call) & written
        and all(
            ALWAYS.match(header) or written & set(re.findall(r"\w+", header))
            for header in _headers(lines, call.line, function.line)
            if header not in _headers(lines, sink.call.line, function.line)
        )
        for call in module.calls
        if call.last in REMOVERS
    )


def _names(call: Call) -> set[str]:
    """The variables that say which file the call is about."""
    given = [call.receiver, *call.value.arguments[:2]]
    return {one.text for one in given if one is not None and one.kind == "name"}


def _headers(lines: list[str], line: int, first: int) -> list[str]:
    """The statements of a function that hold this line, each by its first line."""
    deep, held = len(lines[line - 1]) - len(lines[line - 1].lstrip()), []
    for number in range(line - 2, first - 1, -1):
        text = lines[number].strip()
        if text and len(lines[number]) - len(lines[number].lstrip()) < deep:
            deep = len(lines[number]) - len(lines[number].lstrip())
            held.append(text)
    return held


def _lasting(sink: Sink) -> bool:
    if sink.kind in ("temp", "log", "lock", "pid", "device", "build", "source", "unknown"):
        return False
    if sink.caller in ("command", "main", "import"):
        return False
    if sink.caller in WIDE:
        return True
    return sink.kind in ("app", "absolute") and (
        bool(
            re.search(
                r"data|upload|media|store|storage|files?/|\.(json|db|pkl|pickle|csv|sqlite|dat|html)$",
                sink.text,
                re.IGNORECASE,
            )
        )
    )


def _who(sink: Sink) -> str:
    return {"handler": "a request", "task": "a job"}.get(
        sink.caller,
        sink.call.function.name if sink.call.function and sink.call.function.name else "the app",
    )


def _shown(text: str) -> str:
    return re.sub(r"\{[^}]*\}", "…", text)[-40:] or "…"


def _folders(picture: Picture) -> Iterator[Finding]:
    """Folders for uploads that the app makes on its own disk."""
    for module, call in picture.calls("mkdirSync", "makedirs", "ensureDirSync", "mkdirp"):
        given = call.value.parts[0] if call.value.parts else None
        if module.role != "app" or is_development(call.path) or given is None:
            continue
        text = f"{given.text} {text_of(trace(module, given, call.function))}"
        if UPLOADS.search(text) and "tmp" not in text and not is_command(call.path, call.function):
            yield find(
                "VI-1",
                "medium",
                "the app makes a folder for uploads on the local disk",
                call.place,
                fix="keep uploads in an object store",
            )


def _uploads(picture: Picture) -> Iterator[Finding]:
    for module, call in picture.calls(*MULTER):
        if module.role != "app":
            continue
        for part in walk(call.value):
            given = (
                part.get("dest") or part.get("destination") or part.get("uploadDir")
                if part.kind in ("dict", "call")
                else None
            )
            if (
                given is not None
                and "tmp" not in text_of(trace(module, given))
                and not from_env(given)
            ):
                told = trace(module, given, call.function)
                unread = told.kind in ("name", "cond") or any(
                    part.kind == "name" and CONFIG.match(part.text) for part in walk(told)
                )
                if told.kind not in ("str", "join", "name", "cond"):
                    unread = not tells_folder(picture, call.path, given.line or call.line)
                unread = unread or has_object_store(picture)
                sure = "medium" if unread else "high"
                yield find(
                    "VI-1",
                    "low" if _one_of_several(picture, call.path) else sure,
                    "uploads are kept on the local disk",
                    call.place,
                    fix="hand them on to an object store",
                )
                break


def _one_of_several(picture: Picture, path: str) -> bool:
    """Is it the ``local`` one of several stores, of which config chooses?"""
    before, local, _ = path.partition("/local/")
    return bool(local) and any(
        other.startswith(f"{before}/") and STORES.match(other[len(before) + 1 :])
        for other in picture.files
    )


def _volumes(picture: Picture) -> Iterator[Finding]:
    for docker in picture.dockerfiles:
        for one in docker.instructions:
            if one.word == "VOLUME" and one.stage == docker.final and not docker.development:
                yield find(
                    "VI-1",
                    "medium",
                    f"the image keeps data in a volume, {one.text[:40]}",
                    Place(docker.path, one.line),
                    fix="keep it in a resource",
                )


def brief_disk(picture: Picture) -> Iterator[Judgement]:
    """VI-2."""
    for module in picture.modules:
        for sink in sinks(module) if module.role == "app" else ():
            if sink.kind == "temp" and sink.target.kind == "str" and sink.caller == "handler":
                yield find(
                    "VI-2",
                    "low",
                    f"each request writes the same {sink.text}",
                    sink.place,
                    fix="tempfile.NamedTemporaryFile",
                )


def assets_built(picture: Picture) -> Iterator[Judgement]:
    """VI-5."""
    for module, assign in picture.assigns("COMPRESS_OFFLINE", "ASSETS_AUTO_BUILD"):
        if module.role != "app" or is_development(assign.path) or assign.value.kind != "bool":
            continue
        if (assign.name, assign.value.text) in (
            ("COMPRESS_OFFLINE", "False"),
            ("ASSETS_AUTO_BUILD", "True"),
        ):
            yield find(
                "VI-5",
                "low",
                f"assets are compiled while serving ({assign.name})",
                assign.place,
                fix="compile them in the build",
            )
        else:
            yield Hold("assets are compiled in the build", assign.place)


def not_root(picture: Picture) -> Iterator[Judgement]:
    """SEC-2."""
    for docker in picture.dockerfiles:
        users = [
            one for one in docker.instructions if one.word == "USER" and one.stage == docker.final
        ]
        last = docker.instructions[-1].line if docker.instructions else 1
        if (
            not docker.development
            and any(one.word in ("CMD", "ENTRYPOINT") for one in docker.instructions)
            and (not users or users[-1].text in ("root", "0"))
        ):
            yield find(
                "SEC-2", "low", "the process runs as root", Place(docker.path, last), fix="USER app"
            )
    for one in picture.workloads:
        if one.image and not one.non_root:
            yield find(
                "SEC-2",
                "low",
                f"{one.name} may run as root",
                Place(one.path, one.line),
                fix="runAsNonRoot: true",
            )
