import pytest

from twelve.errors import Invalid, Refused
from twelve.factors.resources.attachment import (
    Attachment,
    attachment,
    clashes,
    environment,
    guessed_kinds,
    needs,
    placeholders,
    refuse_missing,
    variable_for,
)

DECLARED = {"DATABASE_URL": "postgres", "REDIS_URL": "redis"}
PRIVATE = "postgresql://me:canary@host/db"


def test_any_url_may_be_attached_under_any_variable():
    held = attachment("MAIL_URL", "smtp://relay.example:587")

    assert held == Attachment("MAIL_URL", "smtp://relay.example:587", "")


def test_a_declared_variable_takes_only_its_kind():
    with pytest.raises(Invalid, match="REDIS_URL: a postgresql:// URL is not one of Redis"):
        attachment("REDIS_URL", PRIVATE, kind="redis")


@pytest.mark.parametrize("variable", ["PORT", "TWELVE_APP", "A-B", "", "1A"])
def test_a_variable_that_is_none_or_twelves_own_is_refused(variable):
    with pytest.raises(Invalid) as caught:
        attachment(variable, PRIVATE)

    assert "canary" not in caught.value.message


def test_attachments_become_the_environment():
    held = [attachment("DATABASE_URL", PRIVATE), attachment("REDIS_URL", "redis://h/0")]

    assert environment(held) == {"DATABASE_URL": PRIVATE, "REDIS_URL": "redis://h/0"}


def test_a_debug_line_of_an_attachment_does_not_carry_its_password():
    assert "canary" not in repr(attachment("DATABASE_URL", PRIVATE, resource="shop"))


def test_a_variable_that_is_also_configured_is_named():
    held = [attachment("DATABASE_URL", PRIVATE), attachment("REDIS_URL", "redis://h/0")]

    assert [line.partition(":")[0] for line in clashes(held, {"REDIS_URL", "X"})] == ["REDIS_URL"]


def test_what_is_missing_comes_with_the_exact_command():
    (need,) = needs(DECLARED, {"DATABASE_URL"}, "shop/production")

    assert need.command == "twelve resources create redis --as REDIS_URL -a shop/production"


def test_a_deploy_without_its_resources_is_refused_with_all_commands_at_once():
    with pytest.raises(Refused) as caught:
        refuse_missing(DECLARED, (), "shop/staging")

    assert "DATABASE_URL (postgres), REDIS_URL (redis)" in caught.value.message
    assert "create postgres --as DATABASE_URL -a shop/staging" in caught.value.hint
    assert "create redis --as REDIS_URL -a shop/staging" in caught.value.hint
    assert "--provision" in caught.value.hint
    assert len(caught.value.problems) == 2


def test_a_deploy_with_its_resources_is_not_refused():
    refuse_missing(DECLARED, {"DATABASE_URL", "REDIS_URL", "MORE"}, "shop/production")


def test_a_new_resource_takes_its_kinds_variable():
    assert variable_for("postgres", {"REDIS_URL"}) == "DATABASE_URL"


def test_a_second_one_of_a_kind_needs_a_name_from_the_user():
    with pytest.raises(Invalid) as caught:
        variable_for("postgres", {"DATABASE_URL"})

    assert "create postgres --as" in caught.value.hint


def test_build_hooks_see_placeholders():
    assert placeholders(DECLARED)["REDIS_URL"].startswith("redis://build:")


def test_resources_are_guessed_from_the_names_of_variables():
    assert guessed_kinds(["SECRET_KEY", "REDIS_URL", "DATABASE_URL"]) == {
        "REDIS_URL": "redis",
        "DATABASE_URL": "postgres",
    }
