"""Packing: the commit that is checked out, and what is told about the rest."""

import os
import subprocess
import tarfile
from pathlib import Path
from typing import BinaryIO

import pytest

from twelve.engines.local import source
from twelve.engines.local.receive import receive
from twelve.errors import Invalid, Missing, NotFound
from twelve.factors.codebase.tree import remarks


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path, message: str = "a change") -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    top = tmp_path / "repository"
    (top / "shop").mkdir(parents=True)
    git(top, "init", "--quiet")
    (top / "main.py").write_text("1\n")
    (top / "shop/app.py").write_text("2\n")
    (top / "shop/run").write_text("#!/bin/sh\n")
    (top / "shop/run").chmod(0o755)
    commit(top, "the first")
    return top


HELD: list[BinaryIO] = []


@pytest.fixture(autouse=True)
def let_go():
    yield
    while HELD:
        HELD.pop().close()


def pack(*words, **more):
    packed = source.pack(*words, **more)
    HELD.append(packed.archive)
    return packed


def content(packed):
    packed.archive.seek(0)
    return packed.archive.read()


def unpacked(packed, tmp_path, name="out"):
    archive = tmp_path / f"{name}.tar"
    archive.write_bytes(content(packed))
    return receive(archive, tmp_path / name, packed.facts)


def test_a_commit_is_packed_not_the_working_tree(repository, tmp_path):
    head = git(repository, "rev-parse", "HEAD")
    (repository / "main.py").write_text("changed\n")
    (repository / "new.txt").write_text("new\n")
    (repository / "shop/run").unlink()
    packed = pack(repository)
    assert packed.facts.left_out == ("main.py", "new.txt", "shop/run")
    assert packed.facts.commit == packed.facts.root_commit == head
    assert (packed.facts.source, packed.facts.subject, packed.facts.dirty) == (
        "git",
        "the first",
        False,
    )
    assert packed.facts.committed_ns > 1_600_000_000_000_000_000
    assert unpacked(packed, tmp_path).names == ("main.py", "shop/app.py", "shop/run")
    assert (tmp_path / "out/main.py").read_text() == "1\n"


def test_dirty_packs_what_a_commit_of_it_would_hold(repository, tmp_path):
    (repository / ".gitignore").write_text("*.log\n")
    (repository / "a.log").write_text("ignored\n")
    (repository / "new.txt").write_text("new\n")
    (repository / "main.py").unlink()
    objects = sorted((repository / ".git").rglob("*"))
    packed = pack(repository, dirty=True)
    assert sorted((repository / ".git").rglob("*")) == objects
    assert packed.facts.dirty
    assert packed.facts.left_out == ()
    dirty = unpacked(packed, tmp_path)
    assert dirty.names == (".gitignore", "new.txt", "shop/app.py", "shop/run")
    commit(repository)
    clean = unpacked(pack(repository), tmp_path, "clean")
    assert clean.digest == dirty.digest


@pytest.mark.parametrize("dirty", [False, True])
def test_config_that_was_committed_is_left_out_too(repository, tmp_path, dirty):
    (repository / ".env").write_text("SECRET=1\n")
    (repository / "shop/.env").write_text("SECRET=2\n")
    commit(repository)
    (repository / "new.txt").write_text("")
    packed = pack(repository, dirty=dirty)
    below = pack(repository, root="shop")
    assert set(packed.facts.left_out) - {"new.txt"} == {".env", "shop/.env"}
    assert below.facts.left_out == (".env",)
    assert not any(".env" in name for name in unpacked(packed, tmp_path).names)
    assert b"SECRET" not in content(packed) + content(below)
    said = "not in this build, because config is no part of one: .env, shop/.env"
    assert any(remark.startswith(said) for remark in remarks(packed.facts))


def test_dirty_leaves_out_config_that_nothing_ignores(repository, tmp_path):
    (repository / ".env").write_text("SECRET=1\n")
    packed = pack(repository, dirty=True)
    assert packed.facts.left_out == (".env",)
    assert ".env" not in unpacked(packed, tmp_path).names


def test_dirty_without_changes_is_clean(repository):
    assert not pack(repository, dirty=True).facts.dirty


@pytest.mark.parametrize(("path", "root"), [("shop", ""), (".", "shop")])
def test_a_sub_directory_is_the_app(repository, tmp_path, path, root):
    (repository / "other.txt").write_text("not of this app\n")
    packed = pack(repository / path, root=root)
    assert packed.facts.root == "shop"
    assert packed.facts.left_out == ()
    assert unpacked(packed, tmp_path).names == ("app.py", "run")
    assert os.access(tmp_path / "out/run", os.X_OK)


