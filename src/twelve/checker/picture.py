"""The shared picture of one repository: each part is made when a rule first asks for it."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from twelve.checker.commands import Commands
from twelve.checker.compose_reader import is_compose, read_jobs, read_services, read_workloads
from twelve.checker.dockerfile_reader import is_dockerfile, read_dockerfile
from twelve.checker.expand import Expander
from twelve.checker.git import (
    find_git,
    ignore_patterns,
    is_ignored,
    read_repository,
    submodules,
    tracked_files,
)
from twelve.checker.ini_reader import read_env, read_ini
from twelve.checker.javascript_reader import read_javascript
from twelve.checker.known import Known
from twelve.checker.manifests_reader import is_manifest, read_manifest
from twelve.checker.production import told_apart, trials
from twelve.checker.python_reader import read_python
from twelve.checker.queries import Queries
from twelve.checker.source import FolderTree, MemoryTree, Source, decode
from twelve.finding import Place
from twelve.picture.code import Module
from twelve.picture.commands import Process
from twelve.picture.paths import classify
from twelve.picture.pattern import pattern
from twelve.picture.tree import (
    Broken,
    Dockerfile,
    File,
    Job,
    Manifest,
    Option,
    Repository,
    Service,
    Variable,
    Workload,
)
from twelve.picture.words import Words
from twelve.picture.yaml_reader import Node, read_yaml

CODE = (".py", ".js", ".ts", ".mjs", ".cjs", ".jsx", ".tsx", ".mts", ".cts", ".vue", ".svelte")
PARSED = (".py", ".js", ".ts", ".mjs", ".cjs", ".jsx", ".tsx", ".mts", ".cts")
ROLES = frozenset({"app", "script", "build"})
BIGGEST_CODE = 600_000
KEPT = 64_000_000
"""So many bytes are kept in memory, so that no file is read twice."""
BINARY = (
    ".png",
    ".jpg",
    ".jpeg",
    ".gif",
    ".ico",
    ".woff",
    ".woff2",
    ".ttf",
    ".pdf",
    ".svg",
    ".css",
    ".po",
    ".mo",
    ".scss",
    ".graphql",
    ".webp",
    ".html",
)
ENV_FILE = pattern(r"(^|/)(\.env(\.[\w.-]+)?|[\w.-]+\.env|env\.(\w+))$")
INI = pattern(
    r"(^|/)(uwsgi[\w.-]*\.ini|[\w.-]*uwsgi\.ini|supervisord?[\w.-]*\.(conf|ini)|[\w.-]*supervisord?\.(conf|ini)|setup\.cfg|alembic\.ini|[\w.-]*celery[\w.-]*\.ini|logrotate[\w./-]*)$|supervisor[\w.-]*/.*\.(conf|ini)$"
)
CI = pattern(r"^\.github/workflows/|(^|/)\.gitlab-ci\.ya?ml$")


class RepositoryPicture(Queries):
    """Implements ``twelve.picture.rule.Picture`` over a source."""

    def __init__(self, source: Source, known: Known | None = None) -> None:
        self.source = source
        self.known = known or Known(None)
        self.broken: list[Broken] = []
        self._texts: dict[str, str] = {}
        self._data: dict[str, bytes] = {}
        self._room = KEPT
        self._parsed: dict[str, Module] = {}
        self._imports: dict[str, list[str]] = {}
        self._requires: dict[str, list[str]] = {}
        self._held: dict[tuple[str, ...], list[str]] = {}

    @cached_property
    def files(self) -> Mapping[str, File]:
        tracked: set[str] | None = None
        patterns = ignore_patterns(self.source)
        if isinstance(self.source, FolderTree):
            git = find_git(self.source.root)
            tracked = tracked_files(git, self.source.root) if git else None
        made = {}
        others = tuple(f"{path}/" for path in submodules(decode(self.source.read(".gitmodules"))))
        for entry in self.source.entries():
            known = entry.path in tracked if tracked is not None else None
            if known is False and patterns and is_ignored(entry.path, patterns):
                continue
            if known is None and isinstance(self.source, MemoryTree):
                known = not (patterns and is_ignored(entry.path, patterns))
            role = "vendored" if entry.path.startswith(others) else classify(entry.path)
            made[entry.path] = File(entry.path, role, entry.size, known, entry.link)
        return made

    def data(self, path: str) -> bytes:
        """A file's bytes, kept for the next rule that asks as long as there is room."""
        held = self._data.get(path)
        if held is None:
            held = self.source.read(path)
            if len(held) <= self._room:
                self._data[path] = held
                self._room -= len(held)
        return held

    def text(self, path: str) -> str:
        if path not in self._texts:
            self._texts[path] = (
                decode(self.data(path)) if path in self.files and not self.files[path].link else ""
            )
        return self._texts[path]

    @cached_property
    def repository(self) -> Repository:
        if isinstance(self.source, FolderTree):
            return read_repository(self.source.root, self.source)
        held = self.source.files if isinstance(self.source, MemoryTree) else {}
        heads = {
            path.removeprefix(".git/refs/heads/"): data
            for path, data in held.items()
            if path.startswith(".git/refs/heads/")
        }
        commit = (
            decode(next(iter(heads.values()), b""))
            if any(path.startswith(".git/") for path in held)
            else "0" * 40
        )
        return Repository(
            True, commit.strip(), tuple(sorted(heads)), (), ignore_patterns(self.source)
        )

    def _paths(self, *roles: str) -> list[str]:
        return [path for path, file in self.files.items() if file.role in roles and not file.link]

    @cached_property
    def modules(self) -> Sequence[Module]:
        made = []
        for path in self._paths(*ROLES):
            if not path.endswith(CODE) or self.files[path].size > BIGGEST_CODE:
                continue
            if not path.endswith(PARSED):
                continue
            python = path.endswith(".py")
            data = self.data(path)
            worth, names = self.known.of(data, python=python)
            held = self._imports if python else self._requires
            for name in names:
                held.setdefault(name, []).append(path)
            if worth:
                made.append(self._parse(path, data))
        return made

    def _parse(self, path: str, data: bytes) -> Module:
        if path not in self._parsed:
            role = self.files[path].role if path in self.files else "app"
            if path.endswith(".py"):
                module = read_python(path, decode(data), role)
                if module.error:
                    self.broken.append(Broken(path, module.error_line, module.error))
            elif b"\0" in data[:4096]:
                module = Module(path, "javascript", role)
            else:
                module = read_javascript(path, data, role)
            self._parsed[path] = module
        return self._parsed[path]

    def module(self, path: str) -> Module | None:
        if path not in self.files or not path.endswith(PARSED):
            return None
        if self.files[path].size > BIGGEST_CODE:
            return self._parse(path, b"")
        return self._parse(path, self.data(path))

    def holding(self, *words: str) -> Iterable[str]:
        """Paths of the app's own text files that hold one of the words."""
        if words not in self._held:
            self._held[words] = self._holding(Words(word.encode() for word in words))
        return self._held[words]

    def _holding(self, wanted: Words) -> list[str]:
        return [
            path
            for path in self._paths("app", "script", "build", "dev")
            if self.files[path].size < BIGGEST_CODE
            and not path.endswith(BINARY)
            and wanted.found(self.data(path))
        ]

    def imported(self) -> Mapping[str, tuple[Place, ...]]:
        _ = self.modules
        return {name: tuple(Place(path) for path in paths) for name, paths in self._imports.items()}

    def required(self) -> Mapping[str, Sequence[str]]:
        _ = self.modules
        return self._requires

    @cached_property
    def manifests(self) -> Sequence[Manifest]:
        made = []
        for path, file in self.files.items():
            if (
                is_manifest(path)
                and file.role not in ("vendored", "test", "docs", "generated")
                and not file.link
            ):
                manifest, broken = read_manifest(path, self.text(path))
                if broken:
                    self.broken.append(broken)
                elif manifest and manifest.kind != "tools":
                    made.append(manifest)
        return made

    @cached_property
    def dockerfiles(self) -> Sequence[Dockerfile]:
        paths = [
            p
            for p, f in self.files.items()
            if is_dockerfile(p) and f.role not in ("vendored", "docs", "test") and not f.link
        ]
        return [read_dockerfile(path, self.text(path)) for path in paths]

    @cached_property
    def _documents(self) -> dict[str, list[Node]]:
        """The YAML files whose meaning is known: compose, CI, Kubernetes."""
        made = {}
        for path, file in self.files.items():
            if (
                not path.endswith((".yaml", ".yml"))
                or file.role in ("vendored", "test", "docs")
                or file.link
            ):
                continue
            known = is_compose(path) or bool(CI.search(path))
            if known or (file.size < 200_000 and b"apiVersion:" in self.source.read(path)[:20_000]):
                text = self.text(path)
                documents, broken = read_yaml(path, text)
                made[path] = documents
                if broken and "{{" not in text and "{%" not in text:
                    self.broken.append(broken)
        return made

    @cached_property
    def services(self) -> Sequence[Service]:
        return told_apart(
            [
                one
                for path, held in self._documents.items()
                if is_compose(path)
                for one in read_services(path, held)
            ]
        )

    @cached_property
    def workloads(self) -> Sequence[Workload]:
        return [
            one
            for path, held in self._documents.items()
            if not is_compose(path) and not CI.search(path)
            for one in read_workloads(path, held)
        ]

    @cached_property
    def jobs(self) -> Sequence[Job]:
        return [
            one
            for path, held in self._documents.items()
            if CI.search(path)
            for one in read_jobs(path, held)
        ]

    @cached_property
    def variables(self) -> Sequence[Variable]:
        held = [
            p
            for p, f in self.files.items()
            if "env" in p
            and ENV_FILE.search(p)
            and f.role not in ("vendored", "test")
            and f.size < 200_000
            and not f.link
        ]
        return [one for path in held for one in read_env(path, self.text(path))]

    @cached_property
    def options(self) -> Sequence[Option]:
        held = [
            p
            for p, f in self.files.items()
            if f.role not in ("vendored", "test", "docs")
            and not f.link
            and (p.endswith((".ini", ".conf", ".cfg")) or "logrotate" in p)
            and (INI.search(p) or self._manages(p, f))
        ]
        return [one for path in held for one in read_ini(path, self.text(path))]

    def _manages(self, path: str, file: File) -> bool:
        """Is it a configuration of supervisord or uwsgi under a name of its own?"""
        if not path.endswith((".conf", ".ini")) or file.size > 50_000:
            return False
        data = self.source.read(path)
        return any(word in data for word in (b"[supervisord]", b"[program:", b"[uwsgi]"))

    @cached_property
    def processes(self) -> Sequence[Process]:
        scripts = {
            m.path: {name: (text, line) for name, text, line in m.scripts}
            for m in self.manifests
            if m.scripts
        }
        paths = {
            path: file
            for path, file in self.files.items()
            if file.role not in ("vendored", "generated") and not file.link
        }
        commands = Commands(paths, Expander(paths, self.text, scripts))
        services, dockers = list(self.services), list(self.dockerfiles)
        made = [
            *commands.procfiles(),
            *commands.dockerfiles(dockers, services),
            *commands.services(services, dockers),
        ]
        made += [
            *commands.workloads(list(self.workloads)),
            *commands.managers(list(self.options)),
            *commands.s6(),
            *commands.platform_files(),
        ]
        made = trials(made, {m.folder for m in self.manifests if not m.dev})
        started = any(process.stage == "run" for process in made)
        made += list(commands.packages(list(self.manifests), started))
        made += [*commands.scripts(), *commands.ci(list(self.jobs))]
        return made

    @cached_property
    def roots(self) -> Sequence[str]:
        """The folders that hold an app of their own: a manifest beside a way to start it."""
        starts = {
            p.path.rpartition("/")[0]
            for p in self.processes
            if p.stage == "run"
            and p.origin in ("procfile", "dockerfile", "compose", "package.json")
        }
        held = {m.folder for m in self.manifests if not m.dev}
        roots = sorted(
            folder
            for folder in held
            if folder in starts or f"{folder}/manage.py".lstrip("/") in self.files
        )
        return roots or [""]
