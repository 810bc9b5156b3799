"""What a fix has mended still runs: servers on real ports, settings in a real interpreter, locks that install."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.checker.worlds import write

from twelve.cli.check import command

BIN = Path(sys.executable).parent
APP = """
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"served"})
"""
PATIENCE = 20


def run(*words):
    done = CliRunner().invoke(command, [str(word) for word in words])
    assert done.exit_code in (0, 1), done.output
    return done


def found(folder):
    data = json.loads(run(folder, "--extended", "--format", "json").stdout)
    return {one["requirement"] for one in data["findings"]}


def mended(folder, rule, files):
    write(folder, files)
    assert rule in found(folder)
    run(folder, "--fix", rule)
    assert rule not in found(folder)
    assert "nothing to mend" in run(folder, "--fix", rule).stdout


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def serves_until_told_to_end(folder, text):
    """Start it as a platform does, ask it on the port that it was given, end it by one SIGTERM to its pid."""
    port = free_port()
    environ = {"PATH": f"{BIN}:{os.environ['PATH']}", "PORT": str(port), "PYTHONUNBUFFERED": "1"}
    child = subprocess.Popen(
        ["/bin/sh", "-c", f"exec {text}"],
        cwd=folder,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for line in child.stderr:
            if "running on" in line:
                break
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as answer:
            assert answer.read() == b"served"
        child.send_signal(signal.SIGTERM)
        child.wait(PATIENCE)
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        child.stderr.close()
    with socket.socket() as one:
        assert one.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.live
@pytest.mark.parametrize(
    ("rule", "procfile"),
    [
        ("VII-2", "web: uvicorn a:app --host 0.0.0.0 --port 8000\n"),
        ("VII-5", "web: uvicorn a:app --host 0.0.0.0 --port $PORT --reload\n"),
    ],
)
def test_a_mended_procfile_serves_on_the_port_of_the_environment(tmp_path, rule, procfile):
    files = {"a.py": APP, "Procfile": procfile, "requirements.txt": "uvicorn==0.40.0\n"}
    mended(tmp_path, rule, files)
    kind, _, text = (tmp_path / "Procfile").read_text().partition(": ")
    assert kind == "web"
    serves_until_told_to_end(tmp_path, text.strip())


@pytest.mark.live
def test_a_mended_script_hands_its_process_to_the_server(tmp_path):
    files = {
        "a.py": APP,
        "Dockerfile": 'FROM python:3.12\nCOPY . .\nCMD ["./start.sh"]\n',
        "start.sh": "#!/bin/sh\nset -e\nuvicorn a:app --host 0.0.0.0 --port $PORT\n",
        "requirements.txt": "uvicorn==0.40.0\n",
    }
    mended(tmp_path, "IX-2", files)
    serves_until_told_to_end(tmp_path, "sh start.sh")


@pytest.mark.live
def test_a_mended_image_serves_by_its_own_words(tmp_path):
    files = {
        "a.py": APP,
        "Dockerfile": 'FROM python:3.12\nCOPY . .\nCMD ["uvicorn", "a:app", "--host", "0.0.0.0", "--port", "8000"]\n',
        "requirements.txt": "uvicorn==0.40.0\n",
    }
    mended(tmp_path, "VII-2", files)
    lines = (tmp_path / "Dockerfile").read_text().splitlines()
    assert "ENV PORT=8000" in lines
    assert "IX-2" not in found(tmp_path)
    serves_until_told_to_end(tmp_path, lines[-1].removeprefix("CMD exec "))


def python(folder, code, **environ):
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_mended_settings_take_their_values_from_the_environment(tmp_path):
    text = "DEBUG = True\nSECRET_KEY = 'lr66-a!km5ed@n5ug!tya5bv0yqwa1tn'\nALLOWED_HOSTS = ['shop.acme.io']\nINSTALLED_APPS = []\n"
    write(tmp_path, {"shop/settings.py": text, "requirements.txt": "django==5.2\n"})
    assert {"III-1", "III-2"} <= found(tmp_path)
    run(tmp_path, "--fix")
    assert not {"III-1", "III-2"} & found(tmp_path)
    asked = "import shop.settings as s; print(s.DEBUG, s.SECRET_KEY, s.ALLOWED_HOSTS)"
    given = {"SECRET_KEY": "k1", "ALLOWED_HOSTS": "a.example,b.example"}
    assert python(tmp_path, asked, **given).stdout == "False k1 ['a.example', 'b.example']\n"
    assert python(tmp_path, asked, DEBUG="True", **given).stdout.startswith("True")
    refused = python(tmp_path, asked)
    assert refused.returncode == 1
    assert "KeyError: 'SECRET_KEY'" in refused.stderr
    declared = (tmp_path / ".env.example").read_text()
    assert {"DEBUG=", "SECRET_KEY=", "ALLOWED_HOSTS="} <= set(declared.splitlines())


def test_mended_logging_writes_to_the_stream_and_to_no_file(tmp_path):
    text = "import logging\nlogging.basicConfig(filename='app.log', level=logging.INFO)\nlogging.info('an event')\n"
    mended(tmp_path, "XI-1", {"a.py": text, "requirements.txt": "x==1\n"})
    done = python(tmp_path, "import a")
    assert "an event" in done.stderr
    assert not (tmp_path / "app.log").exists()


def test_a_procfile_is_written_from_what_the_code_shows(tmp_path):
    files = {"main.py": "from fastapi import FastAPI\napp = FastAPI()\n", "requirements.txt": "fastapi==0.120.0\nuvicorn==0.40.0\n"}  # fmt: skip
    mended(tmp_path, "VIII-1", files)
    assert "uvicorn main:app" in (tmp_path / "Procfile").read_text()
    assert "VII-2" not in found(tmp_path)


def test_the_keys_of_an_app_without_an_example_are_declared(tmp_path):
    write(tmp_path, {"a.py": "import os\nKEY = os.environ['SHOP_KEY']\n"})
    run(tmp_path, "--fix", "III-7")
    assert (tmp_path / ".env.example").read_text() == "SHOP_KEY=\n"
    assert "nothing to mend" in run(tmp_path, "--fix", "III-7").stdout


DEVELOPMENT = [
    ("Procfile", "web: python manage.py runserver 0.0.0.0:$PORT", "web: gunicorn shop.wsgi"),
    ("Procfile", "web: flask --app hello run --host=0.0.0.0 -p $PORT", "web: gunicorn hello:app"),
    ("Procfile", "web: fastapi dev main.py", "web: fastapi run main.py"),
    ("Procfile", "web: nodemon server.js", "web: node server.js"),
    (
        "Dockerfile",
        'CMD ["python", "manage.py", "runserver", "0.0.0.0:8000"]',
        'CMD ["gunicorn", "shop.wsgi"]',
    ),
    ("Dockerfile", "CMD python hello.py", "CMD gunicorn hello:app"),
]


@pytest.mark.parametrize(("path", "before", "after"), DEVELOPMENT)
def test_a_development_server_becomes_a_real_one(tmp_path, path, before, after):
    code = "from flask import Flask\napp = Flask(__name__)\nif __name__ == '__main__':\n    app.run()\n"
    head = "FROM python:3.12\n" if path == "Dockerfile" else ""
    files = {
        path: f"{head}{before}\n",
        "manage.py": "import django\n",
        "shop/wsgi.py": "application = None\n",
        "hello.py": code,
        "main.py": "",
        "requirements.txt": "flask==3.1\n",
    }
    mended(tmp_path, "VII-5", files)
    lines = (tmp_path / path).read_text().splitlines()
    assert lines[-1] == after
    if "gunicorn" in after:
        assert "gunicorn" in (tmp_path / "requirements.txt").read_text().splitlines()
        assert path != "Dockerfile" or "ENV PORT=8000" in lines


def wheel(folder, name):
    with zipfile.ZipFile(folder / f"{name}-1.5-py3-none-any.whl", "w") as held:
        held.writestr(f"{name}.py", "VALUE = 42\n")
        held.writestr(f"{name}-1.5.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")  # fmt: skip
        held.writestr(f"{name}-1.5.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: a\nRoot-Is-Purelib: true\nTag: py3-none-any\n")  # fmt: skip
        held.writestr(f"{name}-1.5.dist-info/RECORD", "")


@pytest.fixture
def index(tmp_path, monkeypatch):
    """An index of one package, in a folder; nothing is asked of the network."""
    folder = tmp_path / "index"
    folder.mkdir()
    wheel(folder, "onlything")
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return folder


def test_loose_requirements_are_pinned_with_hashes_and_install(tmp_path, index):
    app = write(tmp_path / "app", {"requirements.txt": "onlything>=1\n", "a.py": "import onlything\n"})  # fmt: skip
    assert "II-3" in found(app)
    run(app, "--fix", "II-3")
    assert "II-3" not in found(app)
    assert (app / "requirements.in").read_text() == "onlything>=1\n"
    pinned = (app / "requirements.txt").read_text()
    assert re.search(r"^onlything==1\.5 \\\n    --hash=sha256:", pinned, re.MULTILINE)
    from uv import find_uv_bin

    words = ["pip", "install", "-q", "--require-hashes", "--target", "lib", "-r"]
    subprocess.run([find_uv_bin(), *words, "requirements.txt"], cwd=app, check=True)
    assert python(app, "import a; print(a.onlything.VALUE)", PYTHONPATH="lib").stdout == "42\n"
    assert "nothing to mend" in run(app, "--fix", "II-3").stdout


def test_a_project_gets_the_lock_of_uv(tmp_path, index):
    text = '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["onlything>=1"]\n'
    app = write(tmp_path / "app", {"pyproject.toml": text, "a.py": "import onlything\n"})
    mended(app, "II-3", {})
    assert 'name = "onlything"\nversion = "1.5"' in (app / "uv.lock").read_text()


def test_a_lock_that_cannot_be_made_is_said_and_nothing_is_written(tmp_path, index):
    app = write(tmp_path / "app", {"requirements.txt": "nobody-has-this>=1\n"})
    done = CliRunner().invoke(command, [str(app), "--fix", "II-3"])
    assert "made no requirements.txt" in str(done.exception)
    assert [one.name for one in app.iterdir()] == ["requirements.txt"]
    assert "note: --fix II-3" in run(app, "--fix").stdout


class Registry(BaseHTTPRequestHandler):
    """A registry of npm with one package."""

    def do_GET(self):
        integrity = "sha512-" + "A" * 86 + "=="
        version = {"name": "onlything", "version": "1.5.0", "dist": {"tarball": "http://127.0.0.1/o.tgz", "integrity": integrity}}  # fmt: skip
        body = json.dumps({"name": "onlything", "dist-tags": {"latest": "1.5.0"}, "versions": {"1.5.0": version}}).encode()  # fmt: skip
        self.send_response(200 if self.path.startswith("/onlything") else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


def test_a_node_app_gets_the_lock_of_npm(tmp_path, monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    try:
        text = '{"name": "shop", "version": "1.0.0", "private": true, "dependencies": {"onlything": "^1.0.0"}}\n'
        app = write(tmp_path / "app", {"package.json": text, "server.js": "require('onlything')\n"})
        mended(app, "II-3", {})
    finally:
        server.shutdown()
        server.server_close()
    lock = json.loads((app / "package-lock.json").read_text())
    assert lock["packages"]["node_modules/onlything"]["version"] == "1.5.0"


def test_mended_handlers_of_django_write_each_event_once_to_the_stream(tmp_path):
    """The file handler's options go; where the stream was named beside it, it stays the only one."""
    text = """LOGGING = {
    "version": 1,
    "formatters": {"é": {"format": "%(message)s"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler"},
        "file": {
            "class": "logging.handlers.RotatingFileHandler",
            "filename": "app.log",
            "formatter": "é",
            "maxBytes": 1000,
        },
        "audit": {"filename": "audit.log", "class": "logging.FileHandler"},
    },
    "loggers": {"shop": {"handlers": ["console", "file"]}, "audit": {"handlers": ["audit"]}},
}
INSTALLED_APPS = []
"""
    mended(tmp_path, "XI-1", {"shop/settings.py": text, "requirements.txt": "x==1\n"})
    done = python(
        tmp_path,
        "import logging, logging.config, shop.settings as s; logging.config.dictConfig(s.LOGGING);"
        "logging.getLogger('shop').error('sold'); logging.getLogger('audit').error('seen')",
    )
    assert done.stderr.splitlines() == ["sold", "seen"]
    assert not list(tmp_path.glob("*.log"))
    assert "XI-2" not in found(tmp_path)
