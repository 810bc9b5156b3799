"""II-3 and II-7: what resolves is written down, and is the same in development and production."""

import re
from collections.abc import Iterator

from twelve.finding import Place
from twelve.picture.commands import module_of
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find
from twelve.picture.tree import Manifest, Requirement

NODE_LOCKS = (
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
    "deno.lock",
)
GROUPS = pattern(r"^\w*(groups?|extras?)\w*=.*\b(dev|development)\b", re.IGNORECASE)
PYTHON_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pixi.lock", "pylock.toml")


def _lock(picture: Picture, folder: str, names: tuple[str, ...]) -> str:
    """The lock beside a manifest or in a folder above (a workspace)."""
    while True:
        for name in names:
            path = f"{folder}/{name}" if folder else name
            if path in picture.files and picture.files[path].tracked is not False:
                return path
        if not folder:
            return ""
        folder = folder.rpartition("/")[0]


def exact(picture: Picture) -> Iterator[Judgement]:
    """II-3."""
    for manifest in picture.manifests:
        live = [one for one in manifest.requirements if not one.dev and not one.local]
        if not live or manifest.dev or manifest.kind == "setup":
            continue
        if manifest.kind == "package.json":
            yield from _node(picture, manifest, live)
        elif manifest.kind == "requirements":
            yield from _requirements(picture, manifest, live)
        else:
            names = ("Pipfile.lock",) if manifest.kind == "pipfile" else PYTHON_LOCKS
            yield from _locked(picture, manifest, live, names)


def _node(picture: Picture, manifest: Manifest, live: list[Requirement]) -> Iterator[Judgement]:
    if lock := _lock(picture, manifest.folder, NODE_LOCKS):
        yield Hold("locked", Place(lock))
        return
    loose = [one for one in live if not one.pinned]
    if manifest.library or not loose:
        return
    places = [Place(loose[0].path, loose[0].line)]
    ignoring = [
        Place(path, line)
        for pattern, path, line in picture.repository.ignored
        if pattern.strip("/") in NODE_LOCKS
    ]
    installs = [
        step.place
        for process in picture.processes
        for step in process.steps
        if process.stage == "build" and _npm_install(step.words)
    ]
    yield find(
        "II-3",
        "medium",
        "ranges without a lock file: each build resolves anew",
        *places,
        *ignoring,
        *installs[:3],
        fix="twelve check --fix II-3, and commit the lock",
    )


def _npm_install(words: tuple[str, ...]) -> bool:
    return (
        len(words) > 1
        and words[0].rpartition("/")[2] in ("npm", "yarn", "pnpm")
        and words[1] in ("install", "i", "add")
    )


def _requirements(
    picture: Picture, manifest: Manifest, live: list[Requirement]
) -> Iterator[Judgement]:
    loose = [one for one in live if not one.pinned]
    if manifest.path.endswith(".in") or (loose and _lock(picture, manifest.folder, PYTHON_LOCKS)):
        return
    compiled = manifest.path.removesuffix(".txt") + ".lock"
    pinning = {p for m in picture.manifests for p in m.includes if "constraint" in p}
    if loose and compiled not in picture.files and not (pinning & set(manifest.includes)):
        named = ", ".join(one.name for one in loose[:5]) + ("…" if len(loose) > 5 else "")
        yield find(
            "II-3",
            "low",
            f"not pinned: {named}",
            *[Place(one.path, one.line) for one in loose[:20]],
            fix=_compile(manifest.path),
        )
    elif not loose:
        hashed = all(one.hashed for one in live)
        yield Hold(
            "every version is pinned" + (", with hashes" if hashed else ""),
            Place(manifest.path, live[0].line),
        )


def _compile(path: str) -> str:
    """How loose requirements become pinned ones under the name that is installed."""
    source = path.removesuffix(".txt") + ".in"
    return f"git mv {path} {source}; uv pip compile --generate-hashes {source} -o {path}"


def _locked(
    picture: Picture, manifest: Manifest, live: list[Requirement], names: tuple[str, ...]
) -> Iterator[Judgement]:
    if lock := _lock(picture, manifest.folder, names):
        yield Hold("locked", Place(lock))
        return
    loose = [one for one in live if not one.pinned]
    if (
        manifest.library
        or not loose
        or any(
            m.kind == "requirements" and m.folder == manifest.folder and m.requirements
            for m in picture.manifests
        )
    ):
        return
    yield find(
        "II-3",
        "low",
        "ranges without a lock file: each build resolves anew",
        Place(loose[0].path, loose[0].line),
        fix="uv lock, and commit uv.lock",
    )


def same_everywhere(picture: Picture) -> Iterator[Judgement]:
    """II-7."""
    live: dict[str, Requirement] = {}
    for manifest in picture.manifests:
        if manifest.kind == "requirements" and not manifest.dev:
            live.update({one.name: one for one in manifest.requirements if one.pinned})
    clash = False
    for manifest in picture.manifests:
        for one in (
            manifest.requirements if manifest.kind == "requirements" and manifest.dev else ()
        ):
            other = live.get(one.name)
            if (
                one.pinned
                and other is not None
                and other.path.rpartition("/")[0] == one.path.rpartition("/")[0]
                and _version(one) != _version(other)
            ):
                clash = True
                yield find(
                    "II-7", "low", f"{one.name} is {_version(other)} in production and {_version(one)} in development",
                    Place(one.path, one.line), Place(other.path, other.line), fix="let the development file include the other: -r requirements.txt",
                )  # fmt: skip
    extra = list(_development_groups(picture))
    yield from extra
    if live and not clash and not extra:
        yield Hold(
            "development and production name equal versions", Place(next(iter(live.values())).path)
        )


def _version(one: Requirement) -> str:
    return one.version.lstrip("= ").strip()


def _development_groups(picture: Picture) -> Iterator[Judgement]:
    """A production image that installs what only development declares."""
    for docker in picture.dockerfiles:
        for one in docker.instructions:
            if one.word == "ARG" and not docker.development and GROUPS.search(one.text):
                yield find(
                    "II-7",
                    "low",
                    "the production image installs the development group by default",
                    Place(docker.path, one.line),
                    fix="leave dev out of the default",
                )
    for process in picture.processes:
        if process.stage != "build" or process.development:
            continue
        for step in process.steps:
            words = module_of(step)
            if not words or words[0].rpartition("/")[2] not in (
                "pip",
                "pip3",
                "uv",
                "poetry",
                "pipenv",
            ):
                continue
            dev = [
                w
                for w in words[1:]
                if re.search(
                    r"(^|[/_.-])(dev|develop|development|test|tests)([_.-][\w-]*)?\.(txt|in)$", w
                )
            ]
            if words[0].rpartition("/")[2] == "pipenv" and "--dev" in words:
                dev = ["--dev"]
            if dev:
                yield find(
                    "II-7",
                    "low",
                    f"the production image installs the development set too ({dev[0]})",
                    step.place,
                    fix="install the production set alone",
                )
