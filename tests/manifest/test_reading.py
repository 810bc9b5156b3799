import json
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelve.errors import Invalid
from twelve.factors.processes.types import ProcessType
from twelve.factors.resources.kinds import RESOURCE_KINDS
from twelve.manifest import (
    Build,
    Declared,
    Manifest,
    Schedule,
    build_variables,
    from_plain,
    read_manifest,
    to_plain,
)

EXAMPLE = files("twelve").joinpath("twelve.example.toml").read_bytes()


def manifest(**texts: str | bytes) -> Manifest:
    """The manifest of these files: ``procfile``, ``toml``, ``app_json``, ``example``."""
    names = {"toml": "twelve.toml", "app_json": "app.json", "example": ".env.example"}
    found = {
        names.get(name, "Procfile"): text if isinstance(text, bytes) else text.encode()
        for name, text in texts.items()
    }
    return read_manifest(found.get)


def faults(**texts: str | bytes) -> list[str]:
    with pytest.raises(Invalid) as caught:
        manifest(**texts)
    assert caught.value.hint
    return [caught.value.message, *caught.value.problems]


def test_nothing_is_needed_but_a_procfile():
    found = manifest(procfile="release: migrate\nweb: serve\nworker: work\n")

    assert found == Manifest(
        release_command="migrate",
        processes={
            "web": ProcessType("web", "serve", route=True, port=True),
            "worker": ProcessType("worker", "work"),
        },
    )


def test_no_file_at_all_is_an_empty_manifest():
    assert manifest() == Manifest()


def test_twelve_toml_says_more():
    found = read_manifest({"twelve.toml": EXAMPLE}.get)

    assert found.app == "shop"
    hooks = ("python manage.py compilemessages",)
    assert found.build == Build(hooks=hooks, member="shop")
    assert found.release_command == "python manage.py migrate --noinput"
    assert found.processes["web"].memory == 512 * 1024 * 1024
    assert found.processes["worker"] == ProcessType(
        "worker", "celery -A shop worker", overlap=False
    )
    assert found.schedule == {
        "nightly": Schedule("nightly", "0 3 * * *", "python manage.py clearsessions")
    }
    assert found.contract["SECRET_KEY"] == Declared(secret=True, build="only-for-collectstatic")
    assert found.contract["LOG_LEVEL"].default == "info"
    assert found.resources == {"DATABASE_URL": "postgres", "REDIS_URL": "redis"}
    assert found.notes == ()


@pytest.mark.parametrize(
    "texts",
    [
        {"toml": EXAMPLE},
        {"procfile": "web: x"},
        {"procfile": "web: x", "example": "A=\nB=1\n", "app_json": '{"scripts": {"test": "x"}}'},
    ],
)
def test_a_manifest_travels_as_json(texts):
    found = manifest(**texts)

    assert from_plain(json.loads(json.dumps(to_plain(found)))) == found


def test_what_an_older_twelve_wrote_is_read_with_defaults():
    plain = {"processes": {"web": {"name": "web", "command": "x", "gone": 1}}, "gone": 2}

    assert from_plain(plain) == Manifest(processes={"web": ProcessType("web", "x")})


def test_a_types_table_adds_to_the_line_of_the_procfile():
    found = manifest(procfile="web: serve", toml="[processes.web]\ngrace = '5m'\nmemory = 2097152")

    assert found.processes["web"].command == "serve"
    assert (found.processes["web"].grace, found.processes["web"].memory) == (300.0, 2097152)


def test_types_come_in_the_order_of_the_procfile_then_of_the_table():
    toml = "[processes.clock]\ncommand = 'c'\n[processes.web]\ngrace = 1"

    assert list(manifest(procfile="worker: x\nweb: y", toml=toml).processes) == [
        "worker",
        "web",
        "clock",
    ]


def test_two_commands_for_one_thing_are_an_error():
    toml = "[release]\ncommand = 'm'\n[processes.web]\ncommand = 'x'"

    assert faults(procfile="# top\nweb: x\nrelease: m", toml=toml) == [
        "twelve.toml: release/command: Procfile:3 has one too: keep one of them",
        "twelve.toml: processes/web/command: Procfile:2 has one too: keep one of them",
    ]


def test_a_type_without_a_command_names_the_nearest_type():
    assert faults(procfile="worker: x", toml="[processes.wroker]\ngrace = 1") == [
        (
            "twelve.toml: processes/wroker: has no command, here or in the Procfile; "
            "did you mean worker?"
        )
    ]


def test_a_command_that_cannot_run_is_named_with_its_line():
    assert faults(procfile="release: A=1\nweb: serve 'x") == [
        "Procfile:1: release sets variables but runs nothing: mend it, or write a script",
        "Procfile:2: web has a ' that is never closed: mend it, or write a script",
    ]


def test_web_is_routed_and_a_routed_type_has_a_port():
    toml = "[processes.api]\nroute = true\n[processes.metrics]\nport = true"
    found = manifest(procfile="web: x\napi: y\nmetrics: z\nworker: w", toml=toml).processes

    assert {n: (p.route, p.port) for n, p in found.items()} == {
        "web": (True, True),
        "api": (True, True),
        "metrics": (False, True),
        "worker": (False, False),
    }


