"""Receiving: nothing in an archive can reach outside, and whatever is refused is named."""

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest

from twelve.engines.local.build.seal import digest_folder
from twelve.engines.local.receive import receive
from twelve.errors import Invalid
from twelve.factors.codebase.members import Limits
from twelve.factors.codebase.tree import TreeFacts

FACTS = TreeFacts("archive")


def header(name: str, kind: bytes = tarfile.REGTYPE, **more) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    for key, value in more.items():
        setattr(info, key, value)
    return info


def archive(*members: tuple[tarfile.TarInfo, bytes] | tarfile.TarInfo) -> io.BytesIO:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as packing:
        for member in members:
            info, data = member if isinstance(member, tuple) else (member, b"")
            info.size = len(data)
            packing.addfile(info, io.BytesIO(data))
    out.seek(0)
    return out


def entry(name: str, data: bytes = b"x", **more) -> tuple[tarfile.TarInfo, bytes]:
    return header(name, **more), data


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (entry("/etc/passwd"), "absolute path: /etc/passwd"),
        (entry("../evil"), "leaves its root: ../evil"),
        (entry("a/../../evil"), "leaves its root: a/../../evil"),
        (header("a", tarfile.SYMTYPE, linkname="/etc/passwd"), "a: a symlink that leaves"),
        (header("a/b", tarfile.SYMTYPE, linkname="../../x"), "a/b: a symlink that leaves"),
        (header("a", tarfile.LNKTYPE, linkname="/etc/passwd"), "absolute path: /etc/passwd"),
        (header("a", tarfile.LNKTYPE, linkname="../x"), "leaves its root: ../x"),
        (header("a", tarfile.LNKTYPE, linkname="nothing"), "a: a hard link to something"),
        (header("dev", tarfile.CHRTYPE, devmajor=1, devminor=3), "dev: a device file"),
        (header("disk", tarfile.BLKTYPE), "disk: a device file"),
        (header("pipe", tarfile.FIFOTYPE), "pipe: a FIFO"),
        (header("odd", b"?"), "odd: a device file"),
        (entry("big", b"version https://git-lfs.github.com/spec/v1\nx"), "big: a Git LFS pointer"),
    ],
)  # fmt: skip
def test_what_is_refused_is_named(tmp_path, member, said):
    with pytest.raises(Invalid, match=said.replace("?", ".")):
        receive(archive(entry("fine"), member), tmp_path / "out", FACTS)
    assert not (tmp_path / "evil").exists()


def test_nothing_is_written_through_a_symlink(tmp_path):
    (tmp_path / "victim").mkdir()
    # Both orders: the link first, and the file first.
    link = header("dir", tarfile.SYMTYPE, linkname="inner")
    for members in ((link, entry("dir/file")), (entry("dir/file"), link)):
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        with pytest.raises(Invalid, match="twice"):
            receive(archive(*members), out, FACTS)


def test_symlinks_that_stay_inside_are_kept(tmp_path):
    tree = receive(
        archive(entry("a/real"), header("b/link", tarfile.SYMTYPE, linkname="../a/real")),
        tmp_path / "out",
        FACTS,
    )
    assert (tmp_path / "out/b/link").read_bytes() == b"x"
    assert tree.names == ("a/real", "b/link")
    assert tree.digest == digest_folder(tmp_path / "out")


def test_a_hard_link_inside_becomes_a_file(tmp_path):
    receive(
        archive(entry("a"), header("b", tarfile.LNKTYPE, linkname="a")), tmp_path / "out", FACTS
    )
    assert (tmp_path / "out/b").read_bytes() == b"x"
    assert (tmp_path / "out/b").stat().st_nlink == 1


def test_only_the_apps_folder_is_unpacked(tmp_path):
    packed = archive(entry("x"), entry("shop/app.py"), entry("shopping/no"), entry("/outside"[1:]))
    assert receive(packed, tmp_path / "out", FACTS._replace(root="shop")).names == ("app.py",)
    assert sorted(os.listdir(tmp_path / "out")) == ["app.py"]


def test_permissions_are_masked(tmp_path):
    folder = header("d", tarfile.DIRTYPE, mode=0o7777)
    packed = archive(entry("a", mode=0o6777), entry("b", mode=0o606), folder)
    receive(packed, tmp_path / "out", FACTS)
    modes = {name: (tmp_path / "out" / name).stat().st_mode & 0o7777 for name in ("a", "b", "d")}
    assert modes == {"a": 0o755, "b": 0o644, "d": 0o755}


def test_limits(tmp_path):
    with pytest.raises(Invalid, match="more than 2 files"):
        receive(
            archive(entry("a"), entry("b"), entry("c")),
            tmp_path / "a",
            FACTS,
            limits=Limits(members=2),
        )
    with pytest.raises(Invalid, match="larger than 1 MiB"):
        receive(
            archive(entry("a", b"x" * (1 << 21))),
            tmp_path / "b",
            FACTS,
            limits=Limits(size=1 << 20),
        )


def test_a_gzipped_tarball(tmp_path):
    packed = io.BytesIO(gzip.compress(archive(entry("a")).getvalue()))
    assert receive(packed, tmp_path / "out", FACTS).names == ("a",)


def test_a_header_that_claims_gigabytes_is_not_read(tmp_path):
    info = header("big", tarfile.XHDTYPE)
    info.size = 3 << 30
    head = info.tobuf(tarfile.USTAR_FORMAT)
    with pytest.raises(Invalid, match="header of more than 1 MiB"):
        receive(io.BytesIO(head + b"0" * 1024), tmp_path / "out", FACTS)


@pytest.mark.parametrize("cut", [700, 1400])
def test_half_an_archive_is_refused(tmp_path, cut):
    whole = archive(entry("a", b"x" * 1000), entry("b", b"y" * 1000)).getvalue()
    with pytest.raises(Invalid):
        receive(io.BytesIO(whole[:cut]), tmp_path / "out", FACTS)


@pytest.mark.parametrize("data", [b"", b"not a tar at all" * 100, b"\x1f\x8bnot gzip either"])
def test_no_archive_at_all(tmp_path, data):
    with pytest.raises(Invalid):
        receive(io.BytesIO(data), tmp_path / "out", FACTS)


def test_an_archive_as_a_path(tmp_path: Path):
    path = tmp_path / "a.tar"
    path.write_bytes(archive(entry("a"), entry("deep/er/b")).getvalue())
    tree = receive(path, tmp_path / "out", FACTS)
    assert tree.digest == digest_folder(tmp_path / "out")
