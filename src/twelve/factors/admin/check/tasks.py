"""How XII-1, XII-2, XII-3 and XII-7 are judged."""

import re
from collections.abc import Iterator

from twelve.finding import Finding, Place
from twelve.picture.code import Call, Module, is_command, is_handler
from twelve.picture.commands import Step, dev_server, migrates, serves
from twelve.picture.deployed import certain
from twelve.picture.origin import development_only
from twelve.picture.paths import is_development
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find, grouped, mounted
from twelve.picture.value import plain, walk

STARTS = pattern(
    r"^(create_app|startup|on_startup|startup_event|lifespan|ready|before_first_request|init_app|main|bootstrap|start|start_server|initDatabase|initDB|init_db|connect|connectDB|onModuleInit|run)$"
)
SURELY = pattern(
    r"^(create_app|startup|on_startup|startup_event|lifespan|ready|before_first_request|bootstrap)$"
)
"""Of these a framework calls each when the process starts; who calls another one, is not read."""
NOWHERE: tuple[Place, ...] = ()
FLASK = frozenset({"run", "shell", "routes", "db"})
MIGRATING = pattern(r"\b(upgrade|create_all)\(")
RUNS = ("node", "python", "python3", "tsx", "bun")
SCRIPT = pattern(r"\.(py|[cm]?js|ts)$")
STARTED = pattern(
    r"^[^#/\n]*\b(?:execSync|execFileSync|spawnSync|exec|spawn|execa|execaSync|os\.system|subprocess\.(?:run|call|check_call))\(\s*([^\n)]+)",
    re.MULTILINE,
)
"""A command that a script starts, with its words."""
MUTABLE = pattern(
    r"(^|/)(migrate|reset[-_]?(db|database)|restore|drop[-_]?(db|tables)|reindex|purge|flush[-_]?(db|cache))/?$",
    re.IGNORECASE,
)


def one_off(picture: Picture) -> Iterator[Judgement]:
    """XII-1."""
    held = [*_commands(picture), *_python(picture), *_node(picture), *_typeorm(picture)]
    yield from grouped(held)
    if not held:
        for process in picture.processes:
            if process.stage in ("release", "job") and any(
                migrates(step) for step in process.steps
            ):
                yield Hold("migrations are a process of their own", process.place)
                return


def _commands(picture: Picture) -> Iterator[Finding]:
    for process in picture.processes:
        if process.stage not in ("run", "hook") or process.development:
            continue
        if (
            process.stage == "run"
            and process.origin in ("compose", "procfile", "fly.toml", "script")
            and not any(serves(s) or s.background for s in process.steps)
            and all(migrates(s) or s.program in ("echo", "set", "cd") for s in process.steps)
        ):
            continue
        lasting = process.origin != "script" or any(
            serves(s) or (s.last and s.program == "node") for s in process.steps
        )
        for step in process.steps:
            what, where = migrates(step), NOWHERE
            if not what and step.program in RUNS and process.stage == "run":
                what, where = _inside(picture, step)
            if not what and step.program == "flask" and step.words[1:]:
                what, where = _by_flask(picture, step.words[1])
            if what and lasting and (process.stage == "hook" or len(process.steps) > 1):
                tried = mounted(picture, process) and any(dev_server(s) for s in process.steps)
                yield find(
                    "XII-1",
                    "low"
                    if tried
                    else "high"
                    if certain(picture, process, step) and not step.optional
                    else "medium",
                    f"each start runs {what}",
                    step.place,
                    *where,
                    fix="release: " + what + " (the release phase runs it once)",
                )


def _by_flask(picture: Picture, name: str) -> tuple[str, tuple[Place, ...]]:
    """``flask NAME``, where the app's own command of that name migrates."""
    if name in FLASK or not name.isidentifier():
        return "", NOWHERE
    head = re.compile(
        rf"cli\.command\([^)\n]*\)\n(?:@[^\n]*\n)*def {name}\([^\n]*\n((?:[ \t]+[^\n]*|)\n)*"
    )
    for path in picture.holding(".cli.command("):
        text = picture.text(path)
        match = head.search(text)
        if match and MIGRATING.search(match[0]):
            return f"flask {name}", (Place(path, text.count("\n", 0, match.start()) + 1),)
    return "", NOWHERE


