"""The files of a repository, what each is for, and what the ones with a known format say."""

from typing import Literal, NamedTuple

from twelve.finding import Place

Role = Literal[
    "app",
    "test",
    "dev",
    "build",
    "docs",
    "vendored",
    "generated",
    "migration",
    "example",
    "script",
    "asset",
]


class File(NamedTuple):
    """One file, by its path from the root."""

    path: str
    role: Role
    size: int = 0
    tracked: bool | None = None
    link: str = ""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]


class Requirement(NamedTuple):
    """One dependency that a manifest declares."""

    name: str
    version: str
    path: str
    line: int
    dev: bool = False
    pinned: bool = False
    hashed: bool = False
    local: str = ""


class Manifest(NamedTuple):
    """A dependency manifest."""

    path: str
    kind: str
    requirements: tuple[Requirement, ...] = ()
    includes: tuple[str, ...] = ()
    library: bool = False
    dev: bool = False
    name: str = ""
    scripts: tuple[tuple[str, str, int], ...] = ()
    workspaces: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]


class Instruction(NamedTuple):
    """One instruction of a Dockerfile, its continued lines joined."""

    word: str
    text: str
    line: int
    argv: tuple[str, ...] = ()
    stage: str = ""
    lines: tuple[tuple[int, str], ...] = ()


class Dockerfile(NamedTuple):
    """A Dockerfile's instructions in order; ``final`` is the name of its last stage."""

    path: str
    instructions: tuple[Instruction, ...]
    final: str = ""
    development: bool = False


class Service(NamedTuple):
    """One service of a compose file."""

    name: str
    path: str
    line: int
    image: str = ""
    image_line: int = 0
    build: str = ""
    dockerfile: str = ""
    command: tuple[str, ...] = ()
    command_text: str = ""
    command_line: int = 0
    entrypoint: tuple[str, ...] = ()
    volumes: tuple[tuple[str, int], ...] = ()
    environment: tuple[tuple[str, str, int], ...] = ()
    env_files: tuple[tuple[str, int], ...] = ()
    ports: tuple[tuple[str, int], ...] = ()
    development: bool = False
    target: str = ""


class Variable(NamedTuple):
    """One line of an env file."""

    name: str
    value: str
    path: str
    line: int

    @property
    def place(self) -> Place:
        return Place(self.path, self.line)


class Option(NamedTuple):
    """One ``key = value`` of an ini file: uwsgi, supervisord, setup.cfg."""

    section: str
    key: str
    value: str
    path: str
    line: int

    @property
    def place(self) -> Place:
        return Place(self.path, self.line)


class Job(NamedTuple):
    """A job of a CI pipeline: its services and what it runs."""

    name: str
    path: str
    line: int
    services: tuple[tuple[str, int], ...] = ()
    runs: tuple[tuple[str, int], ...] = ()


class Workload(NamedTuple):
    """A container of a Kubernetes manifest, with what its pod says."""

    kind: str
    name: str
    path: str
    line: int
    image: str = ""
    command: tuple[str, ...] = ()
    env: tuple[tuple[str, str, int], ...] = ()
    data: tuple[tuple[str, str, int], ...] = ()
    volumes: tuple[tuple[str, int], ...] = ()
    probes: tuple[str, ...] = ()
    limits: bool = False
    non_root: bool = False
    affinity: str = ""


class Broken(NamedTuple):
    """A file that its own format's reader refuses."""

    path: str
    line: int
    why: str


class Repository(NamedTuple):
    """What version control says about the tree; all of it read from files, none by running a program."""

    present: bool
    commit: str = ""
    branches: tuple[str, ...] = ()
    submodules: tuple[str, ...] = ()
    ignored: tuple[tuple[str, str, int], ...] = ()
    """Patterns of the ignore files: pattern, path, line."""
