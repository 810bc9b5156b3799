import json

import pytest

from twelve.factors.dependencies.frameworks import collects_static, propose, static_folder


def proposals(files):
    data = {path: text.encode() for path, text in files.items()}
    return propose(data, data.get)


def commands(files):
    return {one.type: one.command for one in proposals(files)}


MANAGE = "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')"
DJANGO = {
    "manage.py": MANAGE,
    "shop/settings.py": "",
    "shop/wsgi.py": "",
    "shop/asgi.py": "",
    "requirements.txt": "django\ngunicorn\n",
}
GUNICORN = "gunicorn --bind $HOST:$PORT"


def test_django():
    assert commands(DJANGO) == {
        "web": f"{GUNICORN} shop.wsgi",
        "release": "python manage.py migrate --noinput",
    }
    asgi = {**DJANGO, "requirements.txt": "django\nuvicorn\n"}
    assert commands(asgi)["web"] == "uvicorn shop.asgi:application --host $HOST --port $PORT"


def test_django_with_celery():
    files = {**DJANGO, "shop/celery.py": "", "requirements.txt": "django\ngunicorn\ncelery\n"}
    assert commands(files)["worker"] == "celery -A shop worker"


@pytest.mark.parametrize(
    ("path", "source", "target"),
    [
        ("app.py", "from flask import Flask\napp = Flask(__name__)\n", "app:app"),
        ("wsgi.py", "import flask\napplication = flask.Flask(__name__)\n", "wsgi:application"),
        ("site/__init__.py", "def create_app():\n    return Flask('x')\n", "'site:create_app()'"),
        ("src/site/app.py", "from flask import Flask\nweb = Flask('x')\n", "site.app:web"),
    ],
)  # fmt: skip
def test_flask(path, source, target):
    assert commands({path: source, "requirements.txt": "flask\ngunicorn"}) == {
        "web": f"{GUNICORN} {target}"
    }


@pytest.mark.parametrize(
    ("source", "rest"),
    [
        ("from fastapi import FastAPI\napi = FastAPI()\n", "main:api --host $HOST --port $PORT"),
        (
            "def create_app():\n    return Starlette()\n",
            "main:create_app --host $HOST --port $PORT --factory",
        ),
    ],
)
def test_asgi(source, rest):
    assert commands({"main.py": source, "requirements.txt": "uvicorn"}) == {
        "web": f"uvicorn {rest}"
    }


def test_what_is_not_declared_is_named():
    (web,) = proposals({"app.py": "app = Flask('x')", "requirements.txt": "flask"})
    assert web.missing == "gunicorn"


@pytest.mark.parametrize("extra", ["standard", "all", "standard,x"])
def test_a_server_that_comes_with_an_extra_is_not_missing(extra):
    (web,) = proposals({"main.py": "app = FastAPI()", "requirements.txt": f"fastapi[{extra}]"})
    assert web.missing == ""


def test_node():
    start = {"package.json": json.dumps({"scripts": {"start": "node a.js"}})}
    assert commands(start) == {"web": "npm start"}
    assert commands({"package.json": '{"main": "a.js"}', "a.js": ""}) == {"web": "node a.js"}
    assert commands({"package.json": "{}", "server.js": ""}) == {"web": "node server.js"}
    assert commands({"package.json": "{}"}) == {}


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("index.html", ""),
        ("public/index.html", "public"),
        ("dist/index.html", "dist"),
        ("docs/index.html", None),
    ],
)
def test_static_sites(path, folder):
    assert static_folder(frozenset([path]), lambda _: None) == folder
    if folder is not None:
        assert commands({path: ""}) == {"web": f"python -m twelve.static {folder or '.'}"}


def test_a_single_page_app_is_served_from_what_its_build_makes():
    package = json.dumps({"scripts": {"build": "vite build"}, "devDependencies": {"vite": "7"}})
    assert commands({"package.json": package, "index.html": ""}) == {
        "web": "python -m twelve.static dist"
    }


def test_nothing_to_propose():
    assert proposals({"README.md": "hello"}) == ()
    assert proposals({"main.py": "print('x')"}) == ()
    assert proposals({"main.py": "no python {{", "package.json": "no json"}) == ()


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ("INSTALLED_APPS = ['django.contrib.staticfiles']\nSTATIC_ROOT = 'x'", True),
        ("INSTALLED_APPS = ['django.contrib.staticfiles']\nSTATIC_ROOT: str = 'x'", True),
        ("INSTALLED_APPS = ['django.contrib.staticfiles']\nSTATIC_ROOT = None", False),
        ("INSTALLED_APPS = ['django.contrib.staticfiles']\n# STATIC_ROOT = 'x'", False),
        ("STATIC_ROOT = 'x'", False),
    ],
)
def test_collectstatic(settings, found):
    files = {"manage.py": MANAGE.encode(), "shop/settings.py": settings.encode()}
    assert collects_static(frozenset(files), files.get) is found


def test_settings_may_be_a_package():
    files = {
        "manage.py": MANAGE.replace("settings", "settings.production").encode(),
        "shop/settings/__init__.py": b"",
        "shop/settings/base.py": b"STATIC_ROOT = 'x'\nAPPS = ['django.contrib.staticfiles']\n",
        "shop/settings/production.py": b"from .base import *\n",
    }
    assert collects_static(frozenset(files), files.get)
