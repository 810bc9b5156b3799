"""The same tree gives the same bytes, wherever and whenever it is built."""

import json
from pathlib import Path

import pytest

pytestmark = [pytest.mark.live, pytest.mark.anyio, pytest.mark.timeout(240)]

DJANGO = {
    "requirements.txt": "django==5.2.8\nasgiref==3.10.0\nsqlparse==0.5.3\nwhitenoise==6.11.0\n",
    "manage.py": (
        "import os, sys\n"
        "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"
        "from django.core.management import execute_from_command_line\n"
        "execute_from_command_line(sys.argv)\n"
    ),
    "shop/__init__.py": "",
    "shop/settings.py": (
        "import os\n"
        "from pathlib import Path\n"
        "BASE_DIR = Path(__file__).resolve().parent.parent\n"
        "SECRET_KEY = os.environ['SECRET_KEY']\n"
        "INSTALLED_APPS = ['django.contrib.staticfiles', 'django.contrib.admin',\n"
        "    'django.contrib.auth', 'django.contrib.contenttypes']\n"
        "STATIC_URL = '/static/'\n"
        "STATIC_ROOT = BASE_DIR / 'staticfiles'\n"
        "STORAGES = {'staticfiles': {'BACKEND':\n"
        "    'whitenoise.storage.CompressedManifestStaticFilesStorage'}}\n"
    ),
}

PROJECT = {
    "pyproject.toml": (
        '[project]\nname = "mailer"\nversion = "1.2"\nrequires-python = ">=3.11"\n'
        'dependencies = ["six==1.17.0"]\n[project.scripts]\nmailer = "mailer.main:main"\n'
        '[build-system]\nrequires = ["hatchling==1.27.0"]\nbuild-backend = "hatchling.build"\n'
    ),
    "src/mailer/__init__.py": "import six\n",
    "src/mailer/main.py": "def main():\n    print('mail', __file__)\n",
    "Procfile": "worker: mailer\n",
}

NODE = {
    "package.json": json.dumps(
        {"name": "tiny", "main": "server.js", "dependencies": {"is-odd": "3.0.1"}}
    ),
    "server.js": "console.log(require('is-odd')(3))\n",
    "package-lock.json": json.dumps(
        {
            "name": "tiny",
            "lockfileVersion": 3,
            "requires": True,
            "packages": {
                "": {"name": "tiny", "dependencies": {"is-odd": "3.0.1"}},
                "node_modules/is-number": {"version": "6.0.0", "resolved": "https://registry.npmjs.org/is-number/-/is-number-6.0.0.tgz"},
                "node_modules/is-odd": {
                    "version": "3.0.1",
                    "resolved": "https://registry.npmjs.org/is-odd/-/is-odd-3.0.1.tgz",
                    "dependencies": {"is-number": "^6.0.0"},
                },
            },
        }
    ),
}  # fmt: skip


async def twice(workshop, bytes_of, files, tmp_path: Path, **options):
    """Build in two folders, of other length, with an empty home and empty caches each."""
    builds = []
    for number, name in enumerate(("a", "b-folder/of-another/length")):
        source = workshop.source(files, f"{name}/app")
        home = tmp_path / f"home-{number * 'x'}{number}"
        built = await workshop.build(source, home=home, **options)
        layers = {path.name: bytes_of(path) for path in sorted((home / "layers").iterdir())}
        builds.append((built, home, layers))
    (first, home, layers), (second, _, others) = builds
    assert layers == others
    assert first._replace(reused=False) == second._replace(reused=False)
    assert first.deps_digest in layers
    assert first.app_digest in layers
    return first, home


async def test_django_with_collectstatic(workshop, bytes_of, tmp_path):
    built, home = await twice(
        workshop, bytes_of, DJANGO, tmp_path, placeholders={"SECRET_KEY": "build-only"}
    )
    assert built.reproducible
    assert built.hooks == ("python manage.py collectstatic --noinput",)
    assert (home / "layers" / built.app_digest / "staticfiles" / "staticfiles.json").is_file()
    said = await workshop.run(
        built,
        "python",
        "-c",
        "import django; print(django.__version__, django.__file__)",
        home=home,
    )
    assert said.startswith("5.2.8 ")
    assert str(built.deps_digest) in said


async def test_a_project_that_is_itself_installed(workshop, bytes_of, tmp_path):
    built, home = await twice(workshop, bytes_of, PROJECT, tmp_path)
    assert await workshop.run(built, "mailer", home=home) == (
        f"mail {home}/layers/{built.app_digest}/.twelve/site-packages/mailer/main.py"
    )
    assert not list((home / "layers" / str(built.deps_digest)).rglob("mailer*"))


async def test_node(workshop, bytes_of, tmp_path):
    built, home = await twice(workshop, bytes_of, NODE, tmp_path)
    assert (home / "layers" / built.app_digest / "node_modules").readlink() == Path(
        f"../{built.deps_digest}/node_modules"
    )
    assert await workshop.run(built, "node", "server.js", home=home) == "true"


async def test_a_hook_that_writes_the_date_changes_the_digest(workshop, tmp_path):
    source = workshop.source({"index.html": "hello\n"})
    hooks = {"hooks": ["date +%s%N > built-at"]}
    first = await workshop.build(source, table=hooks)
    second = await workshop.build(source, table=hooks, home=tmp_path / "other")
    assert first.tree == second.tree
    assert first.digest != second.digest


async def test_times_and_modes_of_the_source_do_not_matter(workshop, tmp_path):
    files = {"index.html": "hello\n", "bin/tool": "#!/bin/sh\n"}
    first = await workshop.build(workshop.source(files, "a"))
    other = workshop.source(files, "b")
    (other / "index.html").chmod(0o600)
    (other / "bin/tool").chmod(0o711)
    assert (await workshop.build(other, home=tmp_path / "other")).digest == first.digest
    (other / "bin/tool").chmod(0o644)
    assert (await workshop.build(other)).digest != first.digest
