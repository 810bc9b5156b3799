import json

import pytest
from tests.manifest.test_reading import faults, manifest

from twelve.manifest import Declared


def read(procfile: str = "web: x\nworker: y", **top: object):
    return manifest(procfile=procfile, app_json=json.dumps(top))


def test_the_formation_says_how_many():
    found = read(formation={"web": {"quantity": 3, "size": "standard-1x"}, "worker": {}})

    assert {n: p.quantity for n, p in found.processes.items()} == {"web": 3, "worker": 1}


def test_twelve_toml_goes_before_the_formation():
    text = json.dumps({"formation": {"web": {"quantity": 3}}})
    found = manifest(procfile="web: x", app_json=text, toml="[processes.web]\nquantity = 2")

    assert found.processes["web"].quantity == 2


def test_a_formation_for_no_type_is_only_said():
    assert read(formation={"clock": {"quantity": 1}}).notes == (
        "app.json: formation/clock: there is no such process type",
    )


def test_env_is_a_contract():
    env = {
        "A": "text",
        "B": {"value": "v", "description": "what for"},
        "C": {"required": False},
        "F": {"required": "false"},
        "D": {},
        "E": {"generator": "secret"},
        "API_KEY": {"value": "abc"},
    }

    assert read(env=env).contract == {
        "A": Declared(required=False, default="text"),
        "B": Declared(required=False, default="v", description="what for"),
        "C": Declared(required=False),
        "F": Declared(required=False),
        "D": Declared(),
        "E": Declared(secret=True, generate=True),
        "API_KEY": Declared(secret=True, build="abc"),
    }


def test_what_twelve_sets_itself_is_left_out_and_said():
    found = read(env={"PORT": "80"})

    assert found.contract == {}
    assert found.notes == (
        "app.json: env/PORT: is set by Twelve itself, for each process: leave it out",
    )


def test_env_example_adds_what_env_does_not_have():
    text = json.dumps({"env": {"A": "1"}})

    assert list(manifest(app_json=text, example="A=\nB=").contract) == ["A", "B"]
    assert manifest(app_json=text, example="A=").contract["A"].default == "1"


def test_addons_are_resources():
    addons = ["heroku-postgresql:mini", {"plan": "heroku-redis", "as": "CACHE"}, "papertrail"]
    found = read(addons=addons)

    assert found.resources == {"DATABASE_URL": "postgres", "CACHE_URL": "redis"}
    assert found.notes == ("app.json: addons: papertrail is not known: attach what it stands for",)


def test_scripts_are_not_run_and_that_is_said():
    (note,) = read(scripts={"postdeploy": "rake db:seed"}).notes

    assert note.startswith("app.json: scripts/postdeploy: is not run")


def test_everything_that_is_not_used_is_named():
    found = read(
        name="My App",
        logo="x",
        stack="heroku-24",
        image="heroku/nodejs",
        buildpacks=[{"url": "heroku/python"}],
        environments={"test": {}},
        buildpack="x",
        env={"A": {"value": "1", "generator": "uuid", "sync": True}},
        formation={"web": {"quantity": 1, "size": "eco", "command": "x"}},
        addons=[{"plan": "heroku-redis", "options": {"version": "7"}}],
    )

    assert [note.partition(":")[2].strip().partition(":")[0] for note in found.notes] == [
        "name, logo",
        "stack",
        "image",
        "buildpacks",
        "environments",
        "buildpack",
        "formation/web/size",
        "formation/web/command",
        "env/A/generator",
        "env/A/sync",
        "addons/heroku-redis/options",
    ]
    assert any("did you mean buildpacks?" in note for note in found.notes)


def test_what_is_empty_is_not_worth_a_word():
    assert read(buildpacks=[], environments={}, stack="").notes == ()


def test_a_generated_secret_with_a_value_keeps_to_build_hooks():
    found = read(env={"A": {"generator": "secret", "value": "x"}})

    assert found.contract == {"A": Declared(secret=True, build="x")}


@pytest.mark.parametrize(
    ("top", "fault"),
    [
        ({"env": {"A-B": "1"}}, "app.json: env: 'A-B' is not a name"),
        ({"env": {"A": 1}}, "app.json: env/A: 1 is not a table"),
        ({"formation": {"web": {"quantity": -1}}}, "formation/web/quantity: -1 is not a quantity"),
        ({"addons": {}}, "app.json: addons: a table is not a list"),
        ({"formation": []}, "app.json: formation: [] is not a table"),
        ({"addons": [{"plan": "heroku-redis", "as": "A B"}]}, "'A B_URL' is not a name"),
    ],
)
def test_faults_are_named_with_their_place(top, fault):
    (found,) = faults(procfile="web: x", app_json=json.dumps(top))

    assert fault in found


@pytest.mark.parametrize("text", ["[]", "1", "null", '"x"'])
def test_json_that_is_no_table_is_refused(text):
    assert "app.json: " in faults(app_json=text)[0]
