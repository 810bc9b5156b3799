"""II-3: a lock, made by uv or npm from copies of the manifests; no code of the tree or of a package is run."""

import tempfile
from pathlib import Path

from twelve.checker.picture import RepositoryPicture
from twelve.engines.programs import found, run
from twelve.errors import Missing, Refused
from twelve.finding import Finding
from twelve.picture.tree import Manifest

PATIENCE = 300
NPM = ["npm", "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"]


def lock(picture: RepositoryPicture, findings: list[Finding], edits: dict[str, str]) -> None:
    """Each manifest that a finding names gets the lock of its own kind; this asks the package index."""
    paths = {place.path for one in findings for place in one.places}
    for manifest in picture.manifests:
        if manifest.path not in paths:
            continue
        folder = f"{manifest.folder}/" if manifest.folder else ""
        text = edits.get(manifest.path, picture.text(manifest.path))
        if manifest.kind == "package.json":
            edits[f"{folder}package-lock.json"] = _made(
                NPM, {"package.json": text}, "package-lock.json"
            )
        elif manifest.kind == "requirements" and not manifest.includes:
            _pin(picture, manifest, text, edits)
        elif manifest.path.endswith("pyproject.toml") and "[project]" in text:
            edits[f"{folder}uv.lock"] = _made(
                [_uv(), "lock", "--no-build"], {"pyproject.toml": text}, "uv.lock"
            )


def _pin(picture: RepositoryPicture, manifest: Manifest, text: str, edits: dict[str, str]) -> None:
    """What is written by hand moves to ``.in``; what is installed holds every version and its hash."""
    source = manifest.path.removesuffix(".txt") + ".in"
    if source in picture.files or not manifest.path.endswith(".txt"):
        return
    name = source.rpartition("/")[2]
    made = manifest.path.rpartition("/")[2]
    words = [
        "pip",
        "compile",
        "--universal",
        "--no-build",
        "--generate-hashes",
        "--no-header",
        "-q",
    ]
    edits[manifest.path] = _made([_uv(), *words, name, "-o", made], {name: text}, made)
    edits[source] = text


def _uv() -> str:
    from uv import find_uv_bin

    return find_uv_bin()


def _made(argv: list[str], texts: dict[str, str], wanted: str) -> str:
    """The text of the file that the program makes in a folder of its own."""
    name = Path(argv[0]).name
    if not found(argv[0]):
        raise Missing(f"--fix II-3: {name} is not on PATH", "install it, or make the lock by hand")
    with tempfile.TemporaryDirectory(prefix="twelve-lock-") as held:
        folder = Path(held)
        for path, text in texts.items():
            (folder / path).write_bytes(text.encode("utf-8", "surrogateescape"))
        done = run(tuple(argv), cwd=folder, timeout=PATIENCE)
        if done.code or not (folder / wanted).is_file():
            said = done.err.strip().splitlines() or ["it said nothing"]
            raise Refused(
                f"--fix II-3: {name} made no {wanted}: {said[-1].strip()}",
                "mend the manifest, or make the lock by hand",
            )
        return (folder / wanted).read_text("utf-8")
