"""II-1 and II-2: a manifest is there, and names each third-party import and each package that a build adds."""

import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache

from twelve.factors.dependencies.check.names import (
    COMPILED,
    NODE,
    STANDARD,
    TOOLS,
    declared,
    is_settled,
    normal,
)
from twelve.finding import Place
from twelve.picture.commands import Step, module_of
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find
from twelve.picture.tree import Manifest

LOCK_NAME = pattern(r'\nname = "([^"]+)"')
PIPFILE_NAME = pattern(r'\n    "([\w.-]+)": \{(?=\n)')
WORD = pattern(r"^[A-Za-z][\w.-]*(\[[\w,-]+\])?([=<>!~]=?[\w.*]+)?$")
ADDRESSED = pattern(
    r"(?m)^\s*(?:(?:-e|--editable)\s+(?!\.\s*$)|\.{1,2}/|file:|(?:git|hg|svn)\+|https?://\S+\.(?:zip|whl|tar\.gz|tgz))|@\s*(?:git\+|file:|https?://)|\{[^}\n]*\b(?:git|path)\s*=\s*[\"']|^\s*dynamic\s*=\s*\[[^\]]*[\"']dependencies"
)
"""A requirement that is an address, a path or made elsewhere."""
COMPUTED = pattern(r"\A(?![\s\S]*requirements[\w./-]*\.txt)[\s\S]*install_requires\s*=\s*(?!\[)")
"""A script of the package that makes its list of requirements, and not from a file of the tree."""
INSTALL = {
    "pip": ("install", "wheel", "download"),
    "pip3": ("install", "wheel"),
    "npm": ("install", "i", "add"),
    "yarn": ("add",),
    "pnpm": ("add",),
    "uv": ("add",),
}
VALUED = (
    "-r",
    "-c",
    "-w",
    "-t",
    "-i",
    "-f",
    "-d",
    "--requirement",
    "--wheel-dir",
    "--target",
    "--index-url",
    "--extra-index-url",
    "--find-links",
    "--prefix",
    "--cache-dir",
    "--constraint",
    "--root",
    "--platform",
    "--python",
    "--trusted-host",
    "--group",
    "--only-binary",
    "--no-binary",
    "--dest",
    "--python-version",
    "--abi",
    "--implementation",
    "--registry",
    "--mount",
    "--retries",
    "--timeout",
)


FLAGS = frozenset(
    [
        "--upgrade",
        "--user",
        "--system",
        "--pre",
        "--quiet",
        "--verbose",
        "--require-hashes",
        "--break-system-packages",
        "--editable",
        "--force-reinstall",
        "--ignore-installed",
        "--save",
        "--save-dev",
        "--save-exact",
        "--global",
        "--production",
        "--frozen",
        "--locked",
        "--dev",
        "--legacy-peer-deps",
        "--force",
        "--prefer-binary",
        "--use-pep517",
        "--compile",
        "--exact",
        "--silent",
        "--omit",
        "--isolated",
        "--disable-pip-version-check",
        "--root-user-action",
    ]
)
"""Options that take no value; of the others the next word is the value."""


def manifest_exists(picture: Picture) -> Iterator[Judgement]:
    """II-1."""
    if picture.manifests:
        for manifest in picture.manifests[:3]:
            yield Hold(f"{len(manifest.requirements)} dependencies declared", Place(manifest.path))
        return
    local = _local(picture)
    for name, places in sorted(picture.imported().items()):
        if name not in STANDARD and name not in local:
            yield find(
                "II-1",
                "high",
                f"{name} is imported, and there is no dependency manifest",
                *places[:5],
                fix="write pyproject.toml or requirements.txt",
            )
            return


def _local(picture: Picture) -> set[str]:
    """Names that the tree itself may serve: any folder or module."""
    held = set()
    for path in picture.files:
        if path.endswith((".py", ".pyi", ".so")):
            pieces = path.split("/")
            held.update(pieces[:-1])
            held.add(pieces[-1].partition(".")[0])
    return held