def test_export_ignore_is_honoured_below_a_root_too(repository, tmp_path):
    (repository / ".gitattributes").write_text("shop/app.py export-ignore\n")
    commit(repository)
    assert unpacked(pack(repository, root="shop"), tmp_path).names == ("run",)


def test_the_same_files_have_the_same_digest_with_and_without_git(repository, tmp_path):
    from_git = unpacked(pack(repository), tmp_path, "one")
    folder = tmp_path / "folder"
    subprocess.run(["cp", "-a", repository, folder], check=True)
    subprocess.run(["rm", "-rf", folder / ".git"], check=True)
    packed = pack(folder)
    assert packed.facts.source == "folder"
    assert unpacked(packed, tmp_path, "two").digest == from_git.digest


def test_a_folder_is_packed_without_what_is_no_source(tmp_path):
    app = tmp_path / "app"
    for name in (".venv/x", "node_modules/y/z", "__pycache__/m.pyc", "inner/__pycache__/n.pyc"):
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text("x")
    (app / "main.py").write_text("x")
    (app / ".env").write_text("SECRET=1\n")
    packed = pack(app)
    assert packed.facts.left_out == (".env",)
    assert unpacked(packed, tmp_path).names == ("main.py",)


def test_a_socket_in_a_folder_is_named(tmp_path):
    (tmp_path / "app").mkdir()
    os.mkfifo(tmp_path / "app/pipe")
    with pytest.raises(Invalid, match=r"^pipe: neither a file"):
        pack(tmp_path / "app")


def test_a_submodule_is_refused_by_name(repository, tmp_path):
    library = tmp_path / "library"
    library.mkdir()
    git(library, "init", "--quiet")
    (library / "x").write_text("x")
    commit(library)
    git(
        repository,
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        str(library),
        "libs/mail",
    )
    commit(repository)
    with pytest.raises(Invalid, match=r"^git submodule libs/mail: "):
        pack(repository)


def test_a_repository_without_a_commit(tmp_path):
    git(tmp_path, "init", "--quiet")
    (tmp_path / "main.py").write_text("x")
    with pytest.raises(Invalid, match="has no commit yet"):
        pack(tmp_path)


def test_a_folder_that_no_commit_holds(repository):
    (repository / "late").mkdir()
    (repository / "late/main.py").write_text("x")
    with pytest.raises(Invalid, match=r"^late: commit \w{7} has no file there"):
        pack(repository, root="late")


def test_no_git_program(repository):
    with pytest.raises(Missing, match=r"there is no `git` on PATH"):
        pack(repository, environ={"PATH": "/nonexistent"})


def test_variables_of_a_git_hook_do_not_lead_astray(repository, tmp_path):
    environ = {**os.environ, "GIT_DIR": "/nonexistent", "GIT_INDEX_FILE": "/nonexistent"}
    assert unpacked(pack(repository, environ=environ), tmp_path).names


def test_a_shallow_clone_has_no_root_commit(repository, tmp_path):
    (repository / "main.py").write_text("2\n")
    commit(repository)
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", "clone")
    packed = pack(tmp_path / "clone")
    assert (packed.facts.shallow, packed.facts.root_commit) == (True, "")


def test_the_root_commit_stays(repository):
    first = git(repository, "rev-parse", "HEAD")
    (repository / "main.py").write_text("2\n")
    head = commit(repository)
    facts = pack(repository).facts
    assert (facts.commit, facts.root_commit) == (head, first)


def test_folders_that_are_not_there(tmp_path):
    with pytest.raises(NotFound):
        pack(tmp_path / "none")
    with pytest.raises(NotFound):
        pack(tmp_path, root="none")
    with pytest.raises(Invalid):
        pack(tmp_path, root="..")


def test_an_archive_has_no_name_that_could_be_left_behind(tmp_path, repository):
    into = tmp_path / "into"
    into.mkdir()
    packed = pack(repository, into=into)
    assert len(content(packed)) > 1024
    assert not list(into.iterdir())
    assert os.fstat(packed.archive.fileno()).st_nlink == 0


def test_names_that_are_not_ascii(repository, tmp_path):
    (repository / "grün\n.txt").write_text("x")
    assert pack(repository).facts.left_out == ("grün\n.txt",)
    commit(repository)
    assert "grün\n.txt" in unpacked(pack(repository), tmp_path).names


def test_the_archive_is_a_plain_tar(repository):
    with tarfile.open(fileobj=pack(repository).archive, mode="r:") as archive:
        assert "main.py" in archive.getnames()
