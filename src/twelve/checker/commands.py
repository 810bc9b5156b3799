"""The run-command model: every declared command of a repository, with what it comes to."""

import re
from collections.abc import Iterator
from typing import Any

from twelve.checker.dockerfile_reader import shell_text
from twelve.checker.expand import Context, Expander
from twelve.checker.ini_reader import read_procfile
from twelve.checker.platform_files import READERS, declared_in
from twelve.checker.production import only_tried
from twelve.checker.shell_reader import commands_of, split_words
from twelve.picture.commands import Process, Stage, Step, is_worker, serves
from twelve.picture.paths import is_development
from twelve.picture.pattern import pattern
from twelve.picture.tree import (
    Dockerfile,
    File,
    Instruction,
    Job,
    Manifest,
    Option,
    Service,
    Workload,
)

START = pattern(
    r"(^|/)(docker[-_])?(entry[-_]?point|start|startup|run|serve|server|boot|launch|cmd|init)([-_.][\w-]+)?(\.(sh|bash))?$"
)
S6 = pattern(r"(^|/)(s6-rc\.d|services\.d|service|sv)/([\w.-]+)/run$|(^|/)cont-init\.d/([\w.-]+)$")
WORD = pattern(r"[a-z][\w-]*")
PROCFILE = pattern(r"(^|/)Procfile([._-][\w-]+)?$")
META = pattern(r"[|&;<>$`(){}*?]")
UWSGI_RUN = pattern(
    r"^(hook-[\w-]+|exec-[\w-]+|attach-daemon2?|smart-attach-daemon2?|cron2?|mule|legion-attach-daemon|spooler)$"
)


