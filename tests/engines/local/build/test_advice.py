"""What a package manager said last, and the next step that is told for it."""

import pytest

from twelve.engines.local.build.steps import Step, StepResult, advice, failed


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("error: The lockfile at `uv.lock` needs to be updated, but `--locked`", "`uv lock`"),
        (
            "npm error package.json and package-lock.json are not in sync",
            "npm install --package-lock-only",
        ),
        (
            "error Your lockfile needs to be updated, but yarn was run with `--frozen-lockfile`.",
            "`yarn install`",
        ),
        (
            ' ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with "frozen-lockfile"',
            "`pnpm install --lockfile-only`",
        ),
        ("cause: Hash mismatch for `six==1.17.0`", "another file of six==1.17.0"),
        ("HTTP status client error (401 Unauthorized)", "UV_INDEX_NAME_PASSWORD"),
        ("npm error code E401", "NPM_TOKEN"),
    ],
)
def test_the_next_step_is_told(said, told):
    assert told in advice([said], network=True)


def test_passwords_in_addresses_are_not_shown():
    step = Step("dependencies", ("uv",), {"HOME": "/b/home"}, "/b")
    error = failed(step, StepResult(2, ["see https://me:swordfish@r.example/simple/six/"]))
    assert "https://***@r.example/simple/six/" in error.message
