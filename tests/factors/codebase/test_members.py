import pytest

from twelve.errors import Invalid
from twelve.factors.codebase.members import (
    Limits,
    Member,
    check_amount,
    check_content,
    check_submodules,
    clean,
    place,
    shown,
)


@pytest.mark.parametrize(
    ("name", "path"),
    [("a", "a"), ("./a/b/", "a/b"), (".", ""), ("a//b", "a/b"), ("a/./b", "a/b"), ("..a", "..a")],
)
def test_names_are_cleaned(name, path):
    assert clean(name) == path


@pytest.mark.parametrize("name", ["/a", "..", "a/..", "../a", "a\0b"])
def test_names_that_leave_are_refused(name):
    with pytest.raises(Invalid):
        clean(name)


def test_the_apps_folder_is_taken_off():
    assert place(Member("shop/a", "file"), "shop") == "a"
    assert place(Member("shop/", "directory"), "shop") == ""
    assert place(Member("shopping/a", "file"), "shop") is None
    assert place(Member("a", "file"), "") == "a"


def test_what_lies_outside_the_app_is_not_judged():
    assert place(Member("other/pipe", "fifo"), "shop") is None


@pytest.mark.parametrize("target", ["x", "../x", "./../b/../x", "a/b/../../.."])
def test_symlinks_inside(target):
    place(Member("d/e/link", "symlink", target=target), "")


@pytest.mark.parametrize("target", ["/x", "../../../x", "../..", "a/../../../.."])
def test_symlinks_that_leave(target):
    # `..` of a link at the root leaves it; one that ends at the root itself does not.
    member = Member("d/link", "symlink", target=target)
    with pytest.raises(Invalid, match="d/link: a symlink that leaves"):
        place(member, "")


def test_a_symlink_may_not_leave_the_apps_folder_for_another_of_the_repository():
    with pytest.raises(Invalid):
        place(Member("shop/lib", "symlink", target="../lib"), "shop")


def test_amounts():
    check_amount(2, 10, Limits(2, 10))
    with pytest.raises(Invalid):
        check_amount(3, 10, Limits(2, 10))
    with pytest.raises(Invalid):
        check_amount(2, 11, Limits(2, 10))


def test_pointers_and_submodules():
    check_content("a", b"version 2 of the truth")
    check_submodules(())
    with pytest.raises(Invalid, match=r"^a: a Git LFS pointer"):
        check_content("a", b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(Invalid, match=r"^git submodule a, b: "):
        check_submodules(("a", "b"))


def test_names_are_safe_to_print():
    assert shown("a\nb") == "'a\\nb'"
    assert shown("\x1b[31m") == "'\\x1b[31m'"
    assert shown("\udcff") == "\\xff"
