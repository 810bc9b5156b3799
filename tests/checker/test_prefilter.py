"""One pass finds what a pass for each word finds, and what is put off comes out the same."""

import re

from hypothesis import given
from hypothesis import strategies as some

from twelve.checker.javascript_reader import read_javascript
from twelve.checker.python_reader import read_python
from twelve.checker.words import Words
from twelve.picture.code import mention
from twelve.picture.pattern import pattern

LETTERS = some.binary(min_size=1, max_size=4).map(
    lambda data: bytes(b"abc."[one % 4] for one in data)
)


@given(some.lists(LETTERS, max_size=8), some.binary(max_size=60))
def test_all_words_are_found_in_one_pass(words, noise):
    data = bytes(b"abc."[one % 4] for one in noise)
    looked = Words(words)
    assert sorted(looked.found(data)) == sorted(looked.one_by_one(data))


def test_a_pattern_is_what_re_compile_gives():
    later, now = pattern(r"(a+)b", re.IGNORECASE), re.compile(r"(a+)b", re.IGNORECASE)
    text = "xAAb ab"
    assert later.findall(text) == now.findall(text)
    assert later.sub("-", text) == now.sub("-", text)
    assert later.fullmatch("aB") is not None
    assert later.match("b") is None
    assert later.pattern == now.pattern


PYTHON = "import os\n\n\nKEY = dict(\n    a=1,\n    password='x',\n)\nOTHER = os.environ['Port']\n"
SCRIPT = "const a = {\n  b: 1,\n  password: 'x',\n}\ncall(\n  process.env.PORT,\n)\n"


def test_items_are_told_apart_by_the_words_on_their_lines():
    module = read_python("a.py", PYTHON)
    held = [a.target for a in module.holding(mention("password"), module.assigns)]
    assert held == ["KEY"]
    assert not [*module.holding(mention("PORT"), module.assigns)]
    small = mention("port", small=True)
    assert [a.target for a in module.holding(small, module.assigns)] == ["OTHER"]
    script = read_javascript("a.js", SCRIPT.encode())
    assert [a.target for a in script.holding(mention("password"), script.assigns)] == ["a"]
    assert [c.name for c in script.holding(mention("PORT"), script.calls)] == ["call"]


def test_values_are_made_when_asked_for_and_once():
    module = read_python("a.py", PYTHON)
    first = module.assigns[0]
    assert callable(first.held)
    assert first.value is first.value
    assert first.value.keys == ("a", "password")