def test_web_may_be_no_server_at_all():
    found = manifest(procfile="web: x", toml="[processes.web]\nroute = false\nport = false")

    assert not found.processes["web"].port


@pytest.mark.parametrize("key", ["route = true", "health = '/'", "liveness = true"])
def test_what_needs_a_port_cannot_go_without(key):
    toml = f"[processes.worker]\nport = false\n{key}"
    (fault,) = faults(procfile="worker: x", toml=toml)

    assert fault.startswith(f"twelve.toml: processes/worker/{key.split(' ')[0]}: needs a port")


def test_every_fault_of_every_file_is_named_at_once():
    found = faults(
        procfile="web: x\nweb: y",
        toml="colour = 1\n[processes.web]\ngrace = 'long'",
        app_json="{",
        example="A",
    )

    assert [fault.split(": ")[0] for fault in found] == [
        "Procfile:2",
        "twelve.toml",
        "twelve.toml",
        "app.json:1",
        ".env.example:1",
    ]


@pytest.mark.parametrize(
    ("toml", "fault"),
    [
        ("aap = 1", "aap: is not a key; did you mean app?"),
        ("x = 1", "x: is not a key; there are app, apps, build"),
        ("[process.web]", "process: is not a key; did you mean processes?"),
        ("[build]\nhook = []", "build/hook: is not a key; did you mean hooks?"),
        ("[processes.web]\nhealht = 1", "processes/web/healht: is not a key; did you mean health?"),
        ("[config.A]\nsecert = 1", "config/A/secert: is not a key; did you mean secret?"),
        ("[config.A]\nDefault = 1", "config/A/Default: is not a key; did you mean default?"),
        ("app = 1", "app: 1 is not a text"),
        ("app = 'Shop'", "app: 'Shop' is not a name for an app"),
        ("app = 'twelve'", "app: 'twelve' is Twelve's own name"),
        ("build = 1", "build: 1 is not a table"),
        ("processes = ['web']", "processes: ['web'] is not a table"),
        ("[processes]\nweb = 'x'", "processes/web: 'x' is not a table"),
        ("[processes.release]", "processes/release: is no process type: write [release] command"),
        ("[processes.run]", "processes: 'run' is a name of Twelve's own"),
        ("[processes.'a b']", "processes: 'a b' is not a name for a process type"),
        ("[processes.web]\ncommand = ''", "processes/web/command: '' is not a text"),
        ("[processes.web]\ncommand = 'A=1'", "processes/web/command: 'A=1' sets variables but"),
        ("[build]\nhooks = 'x'", "build/hooks: 'x' is not a list of texts"),
        ("[build]\nhooks = ['a &&']", "build/hooks: ['a &&'] ends with &&"),
        ("[config]\nA = 'x'", "config/A: is not a table: write [config.A] default = …"),
        ("[config.PORT]", "config: 'PORT' is set by Twelve itself"),
        ("[config.A-B]", "config: 'A-B' is not a name for a variable"),
        ("[config.A]\ntype = 'date'", "config/A/type: 'date' is not a type: write str, int"),
        ("[config.A]\nsecret = true\ndefault = 'x'", "config/A/default: a secret has none"),
        ("[config.A]\ntype = 'int'\ndefault = 'x'", "config/A/default: 'x' is not a whole number"),
        ("[config.A]\nchoices = ['a']\ndefault = 'b'", "config/A/default: 'b' is none of a"),
        ("[config.A]\ntype = 'int'\nchoices = ['b']", "config/A/choices: 'b' is not a whole"),
        ("[config.A]\nchoices = []", "config/A/choices: [] is not a list of values"),
        ("[config.A]\n[resources]\nA = 'redis'", "resources/A: is declared under [config] too"),
        ("[resources]\nA = 'mysql'", "resources/A: 'mysql' is not a kind of resource"),
        ("[resources]\nA = 'postgresql'", "did you mean 'postgres'?"),
        ("[resources]\nA = 1", "resources/A: 1 is not a kind of resource"),
        ("[resources]\nHOME = 'redis'", "resources: 'HOME' is set by Twelve"),
        ("[schedule.n]\ncommand = 'x'", "schedule/n: has no cron"),
        ("[schedule.'a b']", "schedule: 'a b' is not a name for a schedule"),
        ("[schedule.n]\ntimezone = 'no zone'", "schedule/n/timezone: 'no zone' is not a time zone"),
        ("[app]", "app: a table is not a text"),
        ("[config.A]\ndefault = []", "config/A/default: [] is not a value for a variable"),
        ("[schedule.n]", "schedule/n: has no cron and no command"),
        ("app =", "is not TOML: Invalid value (at end of document)"),
        ("app = 'a'\napp = 'b'", "is not TOML: Cannot overwrite a value"),
    ],
)
def test_a_fault_of_twelve_toml_names_its_place(toml, fault):
    procfile = "" if "command" in toml else "web: x"

    assert any(fault in line for line in faults(toml=toml, procfile=procfile))


