"""III-4 and III-7: env files are ignored, and the keys that code reads are declared."""

from twelve.checker.fixes.settings import declare
from twelve.checker.picture import RepositoryPicture
from twelve.finding import Finding
from twelve.picture.pattern import pattern
from twelve.picture.tree import File
from twelve.picture.value import walk

CONST = pattern(r"[A-Z][A-Z0-9_]*")
KEY = pattern(r"^([A-Z][A-Z0-9_]*) is read")


def ignore_env_files(
    picture: RepositoryPicture, findings: list[Finding], edits: dict[str, str]
) -> None:
    """Write the ignore lines and an example with the same keys. The file itself stays; git forgets it by hand."""
    paths = sorted({place.path for one in findings for place in one.places})
    text = edits.get(".gitignore", picture.text(".gitignore"))
    have = {line.strip() for line in text.splitlines()}
    lines = [
        f"/{path}"
        for path in paths
        if f"/{path}" not in have and path not in have and path.rpartition("/")[2] not in have
    ]
    if lines:
        edits[".gitignore"] = (
            text
            + ("" if not text or text.endswith("\n") else "\n")
            + "".join(f"{line}\n" for line in lines)
        )
    keys = [one.name for one in picture.variables if one.path in paths]
    declare(picture, keys, edits)


def declare_keys(
    picture: RepositoryPicture, findings: list[Finding], edits: dict[str, str]
) -> None:
    """Add each key that a finding names to the example; without an example, each key that settings ask for."""
    keys = [match[1] for one in findings if (match := KEY.match(one.message))]
    if not keys and not any(file.role == "example" for file in _env_examples(picture)):
        keys = [
            part.text
            for _, assign in picture.assigns()
            for part in walk(assign.value)
            if part.kind == "env" and CONST.fullmatch(part.text)
        ]
    declare(picture, sorted(dict.fromkeys(keys)), edits)


def _env_examples(picture: RepositoryPicture) -> list[File]:
    return [file for file in picture.files.values() if "env" in file.name.lower()]
