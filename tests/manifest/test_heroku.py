"""app.json and Procfile of Heroku as a twelve.toml that means the same."""

import json

import pytest

from twelve.errors import Invalid
from twelve.manifest import read_manifest
from twelve.manifest.heroku import from_heroku

APP = {
    "name": "Shop",
    "env": {
        "SECRET_KEY": {"generator": "secret", "description": 'for "signing"'},
        "LOG_LEVEL": {"value": "info"},
        "SENTRY_DSN": {"required": False},
        "DATABASE_URL": {"required": True},
        "API_KEY": {"value": "for-hooks"},
    },
    "formation": {"web": {"quantity": 2}, "clock": {"quantity": 1}},
    "addons": ["heroku-postgresql:mini", "papertrail"],
    "scripts": {"postdeploy": "x"},
}


def take_over(files: dict[str, str]):
    return from_heroku("shop", files, lambda name: files[name].encode() if name in files else None)


def test_the_twelve_toml_says_what_app_json_said():
    files = {"app.json": json.dumps(APP), "Procfile": "web: x\nworker: y\n"}
    found = take_over(files)

    def before(name: str) -> bytes | None:
        return files[name].encode() if name in files else None

    def after(name: str) -> bytes | None:
        return found.files[name].encode() if name in found.files else before(name)

    old, new = read_manifest(before), read_manifest({"app.json": None}.get and after)
    assert list(found.files) == ["twelve.toml"]
    assert new.app == "shop"
    assert new._replace(app="", notes=()) == old._replace(notes=())
    alone = read_manifest(lambda name: None if name == "app.json" else after(name))
    assert alone._replace(app="") == old._replace(notes=())


def test_what_has_no_counterpart_is_named():
    said = "\n".join(take_over({"app.json": json.dumps(APP), "Procfile": "web: x\n"}).why)

    assert "formation/clock: there is no such process type" in said
    assert "scripts/postdeploy: is not run" in said
    assert "papertrail is not known" in said
    assert "name: for people" in said


def test_a_procfile_alone_is_enough():
    found = take_over({"Procfile": "web: x\n"})

    assert found.files == {"twelve.toml": 'app = "shop"\n'}


def test_without_a_procfile_what_such_a_codebase_has_is_proposed():
    files = {"app.json": "{}", "package.json": '{"scripts": {"start": "node x.js"}}'}
    found = take_over(files)

    assert "web: npm start" in found.files["Procfile"] or "node x.js" in found.files["Procfile"]


def test_faults_are_all_named_and_nothing_is_proposed():
    files = {"app.json": '{"env": {"A-B": "1"}, "formation": []}', "Procfile": "web: x\n"}
    with pytest.raises(Invalid) as caught:
        take_over(files)

    assert len([caught.value.message, *caught.value.problems]) == 2
    assert "nothing was written" in caught.value.hint


def test_where_nothing_is_of_heroku_that_is_said():
    with pytest.raises(Invalid, match=r"there is no app\.json here, and no Procfile"):
        take_over({"app.py": ""})