def _inside(picture: Picture, step: Step) -> tuple[str, tuple[Place, ...]]:
    """The migration that a script starts which runs before the server, and where."""
    word = next((one for one in step.words[1:] if not one.startswith("-")), "")
    folder = step.path.rpartition("/")[0]
    path = f"{folder}/{word}" if folder else word
    text = picture.text(path) if SCRIPT.search(word) and path in picture.files else ""
    for match in STARTED.finditer(text):
        words = tuple(re.findall(r"[\w./:-]+", match[1]))
        if what := migrates(step._replace(words=words)):
            return what, (Place(path, text.count("\n", 0, match.start()) + 1),)
    return "", NOWHERE


def _python(picture: Picture) -> Iterator[Finding]:
    for module, call in picture.calls(
        "create_all",
        "call_command",
        "run_migrations",
        "command.upgrade",
        "alembic.command.upgrade",
        "upgrade",
    ):
        if (
            module.role != "app"
            or module.language != "python"
            or is_command(call.path, call.function)
            or call.path.endswith("/env.py")
            or is_development(call.path)
            or development_only(module, call.guards)
        ):
            continue
        if call.last == "call_command" and plain(call.value.argument(0)) not in (
            "migrate",
            "syncdb",
        ):
            continue
        if call.last == "upgrade" and not (
            module.imports_any("flask_migrate", "alembic")
            and call.name in ("flask_migrate.upgrade", "alembic.command.upgrade", "command.upgrade")
        ):
            continue
        if (
            call.function is None
            or STARTS.match(call.function.name)
            or any(
                d.rpartition(".")[2] in ("on_event", "before_first_request", "before_serving")
                for d in call.function.decorators
            )
        ):
            if _alone(module, call) or (call.function is None and _by_hand(picture, module)):
                continue
            sure = (
                call.function is None
                or SURELY.match(call.function.name)
                or call.function.decorators
            )
            yield find(
                "XII-1",
                "high" if sure else "medium",
                f"each process changes the schema when it starts ({call.last})",
                call.place,
                fix="a migration in the release phase",
            )


def _alone(module: Module, call: Call) -> bool:
    """Is the file a script of its own, whose only work this is?"""
    serving = any(
        other.last
        in ("Flask", "FastAPI", "run", "include_router", "register_blueprint", "Starlette")
        for other in module.calls
    )
    if call.function is not None and call.function.name in (
        "create_app",
        "lifespan",
        "ready",
        "startup",
        "on_startup",
        "startup_event",
    ):
        return False
    return not serving and bool(
        re.search(r"(init|create|setup|seed|migrat|populate|manage|reset)\w*\.py$", module.path)
    )


def _by_hand(picture: Picture, module: Module) -> bool:
    """Do only scripts that serve nothing run the file, and does nothing import it?"""
    running = [
        process
        for process in picture.processes
        if any(module.path in step.words for step in process.steps)
    ]
    if not running or any(
        process.origin != "script" or any(serves(step) for step in process.steps)
        for process in running
    ):
        return False
    stem = re.escape(module.path.rpartition("/")[2].removesuffix(".py"))
    imports = re.compile(rf"^\s*(?:from|import)\b[^\n]*\b{stem}\b", re.MULTILINE)
    return not any(
        imports.search(picture.text(path))
        for path in picture.holding(stem)
        if path.endswith(".py") and path != module.path
    )


