"""What a deploy warns of."""

import time

import pytest

from twelve.checker.deploying import warnings_of
from twelve.errors import Invalid


def test_broken_demands_are_sentences(tmp_path):
    (tmp_path / "settings.py").write_text("DEBUG = True\n")
    (tmp_path / "Procfile").write_text("web: gunicorn a:app\n")
    assert warnings_of(tmp_path) == ["III-1 settings.py:1 DEBUG is fixed to True"]


def test_a_sound_tree_is_silent(tmp_path):
    (tmp_path / "Procfile").write_text("web: gunicorn a:app\n")
    assert warnings_of(tmp_path) == []


def test_ignores_and_settings_of_the_tree_count(tmp_path):
    (tmp_path / "Procfile").write_text("web: gunicorn a:app\n")
    (tmp_path / "settings.py").write_text("DEBUG = True  # twelve: ignore[III-1] a demonstration\n")
    assert warnings_of(tmp_path) == []
    (tmp_path / "settings.py").write_text("DEBUG = True\n")
    (tmp_path / "twelve.toml").write_text('[check]\nignore = ["III-1"]\n')
    assert warnings_of(tmp_path) == []


def test_settings_that_cannot_be_read_are_said(tmp_path):
    (tmp_path / "twelve.toml").write_text("[check]\nsurprise = 1\n")
    with pytest.raises(Invalid, match="check/surprise"):
        warnings_of(tmp_path)


def test_a_small_tree_is_read_in_less_than_150_ms(tmp_path):
    (tmp_path / "Procfile").write_text("web: gunicorn a:app\n")
    for number in range(20):
        (tmp_path / f"part{number}.py").write_text(
            f"import os\n\nKEY = os.environ['KEY_{number}']\n\ndef work(path):\n    return open(path)\n"
        )

    def cost() -> float:
        before = time.thread_time()
        warnings_of(tmp_path)
        return time.thread_time() - before

    assert min(cost() for _ in range(3)) < 0.15
