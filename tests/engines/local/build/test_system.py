"""System packages are looked for, never installed."""

import shutil
from pathlib import Path

import pytest

from twelve.engines.local.build.system import check_packages
from twelve.errors import Missing
from twelve.factors.dependencies.machine.packages import SystemPackage

DEBIAN = pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="no dpkg here")


def wanted(*names: str) -> list[SystemPackage]:
    return [SystemPackage(name, "Aptfile: line 1") for name in names]


def test_nothing_wanted_is_nothing_asked():
    check_packages([], {})


@DEBIAN
def test_what_is_there_is_enough():
    check_packages(wanted("bash", "coreutils", "awk"), {})


@DEBIAN
def test_all_that_is_missing_is_named_at_once():
    with pytest.raises(Missing, match=r"nosuchthing .*norsuch") as error:
        check_packages(wanted("bash", "nosuchthing", "norsuch"), {})
    assert error.value.hint == "as root, run `apt-get install nosuchthing norsuch`"


def test_without_dpkg_a_program_of_that_name_will_do(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("twelve.engines.local.build.system.SYSTEM_PATH", "/nowhere")
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    check_packages(wanted("ffmpeg"), {"PATH": str(tmp_path)})
    with pytest.raises(Missing):
        check_packages(wanted("ffprobe"), {"PATH": str(tmp_path)})
