"""The static file server, over real sockets."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from twelve.static import Site, find, parse_range

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    top = tmp_path_factory.mktemp("site")
    site = top / "public"
    (site / "docs").mkdir(parents=True)
    (site / "empty").mkdir()
    (site / ".git").mkdir()
    (site / "index.html").write_text("<h1>home</h1>")
    (site / "docs/index.html").write_text("<h1>docs</h1>")
    (site / "about.html").write_text("<h1>about</h1>")
    (site / "404.html").write_text("<h1>gone</h1>")
    (site / "a b ü.txt").write_text("spaces")
    (site / "data.bin").write_bytes(bytes(range(256)) * 1000)
    (site / ".git/config").write_text("secret")
    (top / "secret.txt").write_text("secret")
    (site / "leak.txt").symlink_to(top / "secret.txt")
    (site / "inside.txt").symlink_to("about.html")
    return site


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def serve(folder: Path, port: int, *words: str) -> subprocess.Popen:
    env = {**os.environ, "PORT": str(port), "HOST": "127.0.0.1", "PYTHONUNBUFFERED": "1"}
    argv = [sys.executable, "-m", "twelve.static", str(folder), *words]
    child = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, text=True)
    assert child.stdout
    assert child.stdout.readline().startswith("serving ")
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert child.poll() is None
        else:
            return child


@pytest.fixture(scope="module")
def port(folder) -> Iterator[int]:
    chosen = free_port()
    child = serve(folder, chosen)
    yield chosen
    child.terminate()
    child.communicate(timeout=10)


def ask(port: int, path: str, method: str = "GET", **headers: str):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, path)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {key.lower(): value for key, value in answer.getheaders()}, body


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/", b"<h1>home</h1>"),
        ("/index.html", b"<h1>home</h1>"),
        ("/docs/", b"<h1>docs</h1>"),
        ("/about", b"<h1>about</h1>"),
        ("/a%20b%20%C3%BC.txt", b"spaces"),
        ("/inside.txt", b"<h1>about</h1>"),
        ("/about.html?x=1", b"<h1>about</h1>"),
    ],
)
def test_files_are_served(port, path, body):
    status, headers, said = ask(port, path)
    assert (status, said) == (200, body)
    assert headers["content-length"] == str(len(body))


@pytest.mark.parametrize(
    "path",
    ["/none", "/empty/", "/empty", "/../secret.txt", "/%2e%2e/secret.txt",
     "/docs/..%2f..%2fsecret.txt", "/leak.txt", "/.git/config", "/%2egit/config", "/a%00b",
     "/index.html/", "//etc/passwd", "/%2Fetc/passwd"],
)  # fmt: skip
def test_nothing_else_is_served(port, path):
    status, _, said = ask(port, path)
    assert (status, said) == (404, b"<h1>gone</h1>")


def test_a_folder_is_sent_to_its_slash(port):
    status, headers, _ = ask(port, "/docs?x=1")
    assert (status, headers["location"]) == (301, "/docs/?x=1")


def test_head_has_no_body(port):
    status, headers, said = ask(port, "/", "HEAD")
    assert (status, headers["content-length"], said) == (200, "13", b"")


def test_other_methods_are_refused(port):
    status, headers, _ = ask(port, "/", "POST")
    assert (status, headers["allow"]) == (405, "GET, HEAD")


def test_what_is_known_is_not_sent_again(port):
    _, headers, _ = ask(port, "/")
    assert ask(port, "/", If_None_Match=headers["etag"])[0] == 304
    assert ask(port, "/", If_None_Match=f'"x", W/{headers["etag"]}')[0] == 304
    assert ask(port, "/", If_None_Match='"x"')[0] == 200
    assert ask(port, "/", If_Modified_Since=headers["last-modified"])[0] == 304
    assert ask(port, "/", If_Modified_Since="Thu, 01 Jan 1970 00:00:01 GMT")[0] == 200
    assert ask(port, "/", If_Modified_Since="nonsense")[0] == 200


def test_ranges(port, folder):
    data = (folder / "data.bin").read_bytes()
    for words, part in (
        ("0-0", data[:1]),
        ("255-1000", data[255:1001]),
        ("-10", data[-10:]),
        ("255990-", data[255990:]),
    ):
        status, headers, said = ask(port, "/data.bin", Range=f"bytes={words}")
        assert (status, said) == (206, part)
        assert re.fullmatch(r"bytes \d+-\d+/256000", headers["content-range"])
    assert ask(port, "/data.bin", Range="bytes=256000-")[0] == 416
    assert ask(port, "/data.bin", Range="bytes=0-1,3-4")[2] == data
    assert ask(port, "/data.bin", Range="bytes=0-1", If_Range='"old"')[2] == data


def test_a_changed_file_of_the_same_length_and_time_has_another_tag(tmp_path):
    tags = set()
    for text in ("one", "two"):
        site = tmp_path / text
        site.mkdir()
        (site / "index.html").write_text(text)
        # As a build leaves it.
        os.utime(site / "index.html", (1, 1))
        port = free_port()
        child = serve(site, port)
        headers = ask(port, "/")[1]
        tags.add(headers["etag"])
        assert "1970" not in headers["last-modified"]
        child.terminate()
        child.communicate(timeout=10)
    assert len(tags) == 2


def test_a_single_page_app_answers_all_paths(folder):
    port = free_port()
    child = serve(folder, port, "--fallback", "index.html", "--access-log")
    assert ask(port, "/some/route")[::2] == (200, b"<h1>home</h1>")
    child.terminate()
    said, _ = child.communicate(timeout=10)
    assert '"GET /some/route HTTP/1.1" 200' in said


def test_a_request_under_way_is_finished_and_the_exit_is_clean(tmp_path):
    size = 64 << 20
    with open(tmp_path / "big", "wb") as out:
        out.truncate(size)
    port = free_port()
    child = serve(tmp_path, port)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/big")
    answer = connection.getresponse()
    child.send_signal(signal.SIGTERM)
    received = 0
    while block := answer.read(1 << 20):
        received += len(block)
    assert received == size
    connection.close()
    said, _ = child.communicate(timeout=10)
    assert (child.returncode, said) == (0, "")


@pytest.mark.parametrize("port", ["none", "70000", ""])
def test_a_port_that_is_none(tmp_path, port):
    env = {**os.environ, "PORT": port}
    done = subprocess.run(
        [sys.executable, "-m", "twelve.static", str(tmp_path)],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert (done.returncode, done.stderr) == (1, f"twelve.static: PORT: {port!r} is not a port\n")


def test_a_folder_that_is_not_there():
    done = subprocess.run(
        [sys.executable, "-m", "twelve.static", "/none"],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert (done.returncode, done.stderr) == (1, "twelve.static: /none: there is no such folder\n")


@pytest.mark.parametrize(
    ("text", "part"),
    [("bytes=0-", (0, 10)), ("bytes=2-3", (2, 4)), ("bytes=-3", (7, 10)), ("bytes=-99", (0, 10)),
     ("bytes=5-99", (5, 10)),
     ("bytes=3-2", None), ("items=0-1", None), ("bytes=-", None), ("bytes=a-b", None)],
)  # fmt: skip
def test_range_headers(text, part):
    assert parse_range(text, 10) == part


@pytest.mark.parametrize("text", ["bytes=10-", "bytes=-0"])
def test_ranges_outside(text):
    with pytest.raises(ValueError):
        parse_range(text, 10)


def test_an_empty_file(tmp_path):
    (tmp_path / "empty").write_text("")
    assert find(Site(str(tmp_path), "", 0.0), "/empty").path == str(tmp_path / "empty")
    with pytest.raises(ValueError):
        parse_range("bytes=0-", 0)
