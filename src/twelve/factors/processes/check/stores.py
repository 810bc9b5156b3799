"""Where files end up: on the app's own disk for certain, or perhaps in an object store."""

import re

from twelve.picture.certainty import has_variants
from twelve.picture.code import Assign
from twelve.picture.pattern import pattern
from twelve.picture.rule import Picture
from twelve.picture.sinks import Sink
from twelve.picture.value import from_env, walk

JOINS = pattern(
    r"(^|\.)(join|resolve|dirname|abspath|realpath|normpath|cwd|getcwd|Path|str|format|strftime|now|today|uuid4|uuid1|randomUUID|v4|hex|secure_filename|time|getTime|toString|basename|extname|splitext|lower|replace|split|isoformat|fileURLToPath)$"
)
"""Calls that make a path or a name out of what they get; another one may look a folder up."""
HERE = pattern(
    r"process\.cwd|__dirname|import\.meta|cb\(\s*null\s*,\s*[\"'`]|callback\(\s*null\s*,\s*[\"'`]"
)
ELSEWHERE = pattern(r"\benv\b|config|settings|\bget\w+\(", re.IGNORECASE)
REMOVERS = frozenset({"remove", "unlink"})
KEPT = pattern(
    r"(?m)^\s+\w+\s*=\s*models\.(File|Image)Field\(|\brequest\.FILES\b|default_storage\.save\("
)
"""A field of a model that keeps files, or a handler that takes them."""
SAVED = pattern(r"\.save\(|open\([^\n]*[\"'][wa]b?[\"']|write_bytes\(")
OBJECT_CLIENT = pattern(
    r"storages|boto3|aws-sdk|client-s3|multer-s3|cloudinary|minio|google-cloud-storage|@google-cloud/storage|azure-storage|@azure/storage|supabase|imagekit|firebase-admin|uploadthing",
    re.IGNORECASE,
)


def takes_files_here(picture: Picture, assign: Assign) -> bool:
    """Does a field or a handler of the app take files, and does nothing of the tree name another store for them?"""
    if (
        assign.owner
        or from_env(assign.value)
        or has_object_store(picture)
        or has_variants(picture, assign.path)
    ):
        return False
    if assign.name != "MEDIA_ROOT":
        return any(
            path != assign.path and SAVED.search(picture.text(path))
            for path in picture.holding(assign.name)
        )
    return any(
        path.endswith(".py")
        and picture.files[path].role == "app"
        and KEPT.search(picture.text(path))
        for path in picture.holding("FileField(", "ImageField(", ".FILES", "default_storage")
    )


def has_object_store(picture: Picture) -> bool:
    """Does the app have the client of an object store, which may be where files end up?"""
    return any(
        OBJECT_CLIENT.search(one.name)
        for manifest in picture.manifests
        for one in manifest.requirements
    ) or bool([*picture.holding("DEFAULT_FILE_STORAGE", "STORAGES =", "cloudinary", "S3Client")])


def keeps(picture: Picture, sink: Sink) -> bool:
    """Is it the app's own disk for certain, and does nothing in the module take files away again?"""
    if sink.kind == "env" or has_object_store(picture) or sink.call.last.startswith("rename"):
        return False
    if any(one.kind == "call" and not JOINS.search(one.text) for one in walk(sink.target)):
        return False
    return not any(
        call.last in (*REMOVERS, "rmtree", "unlinkSync", "rm") for call in sink.module.calls
    )


def tells_folder(picture: Picture, path: str, line: int) -> bool:
    """Does the function that names the folder of uploads say a fixed one?"""
    lines = picture.text(path).split("\n")[line - 1 : line + 9]
    start = next((i for i, one in enumerate(lines) if "destination" in one or "dest" in one), 0)
    said = "\n".join(lines[start : start + 8])
    return bool(HERE.search(said)) and not ELSEWHERE.search(said)
