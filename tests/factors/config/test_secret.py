import logging

import pytest

from twelve.factors.config.secret import Secret, looks_secret, mask

CANARY = "canary-in-clear"


def test_a_secret_does_not_print():
    secret = Secret(CANARY)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", f"{secret!r}"]
    shown += [str([secret]), str({"k": secret}), f"<{secret}>"]

    assert not [text for text in shown if CANARY in text]


def test_a_secret_does_not_print_in_a_log_line_or_an_error(caplog):
    secret = Secret(CANARY)
    logging.getLogger("x").warning("value %s", secret)
    with pytest.raises(ValueError) as caught:
        raise ValueError(secret)

    assert CANARY not in caplog.text
    assert CANARY not in str(caught.value)
    assert CANARY not in repr(caught.value)


def test_a_secret_is_revealed_by_name_only():
    revealed = Secret(CANARY).reveal()

    assert revealed == CANARY
    assert type(revealed) is str
    assert f"{revealed}" == CANARY


def test_the_mask_tells_not_even_the_length():
    assert mask("a") == mask("b" * 100) == mask("")
    assert "a" not in mask("a")


@pytest.mark.parametrize(
    "name",
    [
        "SECRET_KEY",
        "SECRET_KEY_BASE",
        "API_TOKEN",
        "DB_PASSWORD",
        "PGPASSWORD",
        "SENTRY_DSN",
        "STRIPE_KEY",
        "STRIPE_API_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "APIKEY",
        "GOOGLE_CREDENTIALS",
        "JWT_PRIVATE_KEY",
        "DJANGO_SECRET",
        "token",
        "ENCRYPTION_KEY_2",
        "HASH_SALT",
        "SMTP_PASS",
        "GITHUB_TOKEN",
        "MAILGUN_SECRETKEY",
    ],
)
def test_names_of_secrets_are_recognised(name):
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "LOG_LEVEL",
        "TOKEN_TTL",
        "MONKEY",
        "PASSENGER_COUNT",
        "COMPASS",
        "DEBUG",
        "KEYBOARD",
        "TOKEN_HEADER",
        "STRIPE_PUBLISHABLE_KEY",
        "CACHE_KEY_PREFIX",
        "PORT",
        "SECRET_NAME",
        "WEB_CONCURRENCY",
        "SESSION_COOKIE_AGE",
        "ALLOWED_HOSTS",
    ],
)
def test_names_that_only_sound_like_it_are_not(name):
    assert not looks_secret(name)


def test_a_url_with_a_password_is_a_secret_whatever_its_name():
    assert looks_secret("BROKER", "amqp://me:hunter2@mq.example.org/x")
    assert not looks_secret("BROKER", "amqp://mq.example.org:5672/x")
    assert not looks_secret("SITE", "https://example.org/@me")


def test_a_long_value_costs_no_more_than_its_length():
    # The square of it would be minutes.
    assert not looks_secret("BIG", "x" * 1_000_000)
    assert looks_secret("BIG", "x" * 1_000_000 + " postgres://me:secret@db/")
