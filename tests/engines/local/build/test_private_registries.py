"""What lets a build into a registry is seen by the steps that fetch, and is in no layer."""

import base64
import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from twelve.engines.local.build.steps import fetching, reaching
from twelve.errors import BuildFailed

pytestmark = [pytest.mark.live, pytest.mark.anyio, pytest.mark.timeout(120)]

SECRET = "swordfish-4711"


def wheel() -> bytes:
    """Make a wheel of a package that only the private registry has."""
    files = {
        "hush.py": "WORD = 'hush'\n",
        "hush-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: hush\nVersion: 1.0\n",
        "hush-1.0.dist-info/WHEEL": (
            "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        ),
        "hush-1.0.dist-info/RECORD": "",
    }
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return held.getvalue()


WHEEL = wheel()
HASH = f"sha256:{hashlib.sha256(WHEEL).hexdigest()}"


class Registry(NamedTuple):
    """A registry behind a password."""

    port: int

    def url(self, user: str = "") -> str:
        """Give its address, with what lets one in or without."""
        return f"http://{user}127.0.0.1:{self.port}/simple"


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        wanted = base64.b64encode(f"me:{SECRET}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {wanted}":
            self.answer(401, b"who are you?")
        elif self.path.rstrip("/") == "/simple/hush":
            link = f'<a href="/files/hush-1.0-py3-none-any.whl#{HASH.replace(":", "=")}">hush</a>'
            self.answer(200, link.encode())
        elif self.path.startswith("/files/hush"):
            self.answer(200, WHEEL, "application/octet-stream")
        else:
            self.answer(404, b"no such package")

    def do_HEAD(self) -> None:
        self.do_GET()

    def answer(self, status: int, body: bytes, kind: str = "text/html") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="registry"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def registry() -> Iterator[Registry]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Registry(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def holding(folder: Path, text: str) -> list[Path]:
    """Give all files below the folder that hold the text, or say it with their names."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and (text.encode() in path.read_bytes() or text in str(path))
    ]


def forms(registry: Registry) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    """Give the files of an app and the environment of the build, for each way to name both."""
    url, open_url = registry.url(f"me:{SECRET}@"), registry.url()
    password = {"UV_INDEX_MY_OWN_USERNAME": "me", "UV_INDEX_MY_OWN_PASSWORD": SECRET}
    entry = {"version": "==1.0", "hashes": [HASH], "index": "my-own"}
    sources = [{"name": "my-own", "url": registry.url("${ME}:${PASSWORD}@"), "verify_ssl": True}]
    return {
        "uv's name": ({"requirements.txt": "hush==1.0\n"}, {"UV_INDEX": url}),
        "pip's name": ({"requirements.txt": "hush==1.0\n"}, {"PIP_EXTRA_INDEX_URL": url}),
        "pip's mirror": ({"requirements.txt": "hush==1.0\n"}, {"PIP_INDEX_URL": url}),
        "a lock of Pipenv": (
            {
                "Pipfile.lock": json.dumps(
                    {"_meta": {"sources": sources}, "default": {"hush": entry}}
                )
            },
            password,
        ),
        "a lock of uv": (
            {
                "pyproject.toml": (
                    '[project]\nname = "app"\nversion = "0"\nrequires-python = ">=3.11"\n'
                    'dependencies = ["hush==1.0"]\n'
                    f'[[tool.uv.index]]\nname = "my-own"\nurl = "{open_url}"\n'
                ),
                "uv.lock": (
                    'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n\n'
                    '[[package]]\nname = "app"\nversion = "0"\nsource = { virtual = "." }\n'
                    'dependencies = [\n    { name = "hush" },\n]\n\n[package.metadata]\n'
                    'requires-dist = [{ name = "hush", specifier = "==1.0" }]\n\n'
                    '[[package]]\nname = "hush"\nversion = "1.0"\n'
                    f'source = {{ registry = "{open_url}" }}\nwheels = [\n    {{ url = "'
                    f'{open_url.replace("simple", "files/hush-1.0-py3-none-any.whl")}", '
                    f'hash = "{HASH}" }},\n]\n'
                ),
            },
            password,
        ),
        "a lock of Poetry": (
            {
                "pyproject.toml": "[tool.poetry.dependencies]\nhush = '1.0'\n",
                "poetry.lock": (
                    '[[package]]\nname = "hush"\nversion = "1.0"\ngroups = ["main"]\n'
                    f'files = [{{file = "hush-1.0-py3-none-any.whl", hash = "{HASH}"}}]\n'
                    f'[package.source]\ntype = "legacy"\nurl = "{open_url}"\n'
                    'reference = "my-own"\n[metadata]\nlock-version = "2.1"\n'
                ),
            },
            password,
        ),
    }


@pytest.mark.parametrize(
    "form",
    [
        "uv's name",
        "pip's name",
        "pip's mirror",
        "a lock of uv",
        "a lock of Pipenv",
        "a lock of Poetry",
    ],
)
async def test_the_secret_fetches_and_is_nowhere_afterwards(workshop, registry, form):
    files, environ = forms(registry)[form]
    source = workshop.source({**files, "main.py": "import hush; print(hush.WORD)\n"})

    built = await workshop.build(source, environ=environ, table={"hooks": ["env > seen"]})

    assert await workshop.run(built, "python", "main.py") == "hush"
    assert holding(workshop.home, SECRET) == []
    assert SECRET not in json.dumps([built.to_plain(), workshop.told])
    seeing = {step.name for step in workshop.steps if SECRET in json.dumps(step.env)}
    assert seeing
    assert seeing <= {"resolution", "dependencies"}
    assert not any(SECRET in word for step in workshop.steps for word in step.argv)


async def test_an_error_does_not_tell_the_secret(workshop, registry):
    environ = {"UV_DEFAULT_INDEX": registry.url(f"me:{SECRET}@")}
    with pytest.raises(BuildFailed) as error:
        await workshop.build(workshop.source({"requirements.txt": "hash==1\n"}), environ=environ)
    assert SECRET not in error.value.message + error.value.hint


def test_names_of_pip_give_way_to_those_of_uv():
    environ = {"PIP_INDEX_URL": "https://a/", "UV_INDEX_URL": "https://b/", "HOME": "/root"}
    assert fetching(environ)["UV_INDEX_URL"] == "https://b/"
    assert "UV_DEFAULT_INDEX" not in fetching(environ)
    assert fetching({"PIP_INDEX_URL": "https://a/"})["UV_DEFAULT_INDEX"] == "https://a/"
    assert "HOME" not in fetching(environ)


def test_tokens_are_for_steps_that_fetch_packages_alone():
    environ = {
        "NPM_TOKEN": "x",
        "UV_INDEX_A_PASSWORD": "x",
        "npm_config_//r.example/:_authToken": "x",
    }
    assert environ.items() <= fetching(environ).items()
    assert not environ.keys() & reaching(environ).keys()
