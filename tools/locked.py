"""Print a package of uv.lock as a requirement with hashes: what pip installs is what was locked."""

import sys
import tomllib
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parent.parent / "uv.lock"


def requirement(lock: dict[str, Any], name: str) -> str:
    """``name==version --hash=… --hash=…``, every file of the version."""
    package = next(row for row in lock["package"] if row["name"] == name)
    files = [*package.get("wheels", ()), package["sdist"]]
    hashes = " ".join(f"--hash={file['hash']}" for file in files)
    return f"{name}=={package['version']} {hashes}"


if __name__ == "__main__":
    print(requirement(tomllib.loads(LOCK.read_text()), sys.argv[1]))
