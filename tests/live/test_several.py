"""A repository of several apps: developed side by side behind one router, deployed in turn."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.worlds import Home, codebase, home_in
from tests.live.upping import SERVER, Up, ended, environ_of, make_app, processes_of, until, write

pytestmark = pytest.mark.live


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    tmp_path.chmod(0o755)
    return environ_of(tmp_path / "home", 18900 + os.getpid() % 90)


def pair(parent: Path) -> tuple[Path, Path, Path]:
    """A repository with two apps of names that no other test has."""
    top = parent / "both"
    one, two = make_app(top, "web: python3 app.py\napi: python3 app.py\n"), make_app(top)
    write(top / "twelve.toml", f"[apps]\n{one.name} = '{one.name}'\n{two.name} = '{two.name}'\n")
    write(one / "twelve.toml", "[processes.api]\nroute = true\n")
    return top, one, two


def test_two_apps_run_in_one_up_each_with_its_own_env_and_its_own_reload(
    environ: dict[str, str], tmp_path: Path
):
    top, one, two = pair(tmp_path)
    write(one / ".env", "WHOSE=one's\n")
    write(two / ".env", "WHOSE=two's\n")
    browser = tmp_path / "browser"
    write(browser, f'#!/bin/sh\necho "$1" > {tmp_path}/shown\n')

    with ended(Up(top, environ | {"BROWSER": str(browser)}, "--open")) as up:
        up.until(
            rf"{one.name} +│ {one.name} is up: (http://development\.{one.name}\.localhost:\d+)"
        )
        first = up.address
        up.until(rf"{one.name} +│   api: http://api\.development\.{one.name}\.localhost:")
        up.until(rf"{two.name} +│ {two.name} is up: http://development\.{two.name}\.localhost:")
        at = (f"development.{two.name}.localhost", first[1])
        pages = up.get("/WHOSE"), ask(at, "/WHOSE"), ask((f"api.{first[0]}", first[1]), "/WHOSE")
        until((tmp_path / "shown").exists)
        write(two / "app.py", SERVER.replace('"one"', '"anew"'))
        up.until(rf"{two.name} +│ app\.py changed: starting anew")
        until(lambda: ask(at, "/") == "anew")
        code = up.end()

    assert pages == ("one's", "two's", "one's")
    assert code == 0
    assert (tmp_path / "shown").read_text() == f"http://{first[0]}:{first[1]}\n"
    assert not any(f"{one.name} " in line and "starting anew" in line for line in up.said)
    assert any(line.startswith(f"{one.name}/web.1 ") and "serving one" in line for line in up.said)
    assert processes_of(one.name) == processes_of(two.name) == []


def test_the_first_of_several_that_does_not_start_ends_them_all(
    environ: dict[str, str], tmp_path: Path
):
    top, one, two = pair(tmp_path)
    write(two / "app.py", "import sys; sys.exit('no start')\n")

    with ended(Up(top, environ)) as up:
        code = up.wait()

    assert code == 1
    assert "no start" in up.text
    assert up.said[-1].startswith(f"twelve: {two.name}: web.1 exited with code 1")
    assert processes_of(one.name) == processes_of(two.name) == []


def ask(at: tuple[str, int], path: str) -> str:
    """A page of a host behind the router."""
    import http.client
    from contextlib import closing

    with closing(http.client.HTTPConnection("127.0.0.1", at[1], timeout=10)) as link:
        link.request("GET", path, headers={"Host": at[0]})
        return link.getresponse().read().decode()


CALLER = """\
import http.server, os, urllib.request
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            with urllib.request.urlopen(os.environ["OTHER_URL"], timeout=10) as found:
                status, body = 200, b"it says " + found.read()
        except OSError as error:
            status, body = 503, str(error).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page).serve_forever()
