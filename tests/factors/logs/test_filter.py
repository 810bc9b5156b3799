import pytest

from twelve.errors import Invalid
from twelve.factors.logs.filter import Files, Filter, files_from, pattern
from twelve.factors.logs.line import GAP, PARTIAL, Block, Origin

WEB = Origin("web.1", "v7", "stdout")
BLOCK = Block(WEB, 100, 1, 0, b"GET /\nfound 404\nGET /x 404\n")


def chosen(text, block=BLOCK):
    return [one.data for one in Filter(grep=pattern(text)).chosen(block)]


def test_no_filter_wants_everything():
    assert Filter().wants(WEB)
    assert Filter().chosen(BLOCK) == [BLOCK]


@pytest.mark.parametrize(
    ("want", "yes"),
    [
        ({"types": frozenset(["web"])}, True),
        ({"types": frozenset(["we"])}, False),
        ({"processes": frozenset(["web.1"])}, True),
        ({"processes": frozenset(["web.2"])}, False),
        ({"streams": frozenset(["stderr"])}, False),
        ({"releases": frozenset(["v7", "v8"])}, True),
        ({"releases": frozenset(["v7"]), "types": frozenset(["worker"])}, False),
    ],
)
def test_streams_are_wanted_by_name(want, yes):
    assert Filter(**want).wants(WEB) == yes


def test_a_pattern_is_asked_of_each_line_alone():
    assert chosen("404") == [b"found 404\n", b"GET /x 404\n"]
    assert chosen("^GET.*404$") == [b"GET /x 404\n"]
    assert chosen(r"\AGET /\Z") == [b"GET /\n"]
    assert chosen("nothing") == []
    assert chosen("/.found") == []
    assert chosen("/[^x]found") == []


def test_chosen_lines_keep_their_offset():
    assert [one.offset for one in Filter(grep=pattern("404")).chosen(BLOCK)] == [6, 16]


def test_a_pattern_may_be_bytes_that_are_not_utf_8():
    block = BLOCK._replace(data=b"a\xff\nb\n")
    assert chosen("a\udcff", block) == [b"a\xff\n"]


def test_a_gap_is_told_whatever_is_sought():
    gap = Block(WEB, 100, 1, 0, b"9 bytes", GAP)
    assert Filter(grep=pattern("zzz")).chosen(gap) == [gap]


def test_an_unfinished_line_is_asked_too():
    partial = Block(WEB, 100, 1, 0, b"Boom", PARTIAL)
    assert Filter(grep=pattern("Bo")).chosen(partial) == [partial]
    assert Filter(grep=pattern("Bu")).chosen(partial) == []


def test_what_came_earlier_is_left_out():
    assert Filter(since=101).chosen(BLOCK) == []
    assert Filter(since=100).chosen(BLOCK) == [BLOCK]


def test_a_pattern_that_is_none_is_said_to_be_so():
    with pytest.raises(Invalid, match=r"--grep '\(': missing \)"):
        pattern("(")


@pytest.mark.parametrize(
    "want",
    [
        Filter(),
        Filter(frozenset(["web"]), frozenset(["web.1"]), frozenset(["stderr"]), frozenset(["v7"])),
        Filter(since=1_795_000_000_000_000_000, n=0),
        Filter(grep=pattern("caf\u00e9 \udcff[0-9]+$"), n=100),
    ],
)
def test_where_the_files_are_is_handed_on_with_all_that_is_wanted(want):
    told = Files("/var/lib/twelve", "/run/twelve/0a", want)
    assert told.line().count(b"\n") == 1
    assert files_from(told.line()) == told
