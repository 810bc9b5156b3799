"""A deploy tells what its tree breaks, and refuses it only when asked to."""

from pathlib import Path

import pytest
from tests.operations.worlds import SHOP, World

from twelve.errors import NotFound, Refused
from twelve.operations.auditing import MOST, audit
from twelve.store import apps

pytestmark = pytest.mark.anyio

LOUD = {**SHOP, "settings.py": "DEBUG = True\n"}
SENTENCE = "III-1 settings.py:1 DEBUG is fixed to True"


async def test_a_broken_demand_is_a_warning_and_the_release_runs(world: World):
    release = await world.deploy(LOUD)

    assert world.tell.of("warning") == [SENTENCE]
    assert world.current == release


async def test_a_sound_tree_is_deployed_without_a_word_even_strictly(world: World):
    await world.deploy(strict=True)

    assert world.tell.of("warning") == []


async def test_strict_refuses_before_anything_starts(world: World):
    with pytest.raises(Refused) as refused:
        await world.deploy(LOUD, strict=True)

    assert refused.value.problems == (SENTENCE,)
    assert world.engine.processes == {}
    assert "place" not in {act.verb for act in world.engine.acts}
    with pytest.raises(NotFound):
        apps.get(world.store, "shop")


async def test_settings_of_the_check_that_cannot_be_read_are_a_warning(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.twelve.check]\nsurprise = 1\n")
    [said] = await audit(tmp_path, strict=True)
    assert "not checked" in said
    assert "check/surprise" in said


async def test_a_check_that_crashes_is_a_warning(tmp_path):
    def crash(_: Path) -> list[str]:
        raise RecursionError

    assert await audit(tmp_path, strict=True, look=crash) == [
        "the tree was not checked: the check failed with RecursionError"
    ]


async def test_a_long_list_is_cut_and_says_so(tmp_path):
    found = [f"III-2 a.py:{line} a literal" for line in range(MOST + 5)]
    said = await audit(tmp_path, strict=False, look=lambda _: found)
    assert said == [*found[:MOST], "and 5 more: twelve check tells them"]
