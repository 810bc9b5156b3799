import pytest

from twelve.factors.ports.access import PLATFORM, owner_of, shared_out


@pytest.mark.parametrize(
    ("line", "owner", "rest"),
    [
        (b"shop/production\tGET /", "shop/production", b"GET /"),
        (b"a/b-2\tx\ty", "a/b-2", b"x\ty"),
        (b"-\tGET /", PLATFORM, b"GET /"),
        (b"shop/production/x\ty", PLATFORM, b"shop/production/x\ty"),
        (b"../x\ty", PLATFORM, b"../x\ty"),
        (b"shop/\ty", PLATFORM, b"shop/\ty"),
        (b"twelve/platform\ty", PLATFORM, b"twelve/platform\ty"),
        (b"Shop/x\ty", PLATFORM, b"Shop/x\ty"),
        (b"s/" + b"x" * 64 + b"\ty", PLATFORM, b"s/" + b"x" * 64 + b"\ty"),
        (b"no tab", PLATFORM, b"no tab"),
        (b"", PLATFORM, b""),
    ],
)
def test_only_two_proper_names_make_an_owner(line, owner, rest):
    assert owner_of(line) == (owner, rest)


def test_lines_keep_their_order_within_an_owner():
    data = b"a/b\t1\nc/d\t2\na/b\t3\n-\t4\n"
    assert shared_out(data) == {"a/b": b"1\n3\n", "c/d": b"2\n", PLATFORM: b"4\n"}
