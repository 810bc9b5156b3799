"""One pass finds what a pass for each word finds, and what is put off comes out the same."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from twelve.checker.anywhere import Anywhere
from twelve.checker.javascript_reader import read_javascript
from twelve.checker.prefilter import Prefilter
from twelve.checker.python_reader import read_python
from twelve.checker.quick_imports import quick_requires
from twelve.checker.rules import RULES
from twelve.picture.mentions import Asked, Mention, mention
from twelve.picture.pattern import pattern
from twelve.picture.words import Words

LETTERS = some.binary(min_size=1, max_size=4).map(
    lambda data: bytes(b"abc."[one % 4] for one in data)
)


@settings(deadline=None)
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


@settings(deadline=None)
@given(some.binary(max_size=80).map(lambda data: bytes(b"aAb(\n"[one % 5] for one in data)))
def test_lines_of_all_mentions_are_those_that_a_look_at_each_line_finds(source):
    asked = Asked()
    plain = asked.add(Mention(("ab", "b"), "", small=False))
    small = asked.add(Mention(("ab",), "", small=True))
    called = asked.add(Mention(("a", "b"), r"\w*\(", small=False))
    lines = source.split(b"\n")

    def naive(expression, flags=0):
        return [n for n, line in enumerate(lines, 1) if re.search(expression, line, flags)]

    found = asked.lines(source)
    assert sorted(set(found[plain])) == naive(rb"b")
    assert sorted(set(found[small])) == naive(rb"ab", re.IGNORECASE)
    assert sorted(set(found[called])) == naive(rb"[ab]\w*\(")


def sieve(**words):
    rule = RULES[0]._replace(tokens=(), script_tokens=(), near=(), mutated=False)
    return Prefilter([rule._replace(**words)])


def test_a_pattern_at_the_word_is_not_looked_for_elsewhere():
    one = sieve(near=((("open(",), r"(?#here)open\([^\n]*'w'"),))
    assert one.hits(b"open(path, 'w')", python=True)
    assert not one.hits(b"open(path)\nwrite('w')", python=True)


def test_all_patterns_must_match():
    one = sieve(near=((("sleep",), "while True", "def main"),))
    assert one.hits(b"def main():\n    while True:\n        sleep(1)", python=True)
    assert not one.hits(b"def other():\n    while True:\n        sleep(1)", python=True)
    assert not one.hits(b"def main():\n    while True:\n        pass", python=True)


def test_words_of_javascript_say_nothing_in_python():
    one = sieve(script_tokens=("SIGTERM",))
    assert one.hits(b"process.on('SIGTERM', stop)")
    assert not one.hits(b"os.kill(pid, SIGTERM)", python=True)


def test_a_pattern_for_one_language_says_nothing_in_another():
    one = sieve(
        near=(
            (("ENV",), r"(?#python)(?#here)ENV\""),
            (("ENV",), r"(?#script)\.\w*ENV\b"),
        )
    )
    assert one.hits(b'read("APP_ENV")', python=True)
    assert not one.hits(b'read("APP_ENV")')
    assert one.hits(b"process.env.APP_ENV")
    assert not one.hits(b"process.env.APP_ENV", python=True)


def test_a_global_that_is_declared_and_a_container_that_is_changed_are_seen():
    one = sieve(mutated=True)
    assert one.hits(b"seen = {}\ndef view(request):\n    seen[1] = 2\n", python=True)
    assert one.hits(b"count = 0\ndef view(request):\n    global other, count\n", python=True)
    assert not one.hits(b"seen = {}\ndef view(request):\n    return seen[1]\n", python=True)
    assert not one.hits(b"seen = {}\ndef note(one):\n    seen[1] = 2\n", python=True), "not served"


def test_a_word_that_is_called_or_given_a_value_is_told_from_one_in_a_table():
    one = sieve(calls=("app.run", "basicConfig"), sets=("DATABASES",))
    assert one.hits(b"app.run()", python=True)
    assert one.hits(b"logging.basicConfig(level=1)", python=True)
    assert one.hits(b"from logging import basicConfig as begin", python=True)
    assert one.hits(b"DATABASES: dict = {}", python=True)
    assert one.hits(b"config['DATABASES'] = {}", python=True)
    assert not one.hits(b"NAMES = ('app.run', 'basicConfig')", python=True)
    assert not one.hits(b"if name in DATABASES or DATABASES == {}:", python=True)


@pytest.mark.parametrize(("text", "found"), [
    ("app = Flask(name)", True),
    ('NOTE = "app = Flask(name)"', False),
    ("NOTE = 'Flask(name)', \"it's Flask(name)\"", False),
    ('app, note = Flask(name), "a"', True),
    ('note, app = "a", Flask(name)', True),
    ('NOTE = "a \\" Flask(name)"', False),
    ('NOTE = f"{Flask(name)}"', True),
    ('NOTE = rf"{Flask(name)}"', True),
    ("# app = Flask(name)", False),
    ("app = make()  # was Flask(name)", False),
    ('COLOUR = "#fff"; app = Flask(name)', True),
    ('def app():\n    """Make a Flask(name)."""', False),
    ('def app():\n    """``Flask(name)`` is made."""', False),
    ('TEXT = """\n""" + Flask("""a""") + """\n"""', True),
    ('TEXT = """\n    Flask(name)\n"""', True),
    ('TEXT = "a \\\n"; app = Flask(name)', True),
    ("TEXT = 'a \\\nit is' + Flask('b')", True),
    ('config["DATABASES"] = {}', True),
    ("parts = {'DATABASES': {}}", True),
    ('NOTE = "DATABASES = {}"', False),
    ('NOTES = ("DATABASES=", "a")', False),
    ("NOTES = {'DATABASES' : {}, 'b': 1}", True),
    ('NOTE = "app.config[\'DATABASES\'] = {}"', False),
])  # fmt: skip
def test_what_a_comment_or_a_string_says_is_neither_called_nor_set(text, found):
    one = sieve(calls=("Flask",), sets=("DATABASES",))
    assert one.hits(f"import flask\n{text}\n".encode(), python=True) is found


def test_templates_of_javascript_hold_code():
    assert sieve(calls=("Redis",)).hits(b"const a = `${new Redis(url)}`")


@settings(deadline=None)
@given(
    some.sampled_from(
        [
            "flask|bottle",
            r"http\.server|a(b|c)|^x\s*=",
            r"[|(]a|b\|c",
            r"run\(|(?:d|e)+$",
            "be{0,1}d?c",
            r"a{2}|\bd\.?run*b",
            r"((a(b(c|d)))e)|=\|x+",
            "[a-c]{1,2} (?!d)e",
        ]
    ),
    some.text("abcdex=|(.\n httpserverflaskbottlerun", max_size=30),
)
def test_a_pattern_is_found_anywhere_where_the_whole_expression_is(expression, text):
    whole = re.search(expression.encode(), text.encode(), re.MULTILINE) is not None
    assert Anywhere(expression).search(text.encode()) is whole


def test_packages_of_scripts_are_read_without_parsing():
    script = b"import a from 'b/c'\nimport '@d/e/f'\nconst g = require(\"h\")\nimport('./i')\n"
    assert quick_requires(script) == {"b", "@d/e", "h"}
