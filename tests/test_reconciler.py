"""What to start and what to stop, whatever state a process is seen in."""

import pytest

from twelve.engines.contract import Process, Seen
from twelve.factors.processes.instance import Instance
from twelve.factors.processes.types import ProcessType
from twelve.reconciler import plan

OLD = "shop/production/worker.1@v1"


def process(number: int, *, overlap: bool = True) -> Process:
    instance = Instance("shop", "production", "worker", "1", number)
    kind = ProcessType("worker", "work", overlap=overlap)
    return Process(instance, kind, {}, {}, None, None, "shop.localhost")


def seen(name: str, state: str) -> dict[str, Seen]:
    return {name: Seen(name, state, None, 0, 0, None)}


@pytest.mark.parametrize("state", ["starting", "up", "exited", "backoff", "stopping", "adopted"])
def test_what_is_not_wanted_is_stopped_even_between_two_lives(state: str) -> None:
    assert plan({}, seen(OLD, state), [OLD]).stops == (OLD,)


def test_what_has_just_exited_is_not_started_twice() -> None:
    wanted = {OLD: process(1)}
    assert plan(wanted, seen(OLD, "exited"), [OLD]).nothing


def test_what_was_adopted_is_started_again_to_be_kept_up() -> None:
    wanted = {OLD: process(1)}
    assert plan(wanted, seen(OLD, "adopted"), [OLD]).starts == (wanted[OLD],)


def test_a_type_that_must_be_alone_is_started_late() -> None:
    new = process(2, overlap=False)
    todo = plan({new.name: new}, seen(OLD, "up"), [OLD])
    assert (todo.starts, todo.late, todo.stops) == ((), (new,), (OLD,))
