from twelve.factors.logs import index
from twelve.factors.logs.index import RECORD, end_of, gap, lost_lines, pieces, records, sound


def chain(start, *lengths):
    data, at = b"", start
    for number, length in enumerate(lengths, 1):
        data += RECORD.pack(at, length, 0, 1000, number)
        at += length
    return data


def test_a_record_is_32_bytes_in_little_endian_order():
    assert index.SIZE == 32
    assert RECORD.pack(1, 2, 4, 5, 6).hex() == (
        "0100000000000000020000000400000005000000000000000600000000000000"
    )


def test_a_torn_last_record_is_left_out():
    assert records(chain(0, 5, 7)[:-1]) == [(0, 5, 0, 1000, 1)]
    assert records(b"") == []


def test_a_gap_counts_bytes_and_lines_and_moves_nothing():
    record = records(gap(70, 5000, 42, 9, 3))[0]
    assert record[:2] == (70, 5000)
    assert record[2] & index.GAP
    assert lost_lines(record[2]) == 42
    assert end_of(record) == 70


def test_a_gap_too_large_for_its_fields_says_the_most_they_hold():
    record = records(gap(0, 1 << 40, 1 << 30, 9, 3))[0]
    assert record[1] == (1 << 32) - 1
    assert lost_lines(record[2]) == (1 << 24) - 1


def test_an_index_that_agrees_is_kept_whole():
    assert sound(chain(100, 5, 7), 100, 12) == (64, 112)


def test_records_of_bytes_that_are_not_there_are_cut():
    assert sound(chain(0, 5, 7), 0, 11) == (32, 5)


def test_a_record_that_does_not_follow_is_cut_with_all_after_it():
    assert sound(chain(0, 5) + chain(6, 5, 7), 0, 99) == (32, 5)


def test_zeros_that_a_power_cut_left_are_cut():
    assert sound(chain(0, 5) + bytes(64), 0, 99) == (32, 5)


def test_bytes_without_a_record_are_cut_into_blocks():
    assert pieces(10, 10) == []
    assert pieces(10, 15) == [(10, 5)]
    assert pieces(0, index.BLOCK + 1) == [(0, index.BLOCK), (index.BLOCK, 1)]


def test_names_say_the_offset_and_only_segments_are_segments():
    names = [index.segment_name(8 << 20), index.index_name(0), "limits.json", "x" * 20 + ".log"]
    assert index.segment_starts([*names, index.segment_name(0)]) == [0, 8 << 20]