class Commands:
    """Collects processes; holds the expander and the files."""

    def __init__(self, files: dict[str, File], expander: Expander) -> None:
        self.files = files
        self.expander = expander
        self.read = expander.read
        self.reached: set[str] = set()

    def process(
        self,
        name: str,
        origin: str,
        stage: Stage,
        path: str,
        line: int,
        command: str,
        steps: list[Step],
        **more: Any,
    ) -> Process:
        self.reached.update(step.path for step in steps)
        folder = path.rpartition("/")[0]
        return Process(
            name, origin, stage, path, line, command, steps=tuple(steps), prefix=folder, **more
        )

    def _folder(self, path: str) -> str:
        return path.rpartition("/")[0]

    def procfiles(self) -> Iterator[Process]:
        for path in [
            p
            for p, f in self.files.items()
            if "Procfile" in p and PROCFILE.search(p) and f.role not in ("vendored", "test")
        ]:
            development = path.rpartition("/")[2] != "Procfile" and is_development(path)
            for name, command, line in read_procfile(self.read(path)):
                stage: Stage = "release" if name == "release" else "dev" if development else "run"
                shell = "bash" if META.search(re.sub(r"\$\{?\w+(:-[^}]*)?\}?", "", command)) else ""
                steps = self.expander.shell(
                    command, Context(path, line, folder=self._folder(path)), shell, inline=True
                )
                yield self.process(
                    name, "procfile", stage, path, line, command, steps, development=development
                )

    def dockerfiles(self, found: list[Dockerfile], services: list[Service]) -> Iterator[Process]:
        for docker in found:
            entry = cmd = None
            shell, before, past = "sh", "", False
            for one in docker.instructions:
                if one.word == "SHELL":
                    shell = "bash" if "bash" in one.text else "sh"
                if one.word == "RUN":
                    yield self._run(docker, one, shell)
                if one.word == "FROM":
                    past = past or before == docker.final
                    before = one.stage
                    if not past:
                        entry = cmd = None if one.stage != docker.final else entry
                if one.word == "ENTRYPOINT" and not past:
                    entry, cmd = one, None
                if one.word == "CMD" and not past:
                    cmd = one
            yield from self._start(docker, entry, cmd, shell, services)
            if entry is not None and entry.argv and not docker.development:
                yield from self._branches(docker, entry, cmd)

    def _branches(
        self, docker: Dockerfile, entry: Instruction, cmd: Instruction | None
    ) -> Iterator[Process]:
        """The other process types that an entry point offers in a ``case`` on its first word."""
        script = self.expander.find(entry.argv[0], self._folder(docker.path))
        chosen = cmd.argv[:1] if cmd else ()
        context = Context(docker.path, entry.line, folder=self._folder(docker.path))
        yield from self._arms(script, "dockerfile", entry.argv, context, chosen)

    def _arms(
        self,
        script: str,
        origin: str,
        argv: tuple[str, ...],
        context: Context,
        chosen: tuple[str, ...],
    ) -> Iterator[Process]:
        every = commands_of(self.read(script)) if script else []
        for word in sorted({word for one in every for word in one.case[1].split("|")}):
            if not WORD.fullmatch(word) or word in chosen or is_development(word):
                continue
            steps = self.expander.words((*argv, word), context)
            if any(serves(s) or is_worker(s) or s.program == "supervisord" for s in steps):
                yield self.process(word, origin, "run", context.path, context.line, word, steps)

    def _run(self, docker: Dockerfile, one: Instruction, shell: str) -> Process:
        context = Context(docker.path, one.line, folder=self._folder(docker.path))
        steps = (
            self.expander.words(one.argv, context)
            if one.argv
            else self.expander.shell(shell_text(one), context, shell, inline=True)
        )
        return self.process(
            "build",
            "dockerfile",
            "build",
            docker.path,
            one.line,
            one.text,
            steps,
            development=docker.development or is_development(one.stage),
        )

    def _start(
        self,
        docker: Dockerfile,
        entry: Instruction | None,
        cmd: Instruction | None,
        shell: str,
        services: list[Service],
    ) -> Iterator[Process]:
        one = cmd or entry
        if one is None:
            return
        words, context = self._command_words(docker, entry, cmd)
        if words:
            steps = self.expander.words(words, context)
        else:
            steps = self.expander.shell(shell_text(one), context, shell, inline=True)
        steps = [
            step._replace(line=self.locate(step, 0)) if step.path == docker.path else step
            for step in steps
        ]
        stage: Stage = "dev" if docker.development or only_tried(docker, services) else "run"
        command = " ".join(words) or one.text
        yield self.process(
            "image",
            "dockerfile",
            stage,
            docker.path,
            one.line,
            command,
            steps,
            development=stage == "dev",
            shell=shell if not one.argv else "",
        )

    def _command_words(
        self, docker: Dockerfile, entry: Instruction | None, cmd: Instruction | None
    ) -> tuple[tuple[str, ...], Context]:
        folder = self._folder(docker.path)
        one = cmd or entry
        context = Context(docker.path, one.line if one else 1, folder=folder)
        if entry is None:
            return (cmd.argv if cmd else ()), context
        if not entry.argv:
            words = split_words(entry.text)
            return (
                () if META.search(entry.text) else ("sh", "-c", " ".join(words)) if words else ()
            ), context._replace(line=entry.line)
        after = cmd.argv if cmd and cmd.argv else ("sh", "-c", cmd.text) if cmd else ()
        return (*entry.argv, *after), context

    def services(self, found: list[Service], dockers: list[Dockerfile]) -> Iterator[Process]:
        entries = {
            d.path: next((i for i in reversed(d.instructions) if i.word == "ENTRYPOINT"), None)
            for d in dockers
        }
        for service in found:
            words = service.command
            if not words and not service.entrypoint:
                continue
            folder = self._folder(service.path)
            context = Context(service.path, service.command_line or service.line, folder=folder)
            entry = entries.get(self._dockerfile(service, folder))
            full = (
                (*service.entrypoint, *words)
                if service.entrypoint
                else (*(entry.argv if entry else ()), *words)
            )
            steps = self.expander.words(full or words, context)
            steps = [
                step._replace(line=self.locate(step, 40)) if step.path == service.path else step
                for step in steps
            ]
            own = bool(service.build) or self._own_steps(steps)
            if own:
                development = service.development or is_development(next(iter(words), ""))
                stage: Stage = "dev" if development else "run"
                yield self.process(
                    service.name,
                    "compose",
                    stage,
                    service.path,
                    context.line,
                    service.command_text,
                    steps,
                    image=service.image,
                    development=development,
                )

    @staticmethod
    def _dockerfile(service: Service, folder: str) -> str:
        context = service.build.strip("./") if service.build.startswith(".") else service.build
        name = service.dockerfile or "Dockerfile"
        return "/".join(filter(None, (folder, context, name)))

    @staticmethod
    def _own_steps(steps: list[Step]) -> bool:
        return any(
            serves(s)
            or s.program in ("python", "python3", "node", "celery", "npm", "flask")
            or "manage.py" in s.text
            for s in steps
        )

    def locate(self, step: Step, reach: int) -> int:
        """The line where a step's words really stand, when its command covers several lines."""
        lines = self.read(step.path).split("\n")
        start = max(step.line - 1, 0)
        wanted = [word for word in step.words if word and "$" not in word][:4]
        for count in range(len(wanted), 0, -1):
            needle = " ".join(wanted[:count])
            for number in range(start, min(start + reach + 1, len(lines))):
                if needle in lines[number]:
                    return number + 1
        return step.line

    def workloads(self, found: list[Workload]) -> Iterator[Process]:
        for one in found:
            if one.command:
                steps = self.expander.words(one.command, Context(one.path, one.line))
                stage: Stage = "job" if one.kind in ("Job", "CronJob") else "run"
                yield self.process(
                    one.name,
                    "kubernetes",
                    stage,
                    one.path,
                    one.line,
                    " ".join(one.command),
                    steps,
                    image=one.image,
                )

    def managers(self, options: list[Option]) -> Iterator[Process]:
        """Commands inside uwsgi's and supervisord's own files."""
        for one in options:
            if one.section.startswith("program:") and one.key == "command":
                steps = self.expander.words(
                    split_words(one.value), Context(one.path, one.line, ("supervisord",))
                )
                yield self.process(
                    one.section[8:], "supervisord", "run", one.path, one.line, one.value, steps
                )
            elif one.section == "uwsgi" and UWSGI_RUN.match(one.key):
                command = re.sub(r"^\w+:", "", one.value)
                steps = self.expander.words(
                    split_words(command), Context(one.path, one.line, ("uwsgi",))
                )
                yield self.process(one.key, "uwsgi", "hook", one.path, one.line, command, steps)

    def s6(self) -> Iterator[Process]:
        for path in self.files:
            match = S6.search(path) if path.endswith("/run") or "cont-init.d/" in path else None
            if match:
                name = match[3] or match[5] or ""
                text = self.read(path)
                shell = "bash" if "bash" in text.split("\n", 1)[0] else "sh"
                steps = self.expander.shell(
                    text, Context(path, 1, folder="", seen=frozenset({path})), shell, inline=False
                )
                stage: Stage = "hook" if name.startswith("init") or match[5] else "run"
                yield self.process(name, "s6", stage, path, 1, path, steps)

    def platform_files(self) -> Iterator[Process]:
        """app.json, fly.toml, render.yaml: what other platforms are told to run."""
        for path, file in self.files.items():
            if file.name not in READERS or file.role not in ("app", "build"):
                continue
            for name, command, stage, line in declared_in(file.name, self.read(path)):
                context = Context(path, line, folder=file.folder)
                steps = self.expander.shell(command, context, "bash", inline=True)
                yield self.process(name, file.name, stage, path, line, command, steps)

    def packages(self, manifests: list[Manifest], started: bool) -> Iterator[Process]:
        """The start script of a package, when nothing else says how to start it."""
        for manifest in manifests:
            for name, command, line in manifest.scripts:
                if (
                    name != "start"
                    or self.files[manifest.path].role not in ("app", "script")
                    or started
                ):
                    continue
                context = Context(manifest.path, line, ("npm",), folder=manifest.folder)
                steps = [
                    s._replace(line=line) if s.path == manifest.path else s
                    for s in self.expander.shell(command, context, "", inline=True)
                ]
                yield self.process(
                    "start", "package.json", "run", manifest.path, line, command, steps
                )

    def scripts(self) -> Iterator[Process]:
        """Shell scripts that nothing above reached: start scripts by their name, the others as run by hand."""
        for path, file in self.files.items():
            if (
                path in self.reached
                or path in self.expander.entered
                or file.role
                in (
                    "vendored",
                    "test",
                    "generated",
                    "docs",
                    "example",
                )
            ):
                continue
            ends = path.endswith((".sh", ".bash"))
            if not ends and (file.name.count(".") or file.size >= 20_000):
                continue
            starts = START.search(path) and not PROCFILE.search(path)
            if not ends and not starts:
                continue
            if S6.search(path):
                continue
            text = self.read(path)
            first = text.split("\n", 1)[0]
            if not ends and not re.match(r"^#!.*sh\b", first):
                continue
            shell = "bash" if "bash" in first else "sh"
            development = is_development(path) or file.role == "dev"
            stage: Stage = (
                "dev" if development else "run" if starts and file.role != "script" else "manual"
            )
            context = Context(path, 1, folder=file.folder)
            if stage == "run":
                yield from self._arms(path, "script", (path,), context, ())
                context = context._replace(args_from=(path, 1))
            steps = self.expander.shell(
                text, context._replace(seen=frozenset({path})), shell, inline=False
            )
            yield self.process(
                file.name, "script", stage, path, 1, path, steps, development=development
            )

    def ci(self, jobs: list[Job]) -> Iterator[Process]:
        for job in jobs:
            for text, line in job.runs:
                steps = self.expander.shell(text, Context(job.path, line), "bash", inline=True)
                yield Process(
                    job.name,
                    "ci",
                    "ci",
                    job.path,
                    line,
                    text,
                    steps=tuple(step for step in steps if step.path == job.path),
                )
