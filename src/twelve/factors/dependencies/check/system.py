"""II-4, II-5 and II-6: nothing leaks in from the machine, no tool of it is taken for granted, one build command."""

import re
from collections.abc import Iterator

from twelve.factors.dependencies.check.imports import installed
from twelve.finding import Finding, Place
from twelve.picture.code import Call, Module, is_command
from twelve.picture.commands import Process, Step, module_of
from twelve.picture.origin import trace
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find, grouped
from twelve.picture.sinks import caller_of
from twelve.picture.value import Value, fixed_strings, from_env

RUNNERS = (
    "subprocess.run", "subprocess.call", "subprocess.check_call", "subprocess.check_output", "subprocess.Popen", "subprocess.getoutput", "subprocess.getstatusoutput",
    "os.system", "os.popen", "os.execvp", "os.execv", "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell", "sh.Command", "pexpect.spawn",
)  # fmt: skip
PLAIN_BASE = pattern(
    r"^(--platform=\S+\s+)?([\w.-]+/)*(python|node|alpine|debian|ubuntu|nginx|redis|postgres|scratch|busybox)(:|@|\s|$)"
)
ABSENT = pattern(r"\b(FileNotFoundError|OSError)\b")
ANY = pattern(r"except( Exception)?( as \w+)?:")
QUIET = pattern(r"(pass|return( None| False| \"\"| '')?)$")
"""The code goes on without a word: what the program gives is an extra."""
GIVES_UP = pattern(r"\b(raise|exit|abort)\b")
JS_RUNNERS = (
    "exec",
    "execSync",
    "spawn",
    "spawnSync",
    "execFile",
    "execFileSync",
    "execa",
    "execaCommand",
    "execAsync",
)
CHILD = pattern(
    r"^(node:)?child_process\.|^promisify|^execa|^childProcess\.|^child\.|^cp\.|^util\.promisify"
)
UPDATERS = frozenset(
    {("npm", "update"), ("poetry", "update"), ("pipenv", "update"), ("yarn", "upgrade")}
)
GUARANTEED = frozenset(
    [
        "sh",
        "bash",
        "python",
        "python3",
        "node",
        "npm",
        "npx",
        "env",
        "true",
        "false",
        "echo",
        "cat",
        "ls",
        "cp",
        "mv",
        "rm",
        "mkdir",
        "rmdir",
        "touch",
        "chmod",
        "chown",
        "ln",
        "sleep",
        "test",
        "printf",
        "kill",
        "head",
        "tail",
        "cut",
        "tr",
        "sort",
        "uniq",
        "wc",
        "tee",
        "date",
        "uname",
        "id",
        "whoami",
        "hostname",
        "powershell",
        "pwsh",
        "cmd",
        "pwd",
        "basename",
        "dirname",
        "find",
        "grep",
        "sed",
        "awk",
        "xargs",
        "pip",
        "uv",
        "tar",
        "gzip",
        "gunzip",
        "zcat",
        "readlink",
        "realpath",
        "mktemp",
        "md5sum",
        "sha256sum",
        "expr",
        "seq",
        "split",
        "dd",
        "nproc",
        "timeout",
        "nice",
        "which",
        "exit",
        "cd",
        "set",
        "export",
        "sync",
        "df",
        "du",
        "stat",
    ]
)
"""The interpreter, the shell and what POSIX has; a platform that runs the app at all has them."""
PACKAGES = {"convert": "imagemagick", "identify": "imagemagick", "mariadbd": "mariadb", "mysqld": "mysql", "mongod": "mongo", "magick": "imagemagick", "pdftotext": "poppler", "pdftoppm": "poppler", "psql": "postgresql", "pg_dump": "postgresql", "mysqldump": "mysql", "ffprobe": "ffmpeg", "ping": "iputils", "dig": "dnsutils", "nslookup": "dnsutils", "soffice": "libreoffice", "gs": "ghostscript", "chromium": "chrom", "google-chrome": "chrom", "gpg": "gnupg", "ssh": "openssh", "scp": "openssh", "traceroute": "traceroute", "7z": "p7zip", "pybabel": "babel", "django-admin": "django"}  # fmt: skip


