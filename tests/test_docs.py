"""The manual cannot rot: whatever has a name has a heading."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from twelve.manifest import schema
from twelve.methodology import FACTORS
from twelve.settings import SETTINGS

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
CLI_PAGE = DOCS / "reference" / "cli.md"

PLACES = {"processes": "processes.TYPE", "schedule": "schedule.NAME", "config": "config.KEY"}


def headings(page: Path) -> list[str]:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return [h.strip("` ") for h in re.findall(r"^#+ +(.*)$", text, re.MULTILINE)]


def anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def section(page: Path, heading: str) -> str:
    """The text below a heading, up to the next of any level."""
    found = re.search(
        rf"^#+ +`?{re.escape(heading)}`?\n(.*?)(?=^#|\Z)",
        page.read_text(),
        re.MULTILINE | re.DOTALL,
    )
    return found[1] if found else ""


def test_every_setting_has_a_heading_and_no_heading_is_of_none():
    found = headings(DOCS / "reference" / "settings.md")[1:]

    assert found == [row.name for row in SETTINGS]


def test_the_manual_says_the_default_of_every_setting():
    page = DOCS / "reference" / "settings.md"
    rows = [row for row in SETTINGS if row.default]

    assert [row.name for row in rows if f"`{row.default}`" not in section(page, row.name)] == []


def test_every_manifest_key_has_a_heading_and_no_heading_is_of_none():
    found = headings(DOCS / "reference" / "manifest.md")
    keys = [
        f"{PLACES.get(table, table)}.{key.name}"
        for table, rows in schema.TABLES.items()
        for key in rows
    ]

    assert found[found.index("twelve.toml") + 1 :] == ["app", "apps", *keys, "resources.KEY"]


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command and subcommand by the words that call it."""
    from twelve.cli.table import COMMANDS

    for name, entry in COMMANDS.items():
        command = importlib.import_module(f"twelve.cli.{entry.module}").command
        yield f"twelve {name}", command
        if isinstance(command, click.Group):
            yield from ((f"twelve {name} {sub}", c) for sub, c in command.commands.items())


@pytest.mark.skipif(not CLI_PAGE.exists(), reason="the command line has no page yet")
def test_every_command_has_a_heading_and_every_option_is_in_its_section():
    found = headings(CLI_PAGE)
    for words, command in commands():
        assert words in found
        text = section(CLI_PAGE, words)
        for option in (p for p in command.params if isinstance(p, click.Option) and not p.hidden):
            longest = max(option.opts, key=len)
            assert re.search(rf"`[^`]*{re.escape(longest)}\b", text), f"{words} {longest}"


def test_every_page_of_a_factor_is_that_of_a_factor():
    pages = {path.name for path in (DOCS / "factors").glob("*.md")}

    assert pages <= {factor.page for factor in FACTORS}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.exists(), f"{page.name} links to {target}"
        if fragment:
            assert fragment in map(anchor, headings(other)), f"{page.name} links to {target}"
