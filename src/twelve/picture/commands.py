"""What is really executed: each declared command taken apart into the programs that run, and by which shell."""

import itertools
from typing import Literal, NamedTuple

from twelve.finding import Place
from twelve.picture.paths import is_development
from twelve.picture.pattern import pattern

Stage = Literal["run", "build", "release", "dev", "job", "hook", "ci", "manual"]
"""When it runs. ``hook`` is work that a server or container does each time before it serves."""

Shell = Literal["", "sh", "bash"]


class Step(NamedTuple):
    """One program with its arguments, as it stands in a command, a script or a file of a process manager."""

    words: tuple[str, ...]
    path: str
    line: int
    env: tuple[tuple[str, str], ...] = ()
    exec: bool = False
    background: bool = False
    loop: bool = False
    """It stands in the condition or the body of ``until`` or ``while``."""
    last: bool = True
    """Nothing follows it in its script."""
    through: tuple[str, ...] = ()
    """The wrappers in front of it, outermost first: ``bash``, ``npm``, ``wait-for-it.sh``, ``tini``."""
    optional: bool = False
    via: tuple[tuple[str, int], ...] = ()
    """The places of the commands that led to it."""

    @property
    def program(self) -> str:
        """The name of the program without its folder."""
        return self.words[0].rpartition("/")[2] if self.words else ""

    @property
    def text(self) -> str:
        return " ".join(self.words)

    @property
    def place(self) -> Place:
        return Place(self.path, self.line)

    def option(self, *names: str) -> str | None:
        """The value of an option, written ``--name value``, ``--name=value`` or ``-n5``."""
        for index, word in enumerate(self.words[1:], 1):
            for name in names:
                if word == name:
                    return self.words[index + 1] if index + 1 < len(self.words) else ""
                if word.startswith(name + "="):
                    return word[len(name) + 1 :]
                if (
                    len(name) == 2
                    and not word.startswith("--")
                    and word.startswith(name)
                    and len(word) > 2
                ):
                    return word[2:]
        return None

    def has(self, *flags: str) -> bool:
        """Is one of these words among the arguments?"""
        return any(word in flags or word.split("=", 1)[0] in flags for word in self.words[1:])


class Process(NamedTuple):
    """A declared command: who declares it, when it runs, and what it comes to."""

    name: str
    origin: str
    stage: Stage
    path: str
    line: int
    command: str
    shell: Shell = ""
    steps: tuple[Step, ...] = ()
    image: str = ""
    development: bool = False
    """It is declared in a file that only serves development or tests."""
    prefix: str = ""
    """The folder that the command is run in, relative to the root."""

    @property
    def place(self) -> Place:
        return Place(self.path, self.line)


WEB_SERVERS = {
    "gunicorn": "gunicorn",
    "uvicorn": "uvicorn",
    "hypercorn": "hypercorn",
    "daphne": "daphne",
    "granian": "granian",
    "waitress-serve": "waitress",
    "uwsgi": "uwsgi",
    "fastapi": "fastapi",
    "flask": "flask",
    "puma": "puma",
    "next": "next",
    "nest": "nest",
    "sanic": "sanic",
    "bjoern": "bjoern",
    "litestar": "litestar",
    "http-server": "http-server",
    "serve": "serve",
}
"""Programs that answer HTTP, with the distribution they come from."""

WORKERS = frozenset(
    {
        "celery",
        "rq",
        "rqworker",
        "dramatiq",
        "huey_consumer",
        "huey_consumer.py",
        "arq",
        "faktory",
        "procrastinate",
        "taskiq",
    }
)
INTERPRETERS = frozenset(
    {"python", "python3", "node", "bun", "deno", "ruby", "ts-node", "tsx", "pypy3"}
)


def module_of(step: Step) -> tuple[str, ...]:
    """The words from the module on, for ``python -m module …``; else the step's own words."""
    if step.program.startswith(("python", "pypy")) and "-m" in step.words:
        index = step.words.index("-m")
        return step.words[index + 1 :]
    return step.words


def manage_command(step: Step) -> str:
    """The admin command of ``manage.py COMMAND``, ``python -m manage COMMAND`` or ``django-admin COMMAND``."""
    words = step.words
    for index, word in enumerate(words[:-1]):
        if word.rpartition("/")[2] in ("manage.py", "django-admin", "django-admin.py"):
            return next((w for w in words[index + 1 :] if not w.startswith("-")), "")
        if word == "-m" and words[index + 1].rpartition(".")[2] in ("manage", "django"):
            return next((w for w in words[index + 2 :] if not w.startswith("-")), "")
    return ""


DEV_SERVERS = ("runserver", "runserver_plus")
TASKS_SERVE = (("serve",), ("watch",), ("dev",), ("browsersync",), ("browser-sync",))


