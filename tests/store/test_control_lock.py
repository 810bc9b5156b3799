"""Two processes cannot own one home."""

import subprocess
import sys

import pytest

from twelve.control import lock
from twelve.errors import Conflict

HOLD = (
    "import sys, pathlib; from twelve.control import lock\n"
    "with lock(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()\n"
)


@pytest.mark.live
def test_a_second_control_is_refused_until_the_first_is_gone_however_it_went(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Conflict, match="another control plane runs there"), lock(tmp_path):
            pass
        holder.kill()
        holder.wait(10)

    with lock(tmp_path):
        pass
