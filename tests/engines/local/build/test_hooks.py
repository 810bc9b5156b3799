"""Hooks: without config, without network, with placeholders; and what is said when one dies."""

import asyncio

import pytest

from twelve.engines.local.build.builder import NOT_ISOLATED
from twelve.engines.local.build.layers import clean
from twelve.engines.local.build.steps import StepResult, advice, missing_key
from twelve.engines.local.disk import Budgets, Disk
from twelve.errors import BuildFailed, Refused

pytestmark = [pytest.mark.live, pytest.mark.anyio]


async def test_a_hook_changes_the_app_and_sees_only_placeholders(workshop):
    source = workshop.source({"index.html": "x"})
    built = await workshop.build(
        source,
        table={"hooks": ["env > seen"]},
        placeholders={"SECRET_KEY": "placeholder"},
        environ={"PATH": "/usr/bin:/bin", "CANARY": "secret"},
    )
    seen = (workshop.home / "layers" / built.app_digest / "seen").read_text()
    assert "SECRET_KEY=placeholder\n" in seen
    assert "CANARY" not in seen
    assert not (source / "seen").exists()


async def test_hooks_have_no_network_and_are_foreign(workshop):
    await workshop.build(workshop.source({"index.html": "x"}), table={"hooks": ["true"]})
    (hook,) = workshop.steps
    assert hook.foreign
    assert not hook.network


async def test_it_is_said_when_the_network_could_not_be_taken_away(workshop):
    async def open_to_all(step):
        return StepResult(0, [], isolated=False)

    built = await workshop.build(
        workshop.source({"index.html": "x"}), table={"hooks": ["true"]}, execute=open_to_all
    )
    assert NOT_ISOLATED in built.warnings


async def test_placeholders_and_hooks_are_part_of_the_identity(workshop):
    source = workshop.source({"index.html": "x"})
    table = {"hooks": ["echo $A > a"]}
    one = await workshop.build(source, table=table, placeholders={"A": "1"})
    two = await workshop.build(source, table=table, placeholders={"A": "2"})
    assert one.digest != two.digest


async def test_a_failing_hook_names_itself_and_its_last_lines(workshop):
    with pytest.raises(BuildFailed) as error:
        await workshop.build(
            workshop.source({"index.html": "x"}), table={"hooks": ["echo so far; exit 3"]}
        )
    assert error.value.message == "hook 1 (echo so far; exit 3) failed (exit 3)\n  so far"
    assert not list((workshop.home / "builds").iterdir())


async def test_a_missing_key_is_told_with_the_line_to_add(workshop):
    source = workshop.source({"main.py": "import os\nos.environ['API_KEY']\n"})
    with pytest.raises(BuildFailed) as error:
        await workshop.build(source, table={"hooks": ["python main.py"]})
    assert '[config.API_KEY]\n  build = "only-for-the-build"' in error.value.hint


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("KeyError: 'DATABASE_URL'", "DATABASE_URL"),
        ("ImproperlyConfigured: Set the AWS_KEY environment variable", "AWS_KEY"),
        ("ImproperlyConfigured: The SECRET_KEY setting must not be empty.", "SECRET_KEY"),
        ("decouple.UndefinedValueError: DEBUG not found. Declare it as envvar or define", "DEBUG"),
        ("ValidationError: 1 validation error\nAPI_TOKEN\n  Field required", "API_TOKEN"),
        ("sh: 1: NAME_X: parameter not set", ""),
        ("all is well", ""),
    ],
)  # fmt: skip
def test_the_missing_key_is_found(said, key):
    assert missing_key(said) == key


def test_a_hook_that_wants_the_network_is_told_so():
    lines = ["npm error code ENOTFOUND"]
    assert advice(lines, network=False).startswith("hooks have no network")
    assert not advice(lines, network=True)


async def test_an_interrupted_build_leaves_nothing(workshop):
    waiting = asyncio.Event()

    async def hang(step):
        waiting.set()
        await asyncio.Event().wait()

    source = workshop.source({"index.html": "x"})
    task = asyncio.create_task(workshop.build(source, table={"hooks": ["true"]}, execute=hang))
    await waiting.wait()
    assert list((workshop.home / "builds").iterdir())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not list((workshop.home / "builds").iterdir())


async def test_what_a_dead_build_left_goes_at_the_next_start(workshop):
    left = workshop.home / "builds" / "tmpdead" / "layer"
    left.mkdir(parents=True)
    left.chmod(0o555)
    clean(workshop.home)
    assert not list((workshop.home / "builds").iterdir())


async def test_two_builds_of_the_same_at_once_make_one_layer(workshop):
    source = workshop.source({"index.html": "x"})
    table = {"hooks": ["sleep 0.3; date +%s%N > now"]}
    one, two = await asyncio.gather(
        workshop.build(source, table=table), workshop.build(source, table=table)
    )
    assert one.digest == two.digest
    assert sorted((one.reused, two.reused)) == [False, True]


async def test_the_same_tree_again_is_not_built_again(workshop):
    source = workshop.source({"index.html": "x"})
    table = {"hooks": ["true"]}
    first = await workshop.build(source, table=table)
    again = await workshop.build(source, table=table)
    assert again == first._replace(reused=True)
    assert len(workshop.steps) == 1
    assert "is there already" in workshop.told[-1]
    assert not (await workshop.build(source, table=table, fresh=True)).reused


async def test_a_layer_cannot_be_written_to(workshop):
    built = await workshop.build(
        workshop.source({"index.html": "x"}), table={"hooks": ["mkdir -p d; echo > d/f"]}
    )
    layer = workshop.home / "layers" / built.app_digest
    assert {path.lstat().st_mode & 0o222 for path in [layer, *layer.rglob("*")]} == {0}


async def test_what_a_hook_closed_is_opened_for_reading(workshop):
    hooks = ["mkdir d; echo secret > d/f; chmod 0 d/f; chmod 0 d"]
    built = await workshop.build(workshop.source({"index.html": "x"}), table={"hooks": hooks})
    layer = workshop.home / "layers" / built.app_digest
    assert (layer / "d/f").read_text() == "secret\n"


async def test_a_socket_left_by_a_hook_is_named(workshop):
    with pytest.raises(BuildFailed, match=r"^sub/pipe: a build holds files"):
        await workshop.build(
            workshop.source({"index.html": "x"}), table={"hooks": ["mkdir sub; mkfifo sub/pipe"]}
        )
    assert not list((workshop.home / "builds").iterdir())


async def test_a_full_disk_is_refused_before_anything_starts(workshop):
    source = workshop.source({"index.html": "x"})
    room = Disk(workshop.home, Budgets(reserve=1 << 60)).room_for("shop", source)
    with pytest.raises(Refused, match="this build needs about"):
        await workshop.build(source, room=room)
    assert not workshop.steps


def test_a_placeholder_that_would_not_do_is_told_with_the_line_to_add():
    said = "ValueError: invalid literal for int(): 'placeholder-for-mail-port-at-build-time'"
    assert "[config.MAIL_PORT]" in advice([said], network=False)