@lru_cache(maxsize=8)
def _locked(text: str) -> frozenset[str]:
    """The packages of a lock; asked once for each app of a repository."""
    return frozenset(
        normal(name) for form in (LOCK_NAME, PIPFILE_NAME) for name in form.findall(f"\n{text}\n")
    )


def _names(picture: Picture) -> frozenset[str]:
    held = {
        normal(r.name)
        for m in picture.manifests
        if m.kind != "package.json"
        for r in m.requirements
    }
    held |= {normal(m.name) for m in picture.manifests if m.name}
    for path in picture.files:
        if path.rpartition("/")[2] in ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"):
            held |= _locked(picture.text(path))
    return frozenset(held)


PACKAGE = pattern(r"(@[a-z0-9][\w.-]*/)?[a-z0-9][\w.-]*")
"""A name that npm would take."""


def complete(picture: Picture) -> Iterator[Judgement]:
    """II-2."""
    found = [
        *_undeclared_imports(picture),
        *_undeclared_requires(picture),
        *_undeclared_installs(picture),
    ]
    yield from found
    if not found and picture.manifests and picture.imported():
        yield Hold(
            f"{len(picture.imported())} imported packages are declared, local or standard",
            Place(picture.manifests[0].path),
        )


def _undeclared_imports(picture: Picture) -> Iterator[Judgement]:
    if not picture.imported() or not any(m.kind != "package.json" for m in picture.manifests):
        return
    names = _names(picture)
    unknown = {
        name: places
        for name, places in sorted(picture.imported().items())
        if name not in STANDARD and not name.startswith("_") and not declared(name, names)
    }
    local = _local(picture) if unknown else ()
    opaque = bool(unknown) and is_opaque(picture)
    for name, places in unknown.items():
        if name in local:
            continue
        real = [place for held in places if (place := _real(picture, held.path, name)) is not None]
        if real:
            certain = is_settled(name) and not opaque
            yield find(
                "II-2",
                "low" if _untold(picture) else "high" if certain else "medium",
                f"{name} is imported, but no manifest declares it",
                *real[:10],
                fix=f"add {normal(name)} to the manifest",
            )


def is_opaque(picture: Picture) -> bool:
    """Does a manifest take something by its address or path, or name a file that is not there?

    What such a distribution is imported as, and what it declares itself, cannot be read.
    """
    for manifest in picture.manifests:
        if manifest.kind == "package.json":
            continue
        folder = manifest.path.rpartition("/")[0]
        if any(not _there(picture, folder, one) for one in manifest.includes):
            return True
        if any(one.local.strip("./") or "://" in one.version for one in manifest.requirements):
            return True
        text = picture.text(manifest.path)
        if ADDRESSED.search(text) or (manifest.path.endswith("setup.py") and COMPUTED.search(text)):
            return True
    return False


def _there(picture: Picture, folder: str, name: str) -> bool:
    """Is the included file in the tree? By its last words: it may be named from another folder."""
    tail = posixpath.normpath(posixpath.join(folder, name)).lstrip("./")
    return any(path == tail or path.endswith(f"/{tail}") for path in picture.files)


def _untold(picture: Picture) -> bool:
    """Is a distribution taken from a repository whose name no import has? What it is imported as, nothing tells."""
    taken = {
        normal(one.name)
        for manifest in picture.manifests
        if manifest.kind != "package.json"
        for one in manifest.requirements
        if one.version.startswith("git+") or " @ git+" in one.version
    }
    return any(
        not any(declared(name, frozenset({one})) for name in picture.imported()) for one in taken
    )


def _real(picture: Picture, path: str, name: str) -> Place | None:
    """Where the module is imported for sure: not under try, not for types alone, not in prose."""
    if picture.files[path].role == "build":
        return None
    module = picture.module(path)
    for one in module.imports if module is not None and not module.error else ():
        if (
            one.module.partition(".")[0] == name
            and not one.optional
            and not one.typing_only
            and not one.function
        ):
            return one.place
    return None