def isolated(picture: Picture) -> Iterator[Judgement]:  # noqa: C901 - a list of cases
    """II-4."""
    seen = set()
    for process in picture.processes:
        if process.stage not in ("manual", "run", "hook") or process.development:
            continue
        text = picture.text(process.path) if process.origin == "script" else process.command
        if re.search(
            r"\bvenv\b|virtualenv|activate|conda |poetry |pipenv |uv venv|pyenv", text
        ) or (process.origin != "script" and process.stage != "manual"):
            continue
        for step in process.steps:
            if _system_install(step) and step.place not in seen:
                seen.add(step.place)
                yield find(
                    "II-4",
                    "medium",
                    f"installs into the machine's own interpreter: {step.text[:60]}",
                    step.place,
                    fix="python -m venv .venv, or uv sync",
                )
    for process in picture.processes:
        for step in process.steps:
            if step.has("--system-site-packages") and not process.development:
                yield find(
                    "II-4",
                    "medium",
                    "the environment sees the machine's packages (--system-site-packages)",
                    step.place,
                    fix="leave the option out",
                )
    for docker in picture.dockerfiles:
        for one in docker.instructions:
            if one.word == "ENV" and re.search(
                r"PYTHONPATH[= ]\S*(/usr/lib|dist-packages)", one.text
            ):
                yield find(
                    "II-4",
                    "medium",
                    "PYTHONPATH leads to the system's packages",
                    Place(docker.path, one.line),
                )


def _system_install(step: Step) -> bool:
    words = module_of(step)
    program = words[0].rpartition("/")[2] if words else ""
    if program in ("pip", "pip3") and "install" in words[1:2]:
        names = installed(step)
        return not {"--target", "-t", "--prefix", "--root", "--upgrade", "-U"} & set(
            words
        ) and names not in (["pip"], ["uv"], ["virtualenv"], ["pipx"])
    return False


def no_system_tools(picture: Picture) -> Iterator[Judgement]:
    """II-5."""
    yield from grouped(_tools(picture))


def _tools(picture: Picture) -> Iterator[Finding]:
    declared = _declared(picture)
    for module, call in _runs(picture):
        if module.role != "app" or is_command(module.path, call.function) or not call.value.parts:
            continue
        first = trace(module, call.value.parts[0], call.function)
        found = _program(first)
        if found is None:
            continue
        program, where = found
        if (
            program in GUARANTEED
            or not re.fullmatch(r"[a-z][\w.+-]*", program)
            or _is_declared(program, declared)
            or _looked_for(module, program)
            or _done_without(picture, module, call)
        ):
            continue
        place = Place(module.path, where.line or call.line)
        sure = caller_of(module, call) in ("handler", "task", "function", "import")
        yield find(
            "II-5",
            "high" if sure and not _unread_image(picture) else "medium",
            f"runs {program}, which nothing declares",
            place,
            fix=f"add {program} to the Aptfile or the image, or use a library",
        )


def _unread_image(picture: Picture) -> bool:
    """Is an image built on one that is nobody's plain runtime? What it brings along, cannot be read."""
    return any(
        one.word == "FROM" and not PLAIN_BASE.match(one.text) and one.text.split()[0] not in stages
        for docker in picture.dockerfiles
        for stages in ({other.stage for other in docker.instructions},)
        for one in docker.instructions
    )


def _runs(picture: Picture) -> Iterator[tuple[Module, Call]]:
    yield from picture.calls(*RUNNERS)
    for module, call in picture.calls(*JS_RUNNERS):
        if module.language != "python" and (
            CHILD.search(call.name)
            or (
                call.name in JS_RUNNERS
                and module.imports_any("child_process", "node:child_process")
            )
        ):
            yield module, call


def _program(value: Value) -> tuple[str, Value] | None:
    """The first word of a command that the code itself fixes, with the literal it stands in."""
    if from_env(value) and value.kind == "cond":
        return None
    while value.kind in ("list", "join", "call", "other") and value.parts:
        if value.kind == "call" and value.get("()") is not None:
            value = value.parts[-1]
            continue
        if value.kind in ("call", "other"):
            return None
        value = value.parts[0]
    held = next(iter(fixed_strings(value)), None) if value.kind == "str" else None
    if held is None or not held.text.strip():
        return None
    words = held.text.split()
    while words and (re.match(r"^\w+=", words[0]) or words[0] in ("sudo", "exec", "nohup", "env")):
        words.pop(0)
    return (words[0].rpartition("/")[2], held) if words else None


