import pytest

from twelve.errors import Invalid
from twelve.factors.logs.drains.address import read_address, shown


@pytest.mark.parametrize(
    ("text", "place", "target", "posts", "encrypted"),
    [
        ("syslog://logs.example:601", "logs.example:601", "/", False, False),
        ("syslog://logs.example", "logs.example:514", "/", False, False),
        ("syslog+tls://[2001:db8::1]", "[2001:db8::1]:6514", "/", False, True),
        ("http://127.0.0.1:9880/in?k=v#part", "127.0.0.1:9880", "/in?k=v", True, False),
        ("https://logs.example?token=1", "logs.example:443", "/?token=1", True, True),
    ],
)
def test_what_a_person_wrote_is_read(text, place, target, posts, encrypted):
    address = read_address(text)

    assert (address.place, address.target) == (place, target)
    assert (address.posts, address.encrypted) == (posts, encrypted)


def test_user_and_password_are_decoded_and_never_printed():
    address = read_address("https://me:p%40ss@logs.example/in")

    assert (address.user, address.password) == ("me", "p@ss")
    assert "p@ss" not in f"{address} {address!r}"
    assert "p%40ss" not in shown("https://me:p%40ss@logs.example/in")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("logs.example:514", "not a URL|no way"),
        ("udp://logs.example:514", "no way for lines"),
        ("syslog://", "not a URL|no host"),
        ("syslog://a,b:514", "no host, or more than one"),
        ("syslog://user:secret@logs.example", "no passwords"),
        ("syslog://logs.example/path", "ends with the port"),
        ("https://logs.example:70000/", "not a number"),
        ("https://logs.example:0/", "port 0"),
        ("https://lögs.example/", "beyond ASCII"),
        ("https://logs.example/a b", "blank"),
    ],
)
def test_what_leads_nowhere_is_refused_without_repeating_it(text, why):
    with pytest.raises(Invalid, match=why) as caught:
        read_address(text)

    assert "secret" not in f"{caught.value}{caught.value.hint}"
