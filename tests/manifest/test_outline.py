"""What ``twelve init`` proposes."""

import pytest

from twelve.manifest.outline import outline
from twelve.manifest.reads import variables_read


@pytest.mark.parametrize(
    ("code", "required"),
    [
        ('os.environ["NAME"]', True),
        ('env("NAME")', True),
        ('os.environ.get("NAME")', False),
        ('os.getenv("NAME")', False),
        ('os.getenv("NAME", "y")', False),
        ('env("NAME", default=1)', False),
    ],
)
def test_a_read_that_gives_nothing_instead_of_failing_asks_for_nothing(
    code: str, required: bool
) -> None:
    assert variables_read([code]) == {"NAME": required}


def test_an_app_with_a_procfile_is_told_nothing_of_what_it_could_run() -> None:
    files = {
        "app.py": b"app = Flask('x')",
        "requirements.txt": b"flask\n",
        "Procfile": b"web: waitress-serve app:app\n",
    }
    assert outline("shop", files, files.get).why == ()
    del files["Procfile"]
    assert "web: needs gunicorn, which is not declared yet" in outline("shop", files, files.get).why
