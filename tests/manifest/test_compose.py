"""A compose file as Procfile and twelve.toml: taken over exactly, or named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelve.errors import Invalid
from twelve.factors.config.contract import Declared
from twelve.manifest import Manifest, read_manifest
from twelve.manifest.compose import from_compose
from twelve.manifest.compose.dockerfile import command_of
from twelve.manifest.outline import Outline

SHOP = """
version: "3.9"
x-app: &app
  build: .
  environment: &env
    DATABASE_URL: postgres://shop:shop@db:5432/shop
    REDIS_URL: redis://cache:6379/0
    SECRET_KEY: ${SECRET_KEY:?set it}
    LOG_LEVEL: ${LOG_LEVEL:-info}
    DEBUG: "0"
    API_TOKEN: hunter2
    SMTP_URL: smtp://mail:25
    PRICE: "$$5"
services:
  shop:
    <<: *app
    command: gunicorn shop.wsgi --bind 0.0.0.0:8000 --workers 2
    ports: ["80:8000"]
    stop_grace_period: 1m30s
    stop_signal: SIGINT
    deploy:
      replicas: 2
      resources: {limits: {memory: 512M, cpus: "0.5", pids: 100}}
    depends_on:
      migrate: {condition: service_completed_successfully}
    healthcheck: {test: [CMD, curl, -f, "http://localhost:8000/ready"]}
  worker:
    <<: *app
    command: [celery, -A, shop, worker, --loglevel, "a b"]
    privileged: true
    volumes: [".:/app", "uploads:/srv/uploads"]
    healthcheck: {test: "pgrep celery"}
  migrate:
    <<: *app
    command: python manage.py migrate
  db:
    image: docker.io/library/postgres:16
    volumes: [data:/var/lib/postgresql/data]
  cache: {image: "redis:7-alpine"}
  mail: {image: mailhog/mailhog}
  proxy: {image: "nginx:latest", ports: ["443:443"]}
  debug: {image: busybox, profiles: [debug]}
volumes: {data: {}}
"""


def proposed(text: str, **files: str) -> Outline:
    there = {"compose.yml": text, **{n.replace("__", "/"): t for n, t in files.items()}}
    return from_compose(
        "compose.yml",
        lambda name: there[name].encode() if name in there else None,
        lambda folder: "shop" if folder == "." else folder.rpartition("/")[2],
    )


def manifest_of(found: Outline, folder: str = "") -> Manifest:
    lead = f"{folder}/" if folder else ""
    texts = {n.removeprefix(lead): t for n, t in found.files.items() if n.startswith(lead)}
    return read_manifest(lambda name: texts[name].encode() if name in texts else None)


def faults(text: str, **files: str) -> list[str]:
    with pytest.raises(Invalid) as caught:
        proposed(text, **files)
    assert caught.value.hint
    return [caught.value.message, *caught.value.problems]


def test_a_shop_becomes_types_a_release_command_resources_and_a_contract():
    found = proposed(SHOP)
    manifest = manifest_of(found)
    web = manifest.processes["web"]

    assert found.files["Procfile"].splitlines() == [
        "release: python manage.py migrate",
        "web: gunicorn shop.wsgi --bind $HOST:$PORT --workers 2",
        "worker: celery -A shop worker --loglevel 'a b'",
    ]
    assert web.health == "/ready"
    assert (web.quantity, web.grace, web.stop_signal) == (2, 90, "SIGINT")
    assert (web.memory, web.cpus, web.pids) == (512 << 20, 0.5, 100)
    assert manifest.app == "shop"
    assert manifest.resources == {"DATABASE_URL": "postgres", "REDIS_URL": "redis"}
    assert manifest.contract == {
        "SECRET_KEY": Declared(secret=True),
        "LOG_LEVEL": Declared(required=False, default="info"),
        "DEBUG": Declared(required=False, default="0"),
        "API_TOKEN": Declared(secret=True),
        "SMTP_URL": Declared(secret=True),
        "PRICE": Declared(required=False, default="$5"),
    }


def test_what_has_no_counterpart_is_named_and_no_secret_is_taken_over():
    found = proposed(SHOP)
    said = "\n".join(found.why)

    assert "services/worker/privileged: is not used" in said
    assert "services/worker/volumes: /srv/uploads is not kept" in said
    assert "services/worker/healthcheck: asks no path" in said
    assert "/var/lib/postgresql" not in said
    assert "/app" not in said
    assert "services/shop: publishes a port: it is the type web" in said
    assert "services/shop/command: 8000 became $PORT" in said
    assert "environment/SMTP_URL: is the address of mail: twelve resources attach -" in said
    assert "services/proxy: nginx is not needed" in said
    assert "services/mail: mailhog is not made by Twelve" in said
    assert "services/debug: is of profile debug only" in said
    assert "API_TOKEN: looks like a secret" in said
    assert "hunter2" not in said + "".join(found.files.values())


def test_two_folders_are_two_apps_that_attach_each_other():
    found = proposed(
        "services:\n"
        "  web: {build: ./shop, ports: ['80:80'], command: serve 80,"
        " environment: [BILLING_URL=http://bills:8000/]}\n"
        "  bills: {build: services/billing, command: serve, environment: {SHOP: 'http://web'}}\n"
    )

    assert found.files["twelve.toml"] == '[apps]\nshop = "shop"\nbilling = "services/billing"\n'
    assert manifest_of(found, "shop").resources == {"BILLING_URL": "app:billing"}
    assert manifest_of(found, "services/billing").resources == {"SHOP": "app:shop"}


def test_the_top_and_a_folder_below_it_are_two_apps_too():
    found = proposed("services:\n  web: {build: ., command: a}\n  b: {build: ./b, command: c}\n")

    assert found.files["twelve.toml"] == 'app = "shop"\n\n[apps]\nshop = "."\nb = "b"\n'
    assert found.files["Procfile"] == "web: a\n"
    assert found.files["b/Procfile"] == "b: c\n"


def test_a_command_that_is_not_there_is_the_dockerfiles():
    text = "services: {web: {build: {context: api, dockerfile: Dockerfile.prod}}}"
    dockerfile = (
        "RUN apt-get update && apt-get -y install --no-install-recommends \\\n ffmpeg=7 libpq5"
        " && rm -r /x\nFROM a AS b\nCMD x\n"
        'FROM c\nENTRYPOINT ["run", "it"]\nCMD ["a b", \\\n "c"]\n'
    )
    found = from_compose(
        "compose.yml",
        {"compose.yml": text.encode(), "api/Dockerfile.prod": dockerfile.encode()}.get,
        lambda _: "api",
    )

    assert found.files["api/Procfile"] == "web: run it 'a b' c\n"
    assert any("Dockerfile.prod: installs ffmpeg, libpq5:" in note for note in found.why)


@pytest.mark.parametrize(
    ("text", "both"),
    [
        (b"", ("", "")),
        (b"CMD a b", ("", "a b")),
        (b'CMD ["a", "b c"]', ("", "a 'b c'")),
        (b'CMD ["a"]\nENTRYPOINT ["e"]', ("e", "a")),
        (b"ENTRYPOINT e\nCMD a", ("e", "")),
        (b"FROM x\nCMD a\nFROM y", ("", "")),
        (b"cmd [broken", ("", "[broken")),
        (b"\xff\xfe", ("", "")),
    ],
)
def test_the_last_stage_of_a_dockerfile_says_what_runs(text, both):
    assert command_of(text) == both


def test_parts_of_an_address_become_the_resource_that_they_mean():
    found = proposed(
        "services:\n  web: {build: ., command: a, environment: {DB_HOST: db, DB_PORT: 5432}}\n"
        "  db: {image: postgis/postgis}\n"
    )

    assert manifest_of(found).resources == {"DATABASE_URL": "postgres"}
    assert any("DB_HOST: is a part of the address of db" in note for note in found.why)
    assert "DB_HOST" not in found.files["twelve.toml"]


DIFFERS = """services:
  a: {build: ., command: c, environment: [A=1]}
  b: {build: ., command: c, environment: [A=2]}
