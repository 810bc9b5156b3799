import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelve.errors import Invalid
from twelve.factors.resources.kinds import RESOURCE_KINDS
from twelve.factors.resources.url import LONGEST, check_kind, mask, parse

CANARY = "s3cr3t-canary"


def test_the_parts_of_a_url_are_read_and_decoded():
    url = parse("postgresql://me:p%40ss@db.example:5433/shop?sslmode=require")

    assert (url.scheme, url.user, url.password) == ("postgresql", "me", "p@ss")
    assert (url.host, url.port, url.path, url.query) == (
        "db.example",
        5433,
        "/shop",
        "sslmode=require",
    )


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("redis://cache", "cache", None),
        ("redis://cache:6379/0", "cache", 6379),
        ("redis://[::1]:6379/0", "[::1]", 6379),
        ("redis://[::1]", "[::1]", None),
        ("postgresql:///shop?host=/run/pg", "", None),
        ("mongodb://u:p@a:1,b:2/shop", "a:1,b:2", None),
        ("postgresql://%2Frun%2Fpg/shop", "/run/pg", None),
        ("sqlite:///data.db", "", None),
        ("mailto:someone@shop.example", "", None),
        ("amqp://u:p@mq:/v", "mq", None),
    ],
)
def test_every_spelling_of_an_address_is_read(text, host, port):
    assert (parse(text).host, parse(text).port) == (host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not a url",
        "no-scheme",
        "://host",
        "1st://host",
        "redis:",
        "redis://host\n",
        "redis://ho\0st",
        "redis://host:port",
        "redis://host:99999",
        "redis://host:\uff11",
        f"postgresql://me:{CANARY}/slash@db/shop",
        f"postgresql://me:{CANARY}#hash@db/shop",
        f"redis://host/{CANARY}" + "x" * LONGEST,
    ],
)
def test_what_is_no_url_is_refused_without_showing_it(text):
    with pytest.raises(Invalid) as caught:
        parse(text, "DATABASE_URL")

    assert caught.value.message.startswith("DATABASE_URL: ")
    assert CANARY not in caught.value.message + caught.value.hint


def test_special_characters_in_a_password_are_explained():
    with pytest.raises(Invalid) as caught:
        parse("postgresql://me:half/slash@db/shop")

    assert "%2F" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://me:pw@host/db", "postgres://me:•••@host/db"),
        ("postgres://me@host/db", "postgres://•••@host/db"),
        ("redis://:pw@host:6379/0", "redis://:•••@host:6379/0"),
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("postgres://me:p/w@host/db", "postgres://•••"),
        ("postgres://me:p#w@host/db", "postgres://•••"),
        ("postgres://me:p@w@host/db", "postgres://me:•••@host/db"),
        (
            "postgres://h/db?sslmode=require&password=x",
            "postgres://h/db?sslmode=require&password=•••",
        ),
        ("https://key@errors.example/1", "https://•••@errors.example/•••"),
        ("https://hooks.example/T1/B2/token", "https://hooks.example/•••"),
        ("https://api.example/", "https://api.example/"),
        ("s3://bucket?aws_secret_access_key=x", "s3://bucket?aws_secret_access_key=•••"),
        ("https://h/p/T0KEN:a@b", "https://•••"),
        ("db?pw", "•••"),
        ("", "•••"),
        ("redis://h/0?flag", "redis://h/0?•••"),
        ("redis://h/0#pw", "redis://h/0"),
    ],
)
def test_a_url_is_shown_without_its_secrets(text, shown):
    assert mask(text) == shown


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12), st.sampled_from("/?#@:&=% \n")
)
def test_no_password_however_odd_is_shown(noise, odd):
    password = f"{noise}{odd}{CANARY}"

    assert CANARY not in mask(f"postgres://me:{password}@host/db")
    assert CANARY not in mask(f"redis://host/0?key={password}".replace("&", ""))


def test_a_debug_line_of_a_url_does_not_carry_its_password():
    assert CANARY not in repr(parse(f"redis://:{CANARY}@host"))


@pytest.mark.parametrize("text", ["postgres://h/d", "postgresql+psycopg://h/d", "POSTGRESQL://h/d"])
def test_every_spelling_of_a_kind_fits(text):
    assert check_kind(text, RESOURCE_KINDS["postgres"]).host == "h"


def test_a_url_of_another_kind_is_refused():
    with pytest.raises(Invalid, match="DATABASE_URL: a redis:// URL is not one of Postgres"):
        check_kind("redis://h", RESOURCE_KINDS["postgres"], "DATABASE_URL")
