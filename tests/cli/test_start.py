"""What a start imports: each module costs every call of the command line."""

import os

from tests.cli.worlds import modules_of

HEAVY = {"asyncio", "ssl", "rich", "msgspec"}


def test_help_imports_nothing_heavy(tmp_path):
    modules = modules_of(["--help"], os.environ, tmp_path)

    assert modules & {*HEAVY, "http.client"} == set()


def test_help_of_the_whole_imports_no_command(tmp_path):
    modules = modules_of(["--help"], os.environ, tmp_path)

    assert {name for name in modules if name.startswith("twelve.cli.")} == {
        "twelve.cli.main",
        "twelve.cli.table",
        "twelve.cli.fault",
    }