"""


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "compose.yml: services: there is none"),
        ("services:\n  a: [", "is not YAML"),
        ("services: 1", "compose.yml: services: there is none"),
        ("services: {a: 1}", "services/a: is not a table"),
        ("services: {a: {image: redis}}", "none of them is built from this repository"),
        ("include: [x.yml]\nservices: {a: {build: .}}", "include: is not followed"),
        ("services: {a: {build: ., extends: b}}", "services/a/extends: is not followed"),
        ("services: {a: {build: .}}", "services/a: has no command"),
        ("services: {a: {build: ../x, command: b}}", "'../x' is not a folder of this repository"),
        ("services: {a: {build: 'https://x/y.git', command: b}}", "is not a folder"),
        ("services: {a.b: {build: ., command: c}}", "'a.b' is not a name for a process type"),
        ("services: {run: {build: ., command: c}}", "'run' is a name of Twelve's own"),
        ("services: {a: {build: ., command: c, scale: many}}", "scale: 'many' is not understood"),
        ("services: {a: {build: ., command: c, mem_limit: 1x}}", "mem_limit: '1x' is not"),
        ("services: {a: {build: ., command: c, stop_signal: KILL}}", "stop_signal: 'KILL' is"),
        ("services: {a: {build: ., command: c, environment: [1A=b]}}", "'1A' is not a name"),
        (
            DIFFERS,
            "services/b/environment/A: has another value in another service",
        ),
    ],
)
def test_a_fault_is_named_with_its_place(text, fault):
    assert any(fault in each for each in faults(text))


def test_every_fault_is_named_at_once():
    text = "services: {a: {build: ., command: c, scale: x}, b: {build: ., extends: c, cpus: y}}"

    assert len(faults(text)) == 3


@pytest.mark.parametrize(
    ("said", "memory"),
    [("64m", 64 << 20), ("1gb", 1 << 30), ("104857600", 104857600), ("2048k", 2 << 20)],
)
def test_sizes_of_compose_are_binary(said, memory):
    found = proposed(f"services: {{web: {{build: ., command: c, mem_limit: {said}}}}}")

    assert manifest_of(found).processes["web"].memory == memory


def test_a_file_that_multiplies_itself_is_refused_soon():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{b}: &{b} [{', '.join(['*' + a] * 10)}]" for a, b in zip("abcdef", "bcdefg", strict=True)
    ]

    assert "is not YAML" in faults("\n".join(lines))[0]


@given(st.text(max_size=200))
def test_any_text_is_a_proposal_or_invalid(text):
    try:
        found = proposed(text)
    except Invalid:
        return
    assert found.files
