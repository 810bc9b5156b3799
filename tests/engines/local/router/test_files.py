"""The router's files: who may read them, and an Envoy that runs as somebody else."""

import json
import os
import shutil
import stat
import tempfile
from pathlib import Path

import pytest

from twelve.engines.local.router.envoy import Router
from twelve.engines.local.router.files import Place, installed, reachable, read
from twelve.engines.local.router.launch import Options
from twelve.engines.local.router.reason import sentence
from twelve.errors import Missing

pytestmark = [pytest.mark.live, pytest.mark.anyio]

NOBODY = 65534


@pytest.fixture
def open_folder():
    # pytest's own are 0700, and a home is 0711.
    folder = Path(tempfile.mkdtemp(prefix="twelve-router-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run it as another user")
async def test_as_root_the_router_runs_under_a_uid_of_its_own(open_folder, start_router):
    hidden = open_folder / "hidden"
    hidden.mkdir(mode=0o700)
    place_program(hidden / "envoy")
    running = start_router(open_folder, uid=NOBODY, program=str(hidden / "envoy"))
    router = running.router
    launch = router.launch()
    assert (launch["box"]["uid"], launch["box"]["gid"]) == (NOBODY, NOBODY)
    assert launch["argv"][0].startswith(str(router.place.config))
    await router.ready()
    assert os.stat(f"/proc/{running.process.pid}").st_uid == NOBODY
    assert os.stat(router.admin.socket).st_uid == NOBODY
    await running.client.ask()
    running.client.close()
    assert await running.lines(1)
    running.end()
    router.clean_up()
    assert not router.place.shared_memory.exists()


def place_program(path):
    try:
        os.link(installed(), path)
    except OSError:
        shutil.copy(installed(), path)


def test_apps_can_neither_read_the_table_nor_reach_the_sockets(tmp_path):
    router = Router(Place(tmp_path, tmp_path / "run"))
    router.launch()
    place = router.place
    for folder in (place.config, place.config / "xds", place.sockets):
        assert not stat.S_IMODE(folder.stat().st_mode) & 0o007, folder
    for name in place.files(0)[1:]:
        assert stat.S_IMODE(os.stat(name).st_mode) == 0o640


def test_a_start_writes_only_what_is_missing_or_broken(tmp_path):
    router = Router(Place(tmp_path, tmp_path / "run"))
    router.launch()
    files = router.place.files(0)
    kept = os.stat(files.rds).st_ino
    Path(files.cds).write_text("{tor")
    router.launch()
    assert os.stat(files.rds).st_ino == kept
    assert read(files.cds)[1]["resources"] == []
    assert list(Path(files.cds).parent.glob(".*")) == []


def test_each_home_has_its_own_shared_memory(tmp_path):
    places = [Place(tmp_path / name, tmp_path / "run") for name in ("a", "b")]
    numbers = [place.base_id for place in places]
    assert numbers[0] != numbers[1]
    # Envoy multiplies it by ten and keeps it in 32 bits.
    assert all(0 < number * 10 + 9 < 2**32 for number in numbers)
    assert places[0].base_id == numbers[0]


def test_a_missing_envoy_is_named(tmp_path):
    router = Router(Place(tmp_path, tmp_path / "run"), Options(program="/nowhere/envoy"))
    with pytest.raises(Missing, match="/nowhere/envoy is not a program") as caught:
        router.launch()
    assert "TWELVE_ENVOY_BIN" in caught.value.hint


def test_a_program_below_a_closed_folder_is_out_of_reach(tmp_path):
    program = tmp_path / "envoy"
    program.write_text("")
    program.chmod(0o755)
    tmp_path.chmod(0o700)
    assert reachable(program, os.geteuid())
    assert not reachable(program, NOBODY if os.geteuid() != NOBODY else 1)
    assert reachable(Path("/bin/sh"), NOBODY)


def test_a_copy_is_made_once_and_anew_when_the_program_changes(tmp_path):
    program = tmp_path / "envoy"
    program.write_text("one")
    program.chmod(0o755)
    tmp_path.chmod(0o700)
    place = Place(tmp_path / "home", tmp_path / "run")
    place.make()
    copy = place._own_copy(program)
    assert place._own_copy(program) == copy
    assert copy.read_text() == "one"
    program.unlink()
    program.write_text("three")
    program.chmod(0o755)
    again = place._own_copy(program)
    assert again != copy
    assert again.read_text() == "three"


def test_a_program_of_the_same_size_is_another_one_and_the_former_goes(tmp_path):
    hidden = tmp_path / "root-only"
    hidden.mkdir(mode=0o700)
    program = hidden / "envoy"
    program.write_bytes(b"#!one")
    program.chmod(0o755)
    place = Place(tmp_path, tmp_path / "run", os.getuid() + 1)
    place.config.mkdir()
    first = place.program(str(program))
    program.unlink()
    program.write_bytes(b"#!two")
    program.chmod(0o755)
    os.utime(program, ns=(1, 1))
    second = place.program(str(program))
    assert Path(second).read_bytes() == b"#!two"
    assert Path(first).exists()
    place.forget_former_programs(second)
    assert list(place.config.iterdir()) == [Path(second)]


def test_a_document_that_is_no_document_is_read_as_none(tmp_path):
    path = tmp_path / "cds.json"
    assert read(path) == ("", {})
    for broken in ("", "[1]", "{"):
        path.write_text(broken)
        assert read(path) == ("", {})
    path.write_text(json.dumps({"a": 1}))
    assert read(path)[1] == {"a": 1}


def test_the_reason_is_the_innermost_of_what_envoy_says():
    said = (
        "[2026-01-01][1][critical][main] [x.cc:1] error initializing configuration 'x.json': "
        "Protobuf message (type envoy.config) with configuration {\n}\n"
        ": Proto constraint validation failed (A: x | caused by B.Port: must be less than 5)"
    )
    assert sentence(said) == "B.Port: must be less than 5"
    assert sentence("\nerror initializing config 'x' 'y': duplicate domain\n") != ""
    assert sentence("[a][b] duplicate domain") == "duplicate domain"
    assert sentence("") == "no reason given"
