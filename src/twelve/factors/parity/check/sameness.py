"""How X-1, X-2, X-5, X-6 and X-7 are judged."""

import re
from collections.abc import Iterator

from twelve.finding import Finding, Place
from twelve.picture.commands import serves
from twelve.picture.origin import trace
from twelve.picture.paths import is_development
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find, grouped
from twelve.picture.value import Value, from_env, text_of, walk

PRODUCTS = pattern(
    r"^(?:[\w.-]+/)*(postgres|postgresql|mysql|mariadb|redis|valkey|rabbitmq|mongo|elasticsearch|memcached|postgis)(?:/[\w.-]+)?:v?(\d+(?:\.\d+)?)"
)
DRIVERS = {
    "psycopg2": "Postgres",
    "psycopg2-binary": "Postgres",
    "psycopg": "Postgres",
    "asyncpg": "Postgres",
    "mysqlclient": "MySQL",
    "pymysql": "MySQL",
    "pg": "Postgres",
    "mysql2": "MySQL",
    "psycopg-binary": "Postgres",
    "aiomysql": "MySQL",
}


def same_services(picture: Picture) -> Iterator[Judgement]:
    """X-1."""
    held = [*_fallbacks(picture), *_images(picture)]
    yield from grouped(held)
    if not held:
        for service in picture.services:
            if PRODUCTS.match(service.image):
                yield Hold(
                    f"{service.image} is named for development",
                    Place(service.path, service.image_line),
                )
                return


def _fallbacks(picture: Picture) -> Iterator[Finding]:
    for module, assign in picture.assigns(
        "DATABASES",
        "DATABASE_URL",
        "SQLALCHEMY_DATABASE_URI",
        "SQLALCHEMY_DATABASE_URL",
        "default",
        "CACHES",
    ):
        if module.role != "app" or is_development(assign.path):
            continue
        if assign.name == "DATABASES":
            yield from _engines(
                picture,
                module.path,
                assign.value,
                [g.test for g in assign.guards],
                [o.value for o in module.assigned("DATABASES") if o is not assign],
            )
        for part in walk(assign.value):
            given = part.parts[0] if part.kind == "env" and part.parts else None
            if part.kind == "cond" and len(part.parts) == 2 and from_env(part.parts[0]):
                given = part.parts[1]
            default = trace(module, given) if given is not None else None
            if (
                default is not None
                and text_of(default).startswith("sqlite:")
                and ":memory:" not in text_of(default)
            ):
                yield find(
                    "X-1",
                    "low",
                    "sqlite when nothing is said, another product in production",
                    Place(assign.path, part.line or assign.line),
                    fix="the same product everywhere: `twelve up` brings it",
                )


def _engines(
    picture: Picture, path: str, value: Value, guards: list[Value], others: list[Value]
) -> Iterator[Finding]:
    del picture
    if not others or not (
        guards or any(from_env(other) or other.kind in ("dict", "call") for other in others)
    ):
        return
    for part in walk(value):
        engine = part.get("ENGINE") if part.kind == "dict" else None
        if (
            engine is not None
            and text_of(engine).endswith("sqlite3")
            and any(
                "sqlite" not in text_of(p)
                for o in others
                for p in walk(o)
                if p.kind in ("str", "env")
            )
        ):
            yield find(
                "X-1",
                "low",
                "sqlite in one deploy, another product in the next",
                Place(path, engine.line),
                fix="the same product everywhere: `twelve up` brings it",
            )


def _images(picture: Picture) -> Iterator[Finding]:
    seen: dict[str, dict[str, Place]] = {}
    named = [(s.image, Place(s.path, s.image_line)) for s in picture.services]
    named += [
        (image, Place(job.path, line))
        for job in picture.jobs
        for image, line in job.services
        if len(job.services) < 8
    ]
    named += [(w.image, Place(w.path, w.line)) for w in picture.workloads]
    for image, place in named:
        match = PRODUCTS.match(image)
        if match:
            seen.setdefault(match[1], {}).setdefault(match[2], place)
    for product, versions in seen.items():
        if len({version.partition(".")[0] for version in versions}) > 1:
            yield find(
                "X-1",
                "low",
                f"{product} is {' here and '.join(sorted(versions))} there",
                *versions.values(),
                fix="name one version",
            )


def same_runtime(picture: Picture) -> Iterator[Judgement]:
    """X-2."""
    yield from _runtimes(
        picture,
        "Python",
        pattern(r"^(?:[\w./-]*/)?python:(\d+\.\d+)"),
        (".python-version", "runtime.txt"),
    )
    yield from _runtimes(
        picture, "Node", pattern(r"^(?:[\w./-]*/)?node:v?(\d+)"), (".nvmrc", ".node-version")
    )


