"""How V-3 and V-4 are judged."""

import re
from collections.abc import Iterator

from twelve.finding import Finding, Place
from twelve.picture.code import is_command
from twelve.picture.commands import Process, Step, dev_server, manage_command, module_of
from twelve.picture.deployed import certain
from twelve.picture.paths import is_development
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find, grouped, mounted
from twelve.picture.sinks import caller_of, sinks
from twelve.picture.value import plain

INSTALLERS = {
    "pip": ("install",), "pip3": ("install",), "npm": ("install", "i", "ci"), "yarn": ("install",), "pnpm": ("install", "i"), "bun": ("install",), "poetry": ("install",), "pipenv": ("install", "sync"),
    "uv": ("sync", "pip"), "bundle": ("install",), "composer": ("install",), "git": ("pull", "clone", "fetch", "checkout"), "apt-get": ("install", "update", "upgrade"), "apt": ("install",), "apk": ("add",),
    "gem": ("install",), "cargo": ("build", "install"), "go": ("build", "install"), "playwright": ("install",), "prisma": ("generate",), "next": ("build",), "vite": ("build",), "webpack": (), "tsc": (),
    "react-scripts": ("build",), "ng": ("build",), "nest": ("build",), "rollup": (), "gulp": (), "grunt": (), "parcel": ("build",), "flask": ("assets",), "spacy": ("download",), "esbuild": (), "turbo": ("build",), "nuxt": ("build",), "yarnpkg": ("install",),
}  # fmt: skip
ADMIN = (
    "collectstatic",
    "compress",
    "compilemessages",
    "compilescss",
    "makemessages",
    "webpack_loader",
    "tailwind",
)
DOWNLOADS = (
    "nltk.download",
    "snapshot_download",
    "hf_hub_download",
    "spacy.cli.download",
    "gdown.download",
    "torch.hub.load",
)
SOURCES = pattern(
    r"^(\.{1,2}/?|\$\{?PWD\}?/?|\./(src|app|backend|server|api|web|frontend|code|lib))/?$"
)


def few_moving_parts(picture: Picture) -> Iterator[Judgement]:
    """V-3."""
    found: dict[Place, Finding] = {}
    runs = False
    for process in picture.processes:
        if process.stage not in ("run", "hook", "dev"):
            continue
        runs = runs or process.stage != "dev"
        for step in process.steps:
            if process.stage == "dev" and (is_development(step.path) or step.path == process.path):
                continue
            what = "" if dev_server(step) else _makes(step)
            if what and (step.place not in found or found[step.place].severity != "high"):
                low = process.stage == "dev" or _tried(picture, process)
                sure = not step.optional and certain(picture, process, step)
                severity = "low" if low else "high" if sure else "medium"
                if step.place in found and severity == "low":
                    continue
                found[step.place] = find(
                    "V-3", severity, f"{what} at each start", step.place, fix="do it in the build"
                )
    for module, call in picture.calls(*DOWNLOADS):
        if module.role == "app" and call.function is None:
            found[call.place] = find(
                "V-3",
                "medium",
                f"{call.last} fetches at import, so at each start",
                call.place,
                fix="fetch it in the build",
            )
    yield from grouped(found.values())
    if runs and not found:
        yield Hold(
            "no run command installs, compiles or fetches",
            next(p.place for p in picture.processes if p.stage in ("run", "hook")),
        )


def _tried(picture: Picture, process: Process) -> bool:
    """Is it a service for development: the source mounted, and a development server at the end?"""
    return mounted(picture, process) and any(dev_server(step) for step in process.steps)


