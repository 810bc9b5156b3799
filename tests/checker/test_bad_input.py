"""Whatever lies in the tree: an answer in words, an exit code that tells the truth, and nothing that stops it."""

import json
import os
import pty
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from twelve.checker import source
from twelve.checker.run import CUT, check
from twelve.checker.source import FolderTree, MemoryTree
from twelve.cli.check import command
from twelve.errors import Usage

DEBUG = "DEBUG = True\n"


def found(*words):
    done = CliRunner().invoke(command, [*(str(word) for word in words), "--format", "json"])
    assert done.exit_code in (0, 1), done.output
    return json.loads(done.stdout)


def told(data, path):
    return [(one["requirement"], one["line"]) for one in data["findings"] if one["path"] == path]


def test_what_is_no_folder_is_a_wrong_call(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "nothing"):
        with pytest.raises(Usage, match="not a directory"):
            FolderTree(path)


def test_an_empty_folder_breaks_nothing(tmp_path):
    data = found(tmp_path)
    assert (data["files"], data["findings"]) == (0, [])


def test_a_tree_without_git_is_not_blamed_for_it(tmp_path):
    (tmp_path / "settings.py").write_text("INSTALLED_APPS = []\n")
    verdicts = {one["requirement"]: one["verdict"] for one in found(tmp_path)["verdicts"]}
    assert verdicts["I-1"] != "broken"


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_a_manifest_in_utf_16_is_read_as_pip_reads_it(codec):
    mark = "\ufeff".encode(codec)
    tree = MemoryTree(
        {
            "requirements.txt": mark + "flask==3.0.0\r\n".encode(codec),
            "a.py": "import flask\nimport celery\n",
        }
    )
    told_of = [one.message for one in check(tree).findings if one.requirement == "II-2"]
    assert len(told_of) == 1
    assert "celery" in told_of[0]


def test_a_credential_in_a_tracked_env_file_leaves_no_other_verdict_that_there_is_none():
    env = "SECRET_KEY=lr66-a!km5ed@n5ug!tya5bv0yqwa1tn\n"
    for path, held in ((".env", False), (".env.example", True)):
        verdicts = check(MemoryTree({path: env, "a.py": "x = 1\n"})).verdicts
        said = {one.requirement: one.verdict for one in verdicts}
        assert (said["III-2"] == "holds") is held


def test_binary_and_unreadable_files_are_passed_over(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/settings.py").write_text(DEBUG)
    for name in ("a.py", "a.js", "docker-compose.yml", "package.json", "Dockerfile", "Procfile", ".env"):  # fmt: skip
        (tmp_path / name).write_bytes(bytes(range(256)) * 64)
    (tmp_path / "shut").mkdir()
    (tmp_path / "shut/settings.py").write_text(DEBUG)
    (tmp_path / "shut").chmod(0)
    try:
        assert ("III-1", 1) in told(found(tmp_path), "shop/settings.py")
    finally:
        (tmp_path / "shut").chmod(0o700)


def test_names_that_are_no_utf8_are_told_escaped(tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    (folder / "settings.py").write_text(DEBUG)
    for shape in ("text", "json", "sarif", "junit", "github", "html"):
        done = CliRunner().invoke(command, [str(tmp_path), "--format", shape])
        assert done.exit_code == 1
        said = done.stdout.replace("%5C", "\\").replace("\\\\", "\\")
        assert "caf\\udce9/settings.py" in said


def test_loops_of_links_end(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b").symlink_to("..")
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "settings.py").symlink_to("/etc/passwd")
    assert [one["requirement"] for one in found(tmp_path)["findings"]] == ["I-4"]


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("pyproject.toml", '[project]\nname = "a"\ndependencies = [\n', 3),
        ("package.json", '{\n "name": "a",\n}\n', 3),
        ("docker-compose.yml", "services:\n  a:\n   - b\n  c: [\n", 4),
        (".github/workflows/a.yml", "jobs:\n  a: {\n", 3),
    ],
)
def test_a_broken_file_is_a_finding_with_its_line(tmp_path, name, text, line):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
    [(_, where)] = told(found(tmp_path), name)
    assert abs(where - line) <= 1


def test_templates_are_no_broken_files(tmp_path):
    (tmp_path / "docker-compose.yml").write_text("services:\n  {{ name }}:\n  {% if a %}\n    image: [\n")  # fmt: skip
    (tmp_path / "{{cookiecutter.slug}}").mkdir()
    (tmp_path / "{{cookiecutter.slug}}/settings.py").write_text("from {{ a }} import b\n" + DEBUG)
    assert not [one for one in found(tmp_path)["findings"] if "does not parse" in one["message"]]


def test_the_code_of_a_submodule_is_anothers(tmp_path):
    (tmp_path / ".gitmodules").write_text('[submodule "lib"]\n\tpath = lib\n\turl = https://example.org/lib\n')  # fmt: skip
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/settings.py").write_text(DEBUG)
    (tmp_path / "settings.py").write_text(DEBUG)
    data = found(tmp_path)
    assert told(data, "lib/settings.py") == []
    assert ("III-1", 1) in told(data, "settings.py")


def test_more_files_than_are_read_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "MOST_FILES", 3)
    for number in range(5):
        (tmp_path / f"{number}.txt").write_text("")
    report = check(FolderTree(tmp_path))
    assert (report.files, report.notes) == (3, (CUT,))


def test_python_of_every_age_is_read():
    for text in ("print 'a'\n", "exec 'a' in b\n", "raise A, 'b'\n", "match x:\n    case 1 | 2: pass\n", "type X[T] = list[T]\n", "t'{a}'\n"):  # fmt: skip
        report = check(MemoryTree({"s/settings.py": f"{text}{DEBUG}"}))
        assert "III-1" in {one.requirement for one in report.findings}, text


MANY = 51_000


def test_many_files_show_progress_and_are_left_at_once(tmp_path):
    for folder in range(MANY // 1000):
        (tmp_path / f"d{folder}").mkdir()
        for number in range(1000):
            os.close(os.open(tmp_path / f"d{folder}" / f"{number}.py", os.O_CREAT | os.O_WRONLY))
    front, back = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "twelve", "check", str(tmp_path)],
        stdout=subprocess.DEVNULL,
        stderr=back,
        start_new_session=True,
    )
    os.close(back)
    seen = b""
    while b"10000 files" not in seen:
        seen += os.read(front, 1000)
    child.send_signal(signal.SIGINT)
    assert child.wait(30) == 130
    while b"interrupted" not in seen:
        seen += os.read(front, 1000)
    os.close(front)
    assert b"50000 files" not in seen
