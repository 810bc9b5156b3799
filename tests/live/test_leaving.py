"""The end: what down leaves running, and that down --all leaves nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from demo.home import Home, make_home
from demo.leftovers import Watch
from tests.live.worlds import probe, until

from twelve.engines.local.sandbox import cgroups, hierarchies
from twelve.engines.local.supervisor import launches

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]


@pytest.fixture
def own() -> Iterator[Home]:
    made = make_home()
    yield made
    made.end()


def test_down_all_leaves_no_process_socket_or_file(own):
    marks, user = [own.folder, own.run], Path(own.environ["HOME"])
    watch = Watch(marks, user, [own.folder], [own.temporary])
    app = probe(own, "guest")
    app.deploy()
    app.twelve("resources", "create", "redis", "--as", "REDIS_URL")
    own.twelve("run", "-a", "guest", "--detach", "--", "sleep", "1000")
    watch.note()
    assert watch.left(0) != []

    groups = hierarchies.find(launches.short(str(own.home))[:8])
    assert not groups.places or cgroups.names(groups)

    own.twelve("down", "--all")

    assert watch.left() == []
    assert cgroups.names(groups) == set()
    assert [folder for folder in groups.folders() if Path(folder).exists()] == []


def test_down_stops_apps_and_leaves_the_control_plane(own):
    app = probe(own, "guest")
    app.deploy()

    own.twelve("down")

    until(lambda: app.up() == {})
    assert own.twelve("doctor").code == 0
    assert app.get().status == 503


def test_down_without_anything_says_so(own):
    done = own.twelve("down", good=False)

    assert done.code == 69
    assert done.err
