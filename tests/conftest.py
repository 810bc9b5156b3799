"""What every test gets: one event loop, and no way to the home of the person who runs the tests."""

import os
import signal
from collections.abc import Iterator

import pytest
from demo.home import LEFT, MADE
from tests.orphans import orphans

NOWHERE = "/dev/null/no-test-may-use-the-default-home"
"""No folder can be made there: code that falls back to the default home fails at once."""

GITCONFIG = """\
[user]
    name = Twelve's tests
    email = tests@twelve.invalid
[init]
    defaultBranch = main
"""


def pytest_configure() -> None:
    """A run that is told to end does so as by Ctrl-C: what the fixtures started is ended first."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="module", autouse=True)
def no_orphans() -> Iterator[None]:
    """After each module nothing runs that carries a home's mark and that nobody answers for."""
    made = len(MADE)
    yield
    # Those of the whole session, and those of this module.
    homes = [home for n, home in enumerate(MADE) if n >= made or home.folder not in LEFT]
    assert [line for home in homes for line in orphans(home)] == []


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def no_real_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text(GITCONFIG)
    runtime = home / "run"
    runtime.mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("TWELVE_", "XDG_", "GIT_")):
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("TWELVE_HOME", NOWHERE)
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        for name in ("CONFIG", "DATA", "STATE", "CACHE"):
            patch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
        yield
