"""What a deploy warns of."""

from twelve.checker.deploying import warnings_of


def test_broken_demands_are_sentences(tmp_path):
    (tmp_path / "settings.py").write_text("DEBUG = True\n")
    (tmp_path / "Procfile").write_text("web: gunicorn a:app\n")
    assert warnings_of(tmp_path) == ["III-1 settings.py:1 DEBUG is fixed to True"]


def test_a_sound_tree_is_silent(tmp_path):
    (tmp_path / "Procfile").write_text("web: gunicorn a:app\n")
    assert warnings_of(tmp_path) == []