def _makes(step: Step) -> str:
    words = module_of(step)
    program = words[0].rpartition("/")[2] if words else ""
    if (
        program in INSTALLERS
        and (not INSTALLERS[program] or set(words[1:3]) & set(INSTALLERS[program]))
        and not {"--version", "-v"} & set(words)
    ):
        if program == "git" and not set(words[1:2]) & set(INSTALLERS["git"]):
            return ""
        return " ".join([program, *words[1:2]])
    if manage_command(step) in ADMIN:
        return f"manage.py {manage_command(step)}"
    if program in ("curl", "wget") and (
        step.has("-o", "-O", "--output", "-LO", "-fsSLO")
        or any("install" in word for word in words)
    ):
        return f"{program} fetches"
    if program in ("npm", "yarn", "pnpm", "bun") and any(
        re.match(r"^build(:|$)", word) for word in words[1:3]
    ):
        return f"{program} run build"
    return ""


def code_is_fixed(picture: Picture) -> Iterator[Judgement]:
    """V-4."""
    found: list[Finding] = []
    for module in picture.modules:
        if module.role != "app":
            continue
        found += [
            find(
                "V-4",
                "high" if sink.caller in ("handler", "task") else "medium",
                f"the running app writes its own source, {sink.text.replace('{}', '…')[-40:]}",
                sink.place,
                fix="keep data in a resource, never in code",
            )
            for sink in sinks(module)
            if sink.kind == "source"
            and sink.caller not in ("command", "main")
            and (
                sink.caller in ("handler", "task")
                or (_named(picture, module.path) and not _built(picture, module.path))
            )
        ]
    found += [*_updates(picture), *_mounts(picture)]
    yield from grouped(found)
    if not found:
        yield Hold("no write to source files was found", Place("."))


def _built(picture: Picture, path: str) -> bool:
    """Is the file a script that the build runs, and nothing else?"""
    name = path.rpartition("/")[2]
    stages = {
        process.stage
        for process in picture.processes
        for step in process.steps
        if any(word.rpartition("/")[2] == name for word in step.words[1:])
    }
    return stages == {"build"}


def _named(picture: Picture, path: str) -> bool:
    """Does anything else of the tree speak of the file? If not, it is a script that people run by hand."""
    stem = path.rpartition("/")[2].rpartition(".")[0]
    stem = path.split("/")[-2] if stem in ("__init__", "index") and "/" in path else stem
    word = re.compile(rf"(?<![\w-]){re.escape(stem)}(?![\w-])")
    return any(
        other != path and word.search(picture.text(other)) for other in picture.holding(stem)
    )


def _updates(picture: Picture) -> Iterator[Finding]:
    found: list[Finding] = []
    for module, call in picture.calls(
        "system", "run", "Popen", "exec", "execSync", "spawn", "check_call", "check_output", "call"
    ):
        first = call.value.parts[0] if call.value.parts else None
        words = (
            " ".join(plain(part) or "" for part in first.parts)
            if first is not None and first.kind == "list"
            else plain(first) or ""
        )
        if (
            module.role == "app"
            and re.match(
                r"^(git (pull|fetch|checkout|reset)|npm (install|update)|pip install)\b", words
            )
            and not is_command(call.path, call.function)
        ):
            found.append(
                find(
                    "V-4",
                    "high" if caller_of(module, call) in ("handler", "task") else "medium",
                    f"the running app changes its own code: {words[:40]}",
                    call.place,
                    fix="deploy a new release instead",
                )
            )
    return iter(found)


def _mounts(picture: Picture) -> Iterator[Finding]:
    found: list[Finding] = []
    for service in picture.services:
        if service.development:
            continue
        for volume, line in service.volumes:
            source, _, rest = volume.partition(":")
            if (
                SOURCES.match(source)
                and rest
                and (
                    service.build
                    or any(
                        p.origin == "compose" and p.name == service.name and p.path == service.path
                        for p in picture.processes
                    )
                )
            ):
                found.append(
                    find(
                        "V-4",
                        "low",
                        "the source is mounted over the build, so it can change under the running app",
                        Place(service.path, line),
                        fix="leave the mount to a file for development",
                    )
                )
    return iter(found)
