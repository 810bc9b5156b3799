"""A home for each module: its app with two web processes, a worker, a resource and a customer."""

from collections.abc import Iterator

import pytest
from demo.home import Home, make_home
from tests.faults.customer import Asking
from tests.faults.witness import Witness
from tests.faults.worlds import Till, make_till


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    fatal = tmp_path_factory.mktemp("die") / "at"
    fatal.touch()
    made = make_home(TWELVE_DIE_AT=str(fatal), TWELVE_KEEP_RELEASES="2")
    yield made
    made.end()


@pytest.fixture(scope="module")
def till(home: Home) -> Iterator[Till]:
    with Witness() as witness:
        yield make_till(home, witness)


@pytest.fixture(scope="module")
def customer(till: Till) -> Iterator[Asking]:
    """Asks all the time; what a module has done to it is judged at the module's end, too."""
    with Asking(till.home.port, till.app.host, 50) as asking:
        yield asking
        total = asking.stop()
    assert total["sent"] > 100
    assert total["failures"] == []
    executed = [till.witness.done[f"/order/{number}"] for number in total["orders"]]
    assert set(executed) == {1}