def _declared(picture: Picture) -> str:
    """All text in which a system tool may be declared."""
    held = []
    for docker in picture.dockerfiles:
        held += [
            one.text for one in docker.instructions if one.word in ("RUN", "FROM", "COPY", "ADD")
        ]
    for path, file in picture.files.items():
        if file.name in (
            "Aptfile",
            "apt.txt",
            "nixpacks.toml",
            "flake.nix",
            "shell.nix",
            "default.nix",
            "packages.txt",
            "devbox.json",
            "Brewfile",
            ".buildpacks",
            "project.toml",
        ):
            held.append(picture.text(path))
    held += [one.name for manifest in picture.manifests for one in manifest.requirements]
    return "\n".join(held).lower()


def _is_declared(program: str, declared: str) -> bool:
    head = program.partition("-")[0]
    if head != program and len(head) > 3 and head in declared:
        return True
    return bool(
        re.search(rf"(?<![\w]){re.escape(PACKAGES.get(program, program))}", declared)
    ) or bool(re.search(rf"(?<![\w-]){re.escape(program)}(?![\w])", declared))


def _looked_for(module: Module, program: str) -> bool:
    """Does the code ask first whether the program is there?"""
    return any(
        call.last in ("which", "find_executable")
        and program in [part.text for part in call.value.parts]
        for call in module.calls
    )


def _done_without(picture: Picture, module: Module, call: Call) -> bool:
    """Is the absence of the program caught, and does the code go on without it?"""
    if module.language != "python" or call.function is None:
        return False
    lines = picture.text(module.path).split("\n")[: call.function.end]
    deep = _indent(lines[call.line - 1])
    for number in range(call.line, len(lines)):
        text, indent = lines[number].strip(), _indent(lines[number])
        if not text or indent >= deep:
            continue
        handler = text.startswith("except")
        if handler:
            body = []
            for line in lines[number + 1 :]:
                if line.strip() and _indent(line) <= indent:
                    break
                body.append(line)
            if ABSENT.search(text):
                return not GIVES_UP.search("\n".join(body))
            if ANY.match(text):
                said = [one.strip() for one in body if one.strip() and one.strip()[0] != "#"]
                return len(said) == 1 and bool(QUIET.match(said[0]))
        deep = indent + 1 if handler else indent
    return False


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def one_build(picture: Picture) -> Iterator[Judgement]:
    """II-6."""
    anew = [*_resolved_anew(picture)]
    yield from grouped(anew)
    for process in picture.processes:
        for step in process.steps if process.stage in ("build", "ci") and not anew else ():
            words = module_of(step)
            if words and (words[0], *words[1:2]) in {
                ("uv", "sync"),
                ("npm", "ci"),
                ("poetry", "install"),
                ("pipenv", "sync"),
                ("pip", "install"),
                ("npm", "install"),
                ("yarn", "install"),
                ("pnpm", "install"),
            }:
                yield Hold(f"one command installs all: {step.text[:60]}", step.place)
                return


def _resolved_anew(picture: Picture) -> Iterator[Finding]:
    """Steps of a build that pass the lock file by, or write another one."""
    for process in picture.processes:
        if process.stage != "build" or process.development:
            continue
        folders = {process.prefix, process.path.rpartition("/")[0]}
        locked = any(
            f"{folder}/package-lock.json".lstrip("/") in picture.files for folder in folders
        )
        for step in process.steps:
            words = tuple(word for word in step.words if not word.startswith("-"))
            loose = locked and words in (("npm", "install"), ("npm", "i"))
            if (loose and not step.has("-g", "--global")) or words[:2] in UPDATERS:
                instead = "npm ci" if loose else "update in a commit, and install the lock here"
                yield find(
                    "II-6",
                    "low",
                    f"the build may resolve other versions than the lock: {step.text[:60]}",
                    step.place,
                    fix=instead,
                )


def dockerless(process: Process) -> bool:
    """Is the process run on a machine, not in an image?"""
    return process.origin in ("script", "procfile")