def _node(picture: Picture) -> Iterator[Finding]:
    for module, call in picture.calls(
        "sync",
        "migrate.latest",
        "runMigrations",
        "migrator.up",
        "umzug.up",
        "synchronize",
        "migrate",
    ):
        if (
            module.role != "app"
            or module.language == "python"
            or is_handler(call.function)
            or is_development(call.path)
        ):
            continue
        base = call.name.rpartition(".")[0].lower()
        orm = call.last == "sync" and (
            re.search(r"sequelize|(^|\.)db$|models|database|connection", base) is not None
        )
        other = (
            call.last in ("latest", "runMigrations")
            or (call.last == "up" and re.search("umzug|migrator", base))
            or (call.last == "synchronize" and "source" in base)
        )
        drizzle = call.last == "migrate" and "drizzle" in call.name
        if (orm or other or drizzle) and not re.search(r"migrat|seed|script", module.path):
            yield find(
                "XII-1",
                "high",
                f"each process changes the schema when it starts ({call.last})",
                call.place,
                fix="a migration in the release phase",
            )
    for module, call in picture.calls(
        "DataSource", "TypeOrmModule.forRoot", "createConnection", "TypeOrmModule.forRootAsync"
    ):
        for part in (
            walk(call.value) if module.role == "app" and not is_development(call.path) else ()
        ):
            sync = part.get("synchronize") if part.kind == "dict" else None
            if sync is not None and sync.kind == "bool" and sync.text == "True":
                yield find(
                    "XII-1",
                    "high",
                    "each process changes the schema when it starts (synchronize)",
                    Place(call.path, sync.line or call.line),
                    fix="a migration in the release phase",
                )


def _typeorm(picture: Picture) -> Iterator[Finding]:
    """TypeORM's own switch, wherever its options are made."""
    for path in picture.holding("migrationsRun"):
        text = picture.text(path)
        match = re.search(r"^[^/\n]*\bmigrationsRun\s*:\s*true\b", text, re.MULTILINE)
        if match and path.endswith((".ts", ".js")) and not is_development(path):
            yield find(
                "XII-1",
                "high",
                "each process migrates when it starts (migrationsRun)",
                Place(path, text.count("\n", 0, match.end()) + 1),
                fix="typeorm migration:run in the release phase",
            )


def ships(picture: Picture) -> Iterator[Judgement]:
    """XII-2."""
    for path, file in picture.files.items():
        if file.name.endswith(".dockerignore"):
            for number, line in enumerate(picture.text(path).splitlines(), 1):
                if re.match(
                    r"^/?(manage\.py|scripts|bin|migrations|\*\*/migrations|alembic)/?$",
                    line.strip(),
                ):
                    yield find(
                        "XII-2",
                        "low",
                        f"admin code stays out of the image: {line.strip()}",
                        Place(path, number),
                        fix="ship it",
                    )
    for path, file in picture.files.items():
        if file.name == "manage.py" and file.role == "app":
            yield Hold("admin code ships with the app", Place(path))
            return


def same_release(picture: Picture) -> Iterator[Judgement]:
    """XII-3."""
    for job in picture.services:
        words = " ".join(job.command)
        if (
            job.development
            or not job.image
            or job.build
            or not re.search(
                r"manage\.py|migrat|alembic|flask db|rake|prisma|knex|sequelize", words
            )
        ):
            continue
        webs = [
            s
            for s in picture.services
            if s.path == job.path
            and s is not job
            and (s.build or s.image)
            and any(
                p.origin == "compose"
                and p.name == s.name
                and p.path == s.path
                and any(serves(x) for x in p.steps)
                for p in picture.processes
            )
        ]
        for web in webs:
            if (web.build and not web.image) or (web.image and web.image != job.image):
                yield find(
                    "XII-3",
                    "high",
                    f"{job.name} runs in {job.image}, {web.name} in {web.image or 'a build of its own'}",
                    Place(job.path, job.image_line),
                    fix="the same image for both",
                )
                break


def not_over_http(picture: Picture) -> Iterator[Judgement]:
    """XII-7."""
    for module, call in picture.calls(
        "path", "route", "get", "post", "url", "add_url_rule", "re_path"
    ):
        text = plain(call.value.argument(0)) or ""
        if (
            module.role == "app"
            and MUTABLE.search(text)
            and not development_only(module, call.guards)
            and len(call.value.parts) < 4
        ):
            yield find(
                "XII-7",
                "low",
                f"maintenance over HTTP: {text}",
                call.place,
                fix="a one-off: twelve run",
            )