BAD_VALUES = {
    "health": ["healthz", "/a b", 1],
    "ready": ["soon", -1, True, "2d"],
    "quantity": [-1, 1001, 1.5, "2", True],
    "grace": ["x", [1]],
    "overlap": ["yes", 1],
    "reload": ["*.py", 1, [1], ["/etc"], ["../x"], [""]],
    "route": ["true"],
    "stop_signal": ["KILL", "STOP", 15],
    "memory": ["little", 100, "1K", -1],
    "cpus": [0, -1, "2", True, float("inf")],
    "pids": [0, 1.5, "2"],
    "nofile": [0],
    "tmp": ["x"],
}


@pytest.mark.parametrize(("key", "value"), [(k, v) for k, vs in BAD_VALUES.items() for v in vs])
def test_a_bad_value_is_named_with_its_key(key, value):
    said = "inf" if value == float("inf") else json.dumps(value)
    found = faults(procfile="web: x", toml=f"[processes.web]\n{key} = {said}")

    assert len(found) == 1
    assert found[0].startswith(f"twelve.toml: processes/web/{key}: ")


def test_signals_go_with_or_without_sig():
    for name in ("INT", "SIGINT", "int"):
        toml = f"[processes.web]\nstop_signal = '{name}'"
        assert manifest(procfile="web: x", toml=toml).processes["web"].stop_signal == "SIGINT"


@pytest.mark.parametrize(
    "cron",
    ["0 3 * * *", "*/5 * * * *", "0 9-17 * * mon-fri", "0,30 1 1 jan 0", "@daily", "0 0 * * 7"],
)
def test_times_that_cron_knows_are_taken(cron):
    toml = f"[schedule.n]\ncron = '{cron}'\ncommand = 'x'"

    assert manifest(toml=toml).schedule["n"].cron == cron


@pytest.mark.parametrize(
    "cron",
    [
        "",
        "* * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "@noon",
        "*/0 * * * *",
        "5-1 * * * *",
        "a * * * *",
        "* * * * * *",
        "1-2-3 * * * *",
        "*, * * * *",
        "0 0 30 2 *",
        "0 0 31 4,6 *",
    ],
)
def test_times_that_cron_does_not_know_are_refused(cron):
    found = faults(toml=f"[schedule.n]\ncron = '{cron}'\ncommand = 'x'")

    assert found[0].startswith("twelve.toml: schedule/n/cron: ")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+3"])
def test_time_zones_are_those_of_the_database(zone):
    toml = f"[schedule.n]\ncron = '@daily'\ncommand = 'x'\ntimezone = '{zone}'"

    assert manifest(toml=toml).schedule["n"].timezone == zone


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("Europe/Berlim", "did you mean Europe/Berlin?"),
        ("europe/berlin", "did you mean Europe/Berlin?"),
        ("Europe", "is not a time zone"),
        ("../etc/passwd", "is not a time zone"),
        ("Q", "write e.g. UTC or Europe/Berlin"),
        ("A" * 300, "is not a time zone"),
    ],
)
def test_what_is_no_time_zone_is_refused_with_the_nearest_one(zone, told):
    toml = f"[schedule.n]\ncron = '@daily'\ncommand = 'x'\ntimezone = '{zone}'"
    [fault] = faults(toml=toml)

    assert fault.startswith("twelve.toml: schedule/n/timezone: ")
    assert told in fault


def test_a_default_that_toml_knows_says_the_type():
    toml = "[config.N]\ndefault = 5\n[config.B]\ndefault = true\n[config.F]\ndefault = 1.5"
    found = manifest(toml=toml).contract

    assert {name: (d.type, d.default, d.required) for name, d in found.items()} == {
        "N": ("int", "5", False),
        "B": ("bool", "true", False),
        "F": ("float", "1.5", False),
    }


def test_files_of_windows_are_read():
    toml = "\ufeffapp = 'shop'\r\n[processes.web]\r\ngrace = 1\r\n"
    found = manifest(procfile="\ufeffweb: x\r\n", toml=toml)

    assert (found.app, found.processes["web"].grace) == ("shop", 1.0)


@pytest.mark.parametrize("name", ["procfile", "toml", "app_json", "example"])
def test_bytes_that_are_no_text_are_named_with_their_file(name):
    (fault,) = faults(**{name: b"\n\xff\xfe"})
    place = {"procfile": "Procfile:2", "toml": "twelve.toml:2", "example": ".env.example:2"}

    assert fault.startswith(place.get(name, "app.json"))


@given(st.sampled_from(["procfile", "toml", "app_json", "example"]), st.binary(max_size=60))
def test_no_bytes_make_anything_but_a_manifest_or_faults(name, data):
    try:
        found = manifest(**{name: data})
    except Invalid:
        return
    assert from_plain(to_plain(found)) == found


def test_build_hooks_see_placeholders_for_all_and_real_values_for_none():
    toml = "[config.A]\ndefault = 'a'\n[config.B]\nsecret = true\n[resources]\nDB = 'postgres'"

    assert build_variables(manifest(toml=toml)) == {
        "A": "a",
        "B": "placeholder-for-b-at-build-time",
        "DB": RESOURCE_KINDS["postgres"].placeholder,
    }
