import pytest
from tests.manifest.test_reading import faults, manifest

from twelve.factors.config.contract import check_contract, with_defaults
from twelve.factors.resources.kinds import RESOURCE_KINDS
from twelve.manifest import build_variables


def declared(line: str):
    (found,) = manifest(example=line).contract.values()
    return found


@pytest.mark.parametrize(
    ("line", "required"),
    [
        ("SMTP_HOST=", True),
        ("SMTP_HOST=localhost", False),
        ("SMTP_HOST=<your host>", True),
        ("SMTP_HOST=your-host-here", True),
        ("SMTP_HOST=changeme", True),
        ("SMTP_HOST=xxxx", True),
        ("SECRET_KEY=", True),
        ("SECRET_KEY=change-me", True),
        ("BROKER=amqp://me:pass@localhost/", True),
        ("SENTRY_DSN= # optional", False),
        ("# Optional: where errors go\nSENTRY_DSN=", False),
        ("# (optional)\nSENTRY_DSN=", False),
        ("# this is not optional\nSENTRY_DSN=", True),
        ("# optional\n\nSENTRY_DSN=", True),
        ("DATABASE_URL=", True),
        ("DATABASE_URL=postgres://localhost/shop", True),
        ("DATABASE_URL=sqlite:///db.sqlite3", False),
        ("DATABASE_URL=sqlite:///db.sqlite3 # optional", False),
    ],
)
def test_what_is_required_of_a_deploy(line, required):
    assert declared(line).required is required


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("DATABASE_URL=", "postgres"),
        ("REDIS_URL=", "redis"),
        ("MAIN_DB=postgresql+psycopg://u:p@localhost/x", "postgres"),
        ("CELERY_BROKER_URL=redis://localhost:6379/0", "redis"),
        ("DATABASE_URL=mysql://localhost/x", ""),
        ("DATABASE_URL=sqlite:///x", ""),
        ("SOCKET=unix:///run/x", ""),
        ("SITE_URL=https://localhost", ""),
    ],
)
def test_which_resource_could_fill_it(line, kind):
    assert declared(line).kind == kind


def test_an_attachment_fills_what_a_resource_could_fill():
    contract = manifest(example="DATABASE_URL=\nREDIS_URL=").contract

    assert check_contract({}, {"DATABASE_URL", "REDIS_URL"}, contract) == []
    assert [p.name for p in check_contract({}, {"REDIS_URL"}, contract)] == ["DATABASE_URL"]


def test_no_process_is_given_an_example():
    contract = manifest(example="DEBUG=1\nALLOWED_HOSTS=localhost\nSECRET_KEY=change-me").contract

    assert with_defaults({}, contract) == {}


def test_build_hooks_see_the_examples_but_no_server_that_they_name():
    text = "DEBUG=1\nDATABASE_URL=postgres://me:x@localhost/shop\nCDN_URL="

    assert build_variables(manifest(example=text)) == {
        "CDN_URL": "https://cdn-url.placeholder.invalid/",
        "DATABASE_URL": RESOURCE_KINDS["postgres"].placeholder,
        "DEBUG": "1",
    }


def test_twelve_toml_has_the_say_as_soon_as_it_declares_config():
    found = manifest(example="A=\nnonsense", toml="[config.B]")

    assert list(found.contract) == ["B"]


def test_a_resource_of_twelve_toml_goes_before_the_example():
    found = manifest(example="DATABASE_URL=\nA=", toml="[resources]\nDATABASE_URL = 'postgres'")

    assert (list(found.contract), found.resources) == (["A"], {"DATABASE_URL": "postgres"})


def test_what_twelve_sets_itself_is_left_out_and_said():
    found = manifest(example="PORT=8000\nA=")

    assert list(found.contract) == ["A"]
    assert found.notes == (
        ".env.example:1: PORT is set by Twelve itself, for each process: leave it out",
    )


def test_the_comment_is_the_description():
    assert declared("# Where mail goes.\n# One server.\nSMTP=").description == (
        "Where mail goes. One server."
    )


def test_a_bad_line_is_named_with_its_number():
    assert faults(example="A=\nnot a line\nA=") == [
        ".env.example:2: has no '=': write NAME=value, and quote a value of several lines",
        ".env.example:3: A is there already, in line 1: keep one of them",
    ]
