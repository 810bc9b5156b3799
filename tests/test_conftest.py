import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from twelve.settings import default_home, load_settings

REAL = Path(pwd.getpwuid(os.getuid()).pw_dir)


def test_the_suite_cannot_make_the_default_home():
    home = load_settings(os.environ, uid=os.getuid()).home

    with pytest.raises(NotADirectoryError):
        os.makedirs(home)


def test_home_and_every_xdg_folder_lie_outside_the_real_home():
    names = [n for n in os.environ if n == "HOME" or n.startswith("XDG_")]
    inside = [n for n in names if Path(os.environ[n]).is_relative_to(REAL)]

    assert len(names) == 6
    assert inside == []


def test_what_a_child_takes_for_home_is_not_the_real_one():
    code = "from pathlib import Path; print(Path.home())"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert Path(child.stdout.strip()) != REAL
    assert not default_home(os.environ, uid=1000).startswith(str(REAL))
