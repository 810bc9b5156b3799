import os
from collections.abc import Iterator

import pytest
from tests.cli.worlds import WEB, Home, codebase, home_in


@pytest.fixture(scope="session")
def twelve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home with a control plane and the app ``shelf``, released once; ended with the tests."""
    folder = tmp_path_factory.mktemp("cli")
    home = home_in(folder)
    codebase(folder / "shelf", {"Procfile": WEB, "index.html": "one\n"})
    try:
        home.good("deploy", cwd=folder / "shelf")
        yield Home(home.environ, folder / "shelf", home.port)
    finally:
        assert home("down", "--all").code == 0


@pytest.fixture
def no_home(tmp_path) -> Home:
    """A home where nothing runs yet; what a test starts there, it ends."""
    return home_in(tmp_path, os.environ)


@pytest.fixture
def ended(no_home: Home) -> Iterator[Home]:
    """The same, ended after the test."""
    yield no_home
    assert no_home("down", "--all").code == 0
