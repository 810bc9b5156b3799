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


@pytest.mark.parametrize(
    ("code", "required"),
    [
        ('def need(name):\n    return os.environ[name]\nX = need("NAME")\n', True),
        (
            (
                "def need(key, *more):\n    if v := os.environ.get(key):\n        return v\n"
                '    raise KeyError(key)\n\nX = need("NAME")\n'
            ),
            True,
        ),
        ('def maybe(name):\n    return os.environ.get(name)\nX = maybe("NAME")\n', False),
        ('def need(name):\n    return os.environ[name]\nX = need("NAME", 3)\n', False),
        ('function need(n) { if (!process.env[n]) throw 1 }\nneed("NAME")\n', True),
    ],
)
def test_a_function_of_the_apps_own_that_looks_names_up_is_seen_through(
    code: str, required: bool
) -> None:
    assert variables_read([code]) == {"NAME": required}


def test_what_twelve_sets_itself_is_nobodys_config() -> None:
    assert variables_read(['os.environ["PORT"], os.getenv("TWELVE_PROCESS")']) == {}
