"""One home for all stories, so that the parts of Twelve and the packages are there once."""

import secrets
from collections.abc import Iterator

import pytest
from demo.home import Home, make_home
from tests.live.worlds import App, example, probe


@pytest.fixture(scope="session")
def home() -> Iterator[Home]:
    made = make_home()
    yield made
    made.end()


@pytest.fixture(scope="session")
def shop(home: Home) -> App:
    """The shop, deployed; tests leave it deployed and serving."""
    app = example(home, "shop")
    app.twelve("config", "set", "SECRET_KEY=-", given=secrets.token_hex(20))
    app.deploy("--provision")
    return app


@pytest.fixture(scope="session")
def calm(home: Home) -> App:
    """A small app, deployed; tests leave it deployed and serving."""
    app = probe(home, "calm")
    app.deploy()
    return app
