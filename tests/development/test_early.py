"""An ``up`` like the last one: when what was foreseen may be relied on."""

import marshal
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelve.development import early, heads
from twelve.development.early import Call
from twelve.engines.local.early.forking import Seed
from twelve.errors import Invalid
from twelve.factors.config.dotenv import parse_dotenv


@pytest.fixture
def call(tmp_path: Path, monkeypatch) -> Call:
    """A call whose foresight holds."""
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "Procfile").write_text("web: serve\n")
    (folder / ".env").write_text("NAME=one\n")
    monkeypatch.chdir(folder)
    made = Call(["-m", "web=2"], {"TWELVE_HOME": str(tmp_path), "PATH": "/bin", "TERM": "vt100"})
    foreseen = {
        "key": made.key(),
        "folder": str(folder),
        "entries": early.entries_of(str(folder)),
        "files": {str(folder / name): early.signature(str(folder / name))
                  for name in ("Procfile", ".env", "twelve.toml")},
        "launches": [{"name": "web.1", "env": {"NAME": None, "PORT": "20000"}}],
    }  # fmt: skip
    os.makedirs(os.path.dirname(made.path))
    Path(made.path).write_bytes(marshal.dumps(foreseen))
    return made


def again(call: Call, **environ: str) -> Call:
    return Call(call.words, call.environ | environ)


def test_it_holds_while_nothing_changes_and_values_come_from_the_file(call):
    found = early.recall(again(call, TERM="xterm"))

    assert found["launches"][0]["env"] == {"NAME": "one", "PORT": "20000"}


def test_no_value_of_the_environment_is_in_the_key(call):
    key = again(call, TWELVE_MASTER_KEY="hush", PATH="/secret/bin").key()

    assert "hush" not in repr(key)
    assert "/secret" not in repr(key)


@pytest.mark.parametrize(
    "environ", [{"PATH": "/usr/bin"}, {"TWELVE_TIER": "none"}, {"TWELVE_MASTER_KEY": "x"}]
)
def test_another_environment_is_another_start(call, environ):
    assert early.recall(again(call, **environ)) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Procfile", "web: other\n"),
        (".env", "NAME=two\n"),
        ("twelve.toml", ""),
        ("requirements.txt", "flask\n"),
    ],
)
def test_another_file_is_another_start(call, name, text):
    Path(name).write_text(text)

    assert early.recall(call) is None


def test_a_file_that_was_written_anew_and_says_the_same_is_the_same(call):
    Path("Procfile").unlink()
    Path("Procfile").write_text("web: serve\n")

    assert early.recall(call) is not None


def test_a_file_that_is_gone_is_another_start(call):
    Path(".env").unlink()

    assert early.recall(call) is None


def test_other_words_have_a_foresight_of_their_own(call):
    assert Call(["-m", "web=3"], call.environ).path != call.path


def test_what_another_user_wrote_is_not_believed(call, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 12345)

    assert early.recall(call) is None


def test_a_foresight_that_is_torn_begins_nothing(call):
    whole = Path(call.path).read_bytes()
    Path(call.path).write_bytes(whole[: len(whole) // 2])

    assert early.begin(call, Seed(os.path.dirname(call.path)), colour=False) is None


def test_none_begins_nothing(call):
    Path(call.path).unlink()

    assert early.begin(call, Seed(os.path.dirname(call.path)), colour=False) is None


LINES = st.lists(
    st.one_of(
        st.sampled_from(["", "# note", "A=1", "B=a b # c", "C='q'", 'D="x\\n"', "export E=5"]),
        st.from_regex(r"[A-Z][A-Z0-9_]{0,5}=[ -~]{0,12}", fullmatch=True),
    ),
    max_size=6,
)


@given(LINES)
def test_its_short_reading_of_a_dotenv_is_that_of_the_whole_parser(lines):
    data = "\n".join(lines).encode()
    try:
        whole = dict(parse_dotenv(data))
    except Invalid:
        return

    assert early.parse(data) == whole


def test_lines_get_the_head_that_the_voice_gives_them():
    ns = 1_700_000_000_000_000_000
    head = heads.head_of("web.1", ns, 7, None)

    assert head == f"{heads.clock(ns)} web.1   │ ".encode()
    assert bytes(heads.with_heads(b"> ", b"one\ntwo\n")) == b"> one\n> two\n"
