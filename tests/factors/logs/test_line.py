import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelve.factors.logs import index
from twelve.factors.logs.line import GAP, LIMIT, PARTIAL, REBUILT, SPLIT, Block, Joiner, Origin

WEB = Origin("web.1", "v7", "stdout")


def join(*bodies):
    joiner, at, found = Joiner(WEB), 0, []
    for number, body in enumerate(bodies, 1):
        found += joiner.feed((at, len(body), 0, number * 10, number), body)
        at += len(body)
    return [line for block in found for line in block.lines()]


@pytest.mark.parametrize(
    ("process", "type_"),
    [("web.1", "web"), ("run.ab12", "run"), ("twelve", "twelve"), ("router", "router")],
)
def test_the_type_is_the_name_before_the_number(process, type_):
    assert Origin(process, "-", "x").type == type_


def test_lines_take_time_and_sequence_of_the_block_they_end_in():
    lines = join(b"one\ntw", b"o\nthree\n")
    assert [(line.data, line.ns, line.sequence, line.offset) for line in lines] == [
        (b"one", 10, 1, 0),
        (b"two", 20, 2, 4),
        (b"three", 20, 2, 8),
    ]


def test_what_has_no_newline_yet_is_no_line_yet():
    assert join(b"a", b"b", b"c") == []


@given(st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"x", b"\n")), max_size=20))
def test_however_bytes_are_cut_the_lines_are_the_same(bodies):
    whole = b"".join(bodies)
    lines = join(*[body for body in bodies if body])
    assert [line.data for line in lines] == whole.split(b"\n")[:-1]
    for line in lines:
        assert whole[line.offset :].startswith(line.data + b"\n")


@pytest.mark.parametrize("length", [LIMIT - 1, LIMIT, LIMIT + 1, 2 * LIMIT, 3 * LIMIT + 5])
@pytest.mark.parametrize("chunk", [4099, 1 << 16, 1 << 18, LIMIT])
def test_a_long_line_is_split_alike_however_it_came(length, chunk):
    whole = b"a\n" + b"y" * length + b"\nz\n"
    lines = join(*[whole[at : at + chunk] for at in range(0, len(whole), chunk)])
    assert b"".join(line.data + b"\n" * (not line.flags & SPLIT) for line in lines) == whole
    assert [len(line.data) for line in lines if line.flags & SPLIT] == [LIMIT] * (
        (length - 1) // LIMIT
    )


def test_an_end_makes_a_line_of_what_had_begun():
    joiner = Joiner(WEB)
    assert joiner.feed((0, 4, 0, 1, 1), b"Boom") == []
    (block,) = joiner.feed((4, 0, index.END, 2, 2), b"")
    assert (block.data, block.flags, block.offset) == (b"Boom", PARTIAL, 0)
    (after,) = joiner.feed((4, 3, index.REBUILT, 3, 3), b"on\n")
    assert (after.offset, after.flags, after.plain) == (4, REBUILT, True)


def test_a_gap_stands_between_what_had_begun_and_what_follows():
    joiner = Joiner(WEB)
    joiner.feed((0, 3, 0, 1, 1), b"cut")
    cut, gap = joiner.feed(index.records(index.gap(3, 5000, 12, 2, 2))[0], b"")
    assert cut.flags & PARTIAL
    assert gap.flags & GAP
    assert b"5000 bytes (12 lines)" in gap.data
    assert joiner.feed((3, 2, 0, 3, 3), b"a\n")[0].offset == 3


def test_bytes_deleted_unread_move_the_offset():
    joiner = Joiner(WEB)
    (gap,) = joiner.feed((0, 100, index.GAP | index.MISSING, 2, 2), b"")
    assert b"100 bytes are missing" in gap.data
    assert joiner.feed((100, 2, 0, 3, 3), b"a\n")[0].offset == 100


def test_first_lines_can_be_left_out_of_a_block():
    block = Block(WEB, 1, 1, 50, b"a\nbb\nccc\n")
    assert block.amount == 3
    assert block.without(0) == block
    assert block.without(2) == block._replace(data=b"ccc\n", offset=55)
    assert block.without(3) is None
    assert Block(WEB, 1, 1, 0, b"x", SPLIT).amount == 0
    assert Block(WEB, 1, 1, 0, b"x", PARTIAL).amount == 1
