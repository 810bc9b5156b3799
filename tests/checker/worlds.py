"""Trees to check, and the door that a user knocks at."""

import json
import subprocess

from click.testing import CliRunner

from twelve.cli.check import command

GOOD = {
    "Procfile": "web: gunicorn a:app\n",
    "requirements.txt": "gunicorn==23.0\n",
    "a.py": "import os\nKEY = os.environ['SECRET_KEY']\n",
}


def write(folder, files):
    """Files by their path and text; gives the folder."""
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def run(*words):
    """``twelve check`` in this process."""
    return CliRunner().invoke(command, [str(word) for word in words])


def git(folder, *words):
    """Git, as somebody."""
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *words],
        cwd=folder,
        check=True,
        capture_output=True,
    )


def found(result):
    """The requirements that a report in JSON names."""
    return [one["requirement"] for one in json.loads(result.stdout)["findings"]]
