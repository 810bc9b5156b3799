"""Where files end up: on the app's own disk for certain, or perhaps in an object store."""

import re

from twelve.picture.certainty import has_variants
from twelve.picture.code import Assign
from twelve.picture.pattern import pattern
from twelve.picture.rule import Picture
from twelve.picture.sinks import Sink
from twelve.picture.value import from_env

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
    if sink.kind == "env" or has_object_store(picture):
        return False
    return not any(
        call.last in (*REMOVERS, "rmtree", "unlinkSync", "rm") for call in sink.module.calls
    )
