"""The manual's sections are what the rules say."""

from pathlib import Path

from twelve.checker.manual import BEGIN, END, main, page, section
from twelve.methodology import FACTORS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_pages_are_up_to_date():
    assert main(["--check", str(DOCS)]) == 0


def test_what_a_person_wrote_stays():
    text = f"# Title\n\nmine\n\n{BEGIN}\nold\n{END}\n\nafter\n"
    made = page(FACTORS[0], text)
    assert made.startswith("# Title\n\nmine\n")
    assert made.endswith("\nafter\n")
    assert section(FACTORS[0]) in made
    assert page(FACTORS[0], made) == made