def dev_server(step: Step) -> str:
    """What makes the step a development server, or nothing."""
    words = module_of(step)
    program = words[0].rpartition("/")[2] if words else ""
    rest = words[1:]
    if manage_command(step) in DEV_SERVERS:
        return f"manage.py {manage_command(step)}"
    if program == "flask" and "run" in rest:
        return "flask run"
    if program == "fastapi" and rest[:1] == ("dev",):
        return "fastapi dev"
    if program in (
        "nodemon",
        "ts-node-dev",
        "vite-node",
        "webpack-dev-server",
        "webpack-serve",
        "watchmedo",
        "tsx",
        "react-scripts",
        "air",
        "gulp",
        "grunt",
        "webpack",
    ):
        return _dev_program(program, rest)
    if program in ("vite", "next", "nuxt", "astro", "remix", "ng", "wrangler") and (
        rest[:1] in (("dev",), ("serve",)) or (program == "vite" and not rest)
    ):
        return f"{program} {rest[0]}" if rest else program
    if (
        program == "nest"
        and rest[:1] == ("start",)
        and ("--watch" in rest or "--debug" in rest or not rest[1:])
    ):
        return "nest start"
    if program in ("uvicorn", "gunicorn", "hypercorn", "granian", "sanic") and (
        "--reload" in rest or "--debug" in rest
    ):
        return f"{program} --reload"
    if program == "node" and ("--watch" in rest or "--inspect" in rest):
        return "node --watch"
    return ""


def _dev_program(program: str, rest: tuple[str, ...]) -> str:
    if program in ("gulp", "grunt"):
        return f"{program} {rest[0]}" if rest[:1] in TASKS_SERVE else ""
    if program == "webpack":
        watch = next((one for one in rest if one in ("serve", "--watch", "-w")), "")
        return f"webpack {watch}" if watch else ""
    if program == "tsx" and rest[:1] != ("watch",):
        return ""
    if program == "watchmedo" and rest[:1] != ("auto-restart",):
        return ""
    if program == "react-scripts" and rest[:1] != ("start",):
        return ""
    return program


def for_trials(step: Step) -> bool:
    """Is the step given Django's settings of development, by their name?"""
    name = step.option("--settings") or dict(step.env).get("DJANGO_SETTINGS_MODULE", "")
    return bool(name) and is_development(name.replace(".", "/"))


def serves(step: Step) -> str:
    """The web server that the step starts, or nothing."""
    words = module_of(step)
    program = words[0].rpartition("/")[2] if words else ""
    if program in ("flask", "fastapi", "next", "nest", "sanic", "litestar"):
        ok = {
            "flask": ("run",),
            "fastapi": ("run", "dev"),
            "next": ("start", "dev"),
            "nest": ("start",),
            "litestar": ("run",),
        }
        return program if program == "sanic" or set(words[1:]) & set(ok[program]) else ""
    if manage_command(step) in DEV_SERVERS:
        return "runserver"
    return program if program in WEB_SERVERS else ""


def is_worker(step: Step) -> bool:
    """Does the step take jobs from a queue?"""
    words = module_of(step)
    program = words[0].rpartition("/")[2] if words else ""
    if program == "celery":
        return "worker" in words
    if program == "rq":
        return "worker" in words or "worker-pool" in words
    return program in WORKERS or manage_command(step) in (
        "rqworker",
        "qcluster",
        "run_huey",
        "celery",
        "rundramatiq",
        "procrastinate",
    )


def migrates(step: Step) -> str:
    """The schema migration that the step performs, or nothing."""
    words = step.words
    admin = manage_command(step)
    if admin in ("syncdb", "makemigrations", "createcachetable") or OWN_MIGRATION.search(admin):
        return f"manage.py {admin}"
    pairs = [*itertools.pairwise(words)]
    last = [(a.rpartition("/")[2], b) for a, b in pairs]
    for first, second in last:
        if (first, second) in MIGRATIONS:
            return f"{first} {second}"
    joined = " ".join(words)
    for known in (
        "db upgrade",
        "db:migrate",
        "db:push",
        "migration:run",
        "migrate:latest",
        "migrate deploy",
        "migrate up",
        "create_tables",
        "create_db",
        "create_all",
    ):
        if known in joined and not joined.startswith("echo"):
            return known
    return ""


OWN_MIGRATION = pattern(r"^(?!(wait|check|show|has|is|no)_)(\w+_)?migrate(_\w+)?$")
"""``migrate``, and an admin command of the app's own that says it does the same."""
MIGRATIONS = {
    ("alembic", "upgrade"),
    ("flask", "db"),
    ("aerich", "upgrade"),
    ("prisma", "migrate"),
    ("prisma", "db"),
    ("knex", "migrate:latest"),
    ("sequelize", "db:migrate"),
    ("sequelize-cli", "db:migrate"),
    ("typeorm", "migration:run"),
    ("drizzle-kit", "migrate"),
    ("drizzle-kit", "push"),
    ("node-pg-migrate", "up"),
    ("rake", "db:migrate"),
    ("rails", "db:migrate"),
    ("yoyo", "apply"),
    ("flyway", "migrate"),
    ("goose", "up"),
    ("dbmate", "up"),
    ("piccolo", "migrations"),
}