def _undeclared_requires(picture: Picture) -> Iterator[Judgement]:
    packages = [m for m in picture.manifests if m.kind == "package.json"]
    if not packages:
        return
    every = {r.name for m in packages for r in m.requirements} | {m.name for m in packages}
    if "next" in every:
        every |= COMPILED
    unknown = {
        root: frozenset(paths)
        for root, paths in picture.required().items()
        if PACKAGE.fullmatch(root)
        and root not in NODE
        and root not in every
        and f"@types/{root}" not in every
        and not _aliased(picture, root)
    }
    wanted = frozenset[str]().union(*unknown.values())
    missing: dict[str, list[Place]] = {}
    for path in picture.files if wanted else ():
        module = picture.module(path) if path in wanted and _under(packages, path) else None
        for one in module.imports if module is not None and module.role == "app" else ():
            if not (one.module.startswith("node:") or one.optional or one.typing_only):
                root = "/".join(one.module.split("/")[: 2 if one.module.startswith("@") else 1])
                if root in unknown:
                    missing.setdefault(root, []).append(one.place)
    for name, places in sorted(missing.items()):
        yield find(
            "II-2",
            "medium",
            f"{name} is imported, but no package.json declares it",
            *places[:10],
            fix=f"npm install {name}",
        )


def _under(packages: list[Manifest], path: str) -> bool:
    return any(not m.folder or path.startswith(m.folder + "/") for m in packages)


def _aliased(picture: Picture, root: str) -> bool:
    """Is the name a folder or an alias of the tree's own (baseUrl, paths, a bundler's)?"""
    scope = root.partition("/")[0]
    if any(
        f"/{root}/" in f"/{path}" or path.rpartition("/")[2].partition(".")[0] == root
        for path in picture.files
        if path.endswith((".js", ".ts", ".tsx", ".jsx", ".mjs", ".vue"))
    ):
        return True
    configs = [
        p
        for p in picture.files
        if p.rpartition("/")[2]
        in (
            "tsconfig.json",
            "tsconfig.base.json",
            "tsconfig.app.json",
            "jsconfig.json",
            "vite.config.ts",
            "vite.config.js",
            "webpack.config.js",
        )
    ]
    said = (f'"{root}/', f'"{root}"', f'"{scope}/*"', f'"{scope}"', f"'{scope}'")
    return any(word in picture.text(p) for p in configs for word in said)


def installed(step: Step) -> list[str]:
    """The packages that an install command names itself."""
    words = module_of(step)
    program = words[0].rpartition("/")[2] if words else ""
    rest = list(words[1:])
    if program == "uv" and rest[:1] == ["pip"]:
        program, rest = "pip", rest[1:]
    if not rest or rest[0] not in INSTALL.get(program, ()):
        return []
    if program in ("npm", "pnpm") and {"-g", "--global"} & set(rest):
        return []
    made, skip = [], False
    for word in rest[1:]:
        if skip:
            skip = False
        elif word in VALUED or (
            word.startswith("--")
            and "=" not in word
            and word not in FLAGS
            and not word.startswith("--no-")
        ):
            skip = True
        elif (
            not word.startswith(("-", ".", "/", "$", "http", "git+"))
            and WORD.match(word)
            and not word.endswith((".txt", ".whl"))
        ):
            made.append(word)
    return made


def _undeclared_installs(picture: Picture) -> Iterator[Judgement]:
    python = _names(picture)
    opaque = is_opaque(picture)
    node = {r.name for m in picture.manifests if m.kind == "package.json" for r in m.requirements}
    if not picture.manifests:
        return
    for process in picture.processes:
        if process.stage not in ("build", "run") or process.development:
            continue
        for step in process.steps:
            names = [re.split(r"[\[=<>!~@]", word)[0] for word in installed(step)]
            missing = [
                n
                for n in names
                if n and normal(n) not in python and n not in node and normal(n) not in TOOLS
            ]
            if missing:
                sure = (process.stage == "run" or len(missing) > 1) and not opaque
                yield find(
                    "II-2", "high" if sure else "medium",
                    f"installed by command alone, in no manifest: {', '.join(missing[:6])}", step.place, fix="declare them in the manifest",
                )  # fmt: skip
