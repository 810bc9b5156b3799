import hashlib

from twelve.factors.codebase.digest import directory, file, symlink, tree_digest, with_parents

EMPTY = hashlib.sha256(b"").hexdigest()


def test_a_digest_is_that_of_the_sorted_lines():
    entries = [file("b/x", executable=True, sha256=EMPTY), directory("b"), symlink("a", "b/x")]
    lines = b"l\0a\0b/x\n" + b"d\0b\n" + b"f\0b/x\0x\0" + EMPTY.encode() + b"\n"
    assert tree_digest(entries) == hashlib.sha256(lines).hexdigest()


def test_the_order_of_entries_does_not_matter():
    entries = [file(name, executable=False, sha256=EMPTY) for name in ("b", "a", "a-b", "a/b")]
    assert tree_digest(entries) == tree_digest(reversed(entries))


def test_each_part_of_an_entry_counts():
    one = file("a", executable=False, sha256=EMPTY)
    others = [
        file("a", executable=True, sha256=EMPTY),
        file("b", executable=False, sha256=EMPTY),
        file("a", executable=False, sha256="0" * 64),
        symlink("a", EMPTY),
        directory("a"),
    ]
    assert len({tree_digest([entry]) for entry in [one, *others]}) == 6


def test_names_that_are_no_text_have_a_digest():
    assert tree_digest([directory("\udcff")]) != tree_digest([directory("\ufffd")])


def test_folders_that_paths_imply_are_added_once():
    whole = with_parents([file("a/b/c", executable=False, sha256=EMPTY), directory("a")])
    assert sorted(entry.path for entry in whole) == ["a", "a/b", "a/b/c"]