def _runtimes(
    picture: Picture, name: str, image: re.Pattern[str], files: tuple[str, ...]
) -> Iterator[Judgement]:
    said: dict[str, list[Place]] = {}
    roots = set(picture.roots)
    for docker in picture.dockerfiles:
        if docker.path.rpartition("/")[0] not in roots and docker.path.count("/") > 1:
            continue
        for one in docker.instructions:
            match = (
                image.match(one.text) if one.word == "FROM" and one.stage == docker.final else None
            )
            if match:
                said.setdefault(match[1], []).append(Place(docker.path, one.line))
    for path, file in picture.files.items():
        if file.name in files and "/" not in path:
            match = re.search(r"(\d+\.\d+)" if name == "Python" else r"(\d+)", picture.text(path))
            if match:
                said.setdefault(match[1], []).append(Place(path, 1))
    if len(said) > 1 and any(
        place.path.rpartition("/")[2] in files for places in said.values() for place in places
    ):
        yield find(
            "X-2",
            "low",
            f"{name} is {' here and '.join(sorted(said))} there",
            *[p for places in said.values() for p in places],
            fix="one pin for build, run, development and CI",
        )
    elif said:
        yield Hold(f"{name} {next(iter(said))}", next(iter(said.values()))[0])


def same_command(picture: Picture) -> Iterator[Judgement]:
    """X-5."""
    live = {
        serves(s)
        for p in picture.processes
        if p.origin == "procfile" and p.stage == "run"
        for s in p.steps
        if serves(s)
    }
    for process in picture.processes:
        if process.origin == "procfile" and process.stage == "dev":
            for step in process.steps:
                if serves(step) and live and serves(step) not in live:
                    yield find(
                        "X-5",
                        "info",
                        f"development runs {serves(step)}, production {', '.join(sorted(live))}",
                        step.place,
                    )


def same_keys(picture: Picture) -> Iterator[Judgement]:
    """X-6."""
    examples: dict[str, set[str]] = {}
    for one in picture.variables:
        if (
            re.search(r"example|sample|dist|template", one.path)
            and picture.files[one.path].role == "example"
        ):
            examples.setdefault(one.path, set()).add(one.name)
    own = [s for s in picture.services if s.build and not s.development and s.environment]
    for path, names in examples.items():
        for service in own:
            extra = {name for name, value, _ in service.environment if "$" in value} - names
            if (
                extra
                and service.path.rpartition("/")[0] == path.rpartition("/")[0]
                and len(extra) > 2
            ):
                yield find(
                    "X-6",
                    "info",
                    f"compose sets {', '.join(sorted(extra)[:4])}, which the example does not name",
                    Place(service.path, service.environment[0][2]),
                )


def same_in_tests(picture: Picture) -> Iterator[Judgement]:  # noqa: C901 - a list of cases
    """X-7."""
    drivers = {
        DRIVERS[r.name]
        for m in picture.manifests
        for r in m.requirements
        if r.name in DRIVERS and not r.dev
    }
    if not drivers:
        return
    product = min(drivers)
    held = []
    for path, file in picture.files.items():
        if (
            file.role == "test"
            and re.search(r"(settings|config|conftest|database|db)[\w.-]*\.(py|js|ts)$", path)
            and file.size < 60_000
        ):
            for number, line in enumerate(picture.text(path).splitlines(), 1):
                if (
                    "sqlite" in line
                    and re.search(
                        r"sqlite(3[\"']|://|:memory)|[\"']sqlite[\"']|better-sqlite3", line
                    )
                    and not line.lstrip().startswith(("#", "//"))
                ):
                    held.append(
                        find(
                            "X-7",
                            "low",
                            f"tests run on sqlite, production on {product}",
                            Place(path, number),
                            fix=f"attach a {product} of the tests' own",
                        )
                    )
                    break
    for job in picture.jobs:
        for number, line in enumerate(picture.text(job.path).splitlines(), 1):
            if re.search(r"(DATABASE|DB)_\w+:\s*[\"']?sqlite", line):
                held.append(
                    find(
                        "X-7",
                        "low",
                        f"tests run on sqlite, production on {product}",
                        Place(job.path, number),
                        fix=f"services: {product}",
                    )
                )
                break
    yield from grouped(held)
    if not held:
        for job in picture.jobs:
            for image, at in job.services:
                if PRODUCTS.match(image):
                    yield Hold(f"CI tests with {image}", Place(job.path, at))
                    return