"""


def test_apps_of_one_up_that_attach_each_other_reach_each_other(
    environ: dict[str, str], tmp_path: Path
):
    top, one, two = pair(tmp_path)
    # It is ready when the other one answers: it must not keep that one from booting.
    ready = "[processes.web]\nhealth = '/'\n"
    write(one / "twelve.toml", f"{ready}[resources]\nOTHER_URL = 'app:{two.name}'\n")
    write(one / "Procfile", "web: python3 app.py\n")
    write(one / "app.py", CALLER)
    write(two / "twelve.toml", f"[resources]\nOTHER_URL = 'app:{one.name}'\n")

    with ended(Up(top, environ)) as up:
        up.until(rf"{two.name} +│ {two.name} is up: ")
        port = up.address[1]
        said = ask((f"development.{one.name}.localhost", port), "/")
        back = ask((f"development.{two.name}.localhost", port), "/OTHER_URL")
        up.end()
    with ended(Up(one, environ)) as alone:
        code = alone.wait()

    assert said == "it says one"
    assert back == f"http://development.{one.name}.localhost:{port}"
    assert code == 1
    assert f"OTHER_URL is the address of {two.name}, which does not run here" in alone.text


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    tmp_path.chmod(0o755)
    found = home_in(tmp_path)
    yield found
    assert found("down", "--all").code == 0


def test_several_apps_are_deployed_in_turn_until_one_fails(home: Home, tmp_path: Path):
    top = codebase(
        tmp_path / "both",
        {
            "twelve.toml": "[apps]\nshop = 'shop'\nbilling = 'services/billing'\n"
            "failing = 'failing'\nlast = 'last'\n",
            "shop/Procfile": "web: python3 -m http.server $PORT --bind 127.0.0.1\n",
            "shop/index.html": "the shop\n",
            "services/billing/Procfile": "web: python3 -m http.server $PORT --bind 127.0.0.1\n",
            "services/billing/index.html": "the bills\n",
            "failing/Procfile": "web: exit 7\n",
            "last/Procfile": "web: python3 -m http.server $PORT --bind 127.0.0.1\n",
        },
    )

    done = home("deploy", "--no-gate", cwd=top)
    apps = home("apps", "--json", cwd=top).json["apps"]
    alone = home("deploy", "-a", "billing", "--to", "staging", "--no-gate", "-q", cwd=top)
    below = home("ps", "--json", cwd=top / "services/billing")

    assert done.code == 1
    assert "twelve: failing: web.1 exited with code 7" in done.err
    assert "not deployed either: last" in done.err
    served = {app["name"]: app["deploys"][0]["release"] for app in apps}
    assert served == {"shop": "v1", "billing": "v1", "failing": None}
    assert ask(("shop.localhost", home.port), "/") == "the shop\n"
    assert ask(("billing.localhost", home.port), "/") == "the bills\n"
    assert alone.out == f"http://staging.billing.localhost:{home.port}\n", alone
    assert below.code == 0, below
    assert home("ps", cwd=top).code == 2


def test_an_app_reaches_another_by_its_address_and_follows_it(home: Home, tmp_path: Path):
    top = codebase(
        tmp_path / "both",
        {
            "twelve.toml": "[apps]\nshop = 'shop'\nbilling = 'billing'\n",
            "shop/Procfile": "web: python3 app.py\n",
            "shop/app.py": CALLER,
            "shop/twelve.toml": "[resources]\nOTHER_URL = 'app:billing'\n",
            "billing/Procfile": "web: python3 app.py\n",
            "billing/app.py": SERVER,
        },
    )
    shop = ("shop.localhost", home.port)

    refused = home("deploy", "-a", "shop", cwd=top)
    done = home("deploy", "--provision", "--no-gate", cwd=top)
    first = ask(shop, "/")
    added = home("domains", "add", "billing.example.com", "-a", "billing", cwd=top)
    second = ask(shop, "/"), home("config", "ls", "-a", "shop", cwd=top).out
    held = home("resources", "--json", cwd=top).json["attachments"]
    seen = home("run", "-a", "shop", "--", "sh", "-c", "echo $OTHER_URL", cwd=top).out
    destroyed = home("apps", "destroy", "billing", "--yes", cwd=top)
    removed = home("domains", "rm", "billing.example.com", "-a", "billing", cwd=top)
    third = ask(shop, "/")
    releases = home("releases", "-a", "shop", "--json", cwd=top).json["releases"]

    assert refused.code == 1
    assert "twelve resources attach app:billing/production --as OTHER_URL" in refused.err
    assert done.code == 0, done
    assert first == second[0] == third == "it says one"
    assert "shop/production follows: v2 serves" in added.err
    assert held == [
        {
            "app": "shop",
            "deploy": "production",
            "variable": "OTHER_URL",
            "resource": "app:billing/production",
            "url": f"http://billing.example.com:{home.port}",
        }
    ]
    assert seen == f"http://billing.example.com:{home.port}\n"
    assert destroyed.code == 1
    assert "is attached to shop/production as OTHER_URL" in destroyed.err
    assert "shop/production follows: v3 serves" in removed.err
    assert [each["release"] for each in releases] == ["v3", "v2", "v1"]
