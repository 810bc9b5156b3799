"""CPU seconds of ``twelve check`` over a bare interpreter, beside other tools in one run.

    python -m bench.check_speed [--rounds N] [--big DIR [--beside [TOOL…]]] [DIR…]

This repository, an app of 100 files that is made for the occasion, each DIR, and with ``--big`` a large
repository, against 2.5 CPU seconds. ``--beside`` runs semgrep (seven rules, bench/check/semgrep.yml), bandit and
detect-secrets on it as well, each from its own virtual environment under --tools (made from PyPI when it is not
there, and kept), our own runs before and after them; bench/check/beside.json is written. Nothing of the trees is
run. Each tree is checked as for the first time, and again, with what a former check learned. Medians; user and system time of the child as the kernel counts it.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.report import machine

BARS = {"this repository": 0.5, "app of 100 files": 0.3, "big": 2.5}
AHEAD = 7.0
INSTALLED_IN = 900
HERE = Path(__file__).parent
TWELVE = Path(sys.executable).parent / "twelve"
FIRST = {"HOME": "", "XDG_CACHE_HOME": ""}
"""A check that knows nothing from former ones, as beside tools that keep nothing."""
BARE = [sys.executable, "-I", "-S", "-c", "pass"]
RULES = HERE / "check" / "semgrep.yml"
"""Seven rules that look for what seven of ours look for.

Seven of one literal each cost semgrep a fourth of it: 3.6 times ours, in a run of their own.
"""


def cpu_seconds(argv: list[str], folder: Path | None = None, **more: str) -> float:
    """User and system time of one run and all that it starts."""
    # Bytecode is kept, as for anybody who has installed it; the first of the rounds may write it.
    held = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    child = subprocess.Popen(
        argv,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**held, "SEMGREP_SEND_METRICS": "off", **more},
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):
        raise SystemExit(f"{argv[0]} ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime


def app_of_100_files(folder: Path) -> None:
    """A Django shop: settings, models, views, tasks and services, half of them with words that rules look for."""
    (folder / "Procfile").write_text("web: gunicorn shop.wsgi\nworker: celery -A shop worker\n")
    (folder / "requirements.txt").write_text("django==5.2\ngunicorn==23.0\ncelery==5.5\n")
    (folder / "manage.py").write_text(
        "from django.core.management import execute_from_command_line\n"
    )
    for number in range(97):
        package = folder / "shop" / f"part{number // 10}"
        package.mkdir(parents=True, exist_ok=True)
        read = f"import os\n\nAPI_{number} = os.environ['API_URL_{number}']\n" if number % 2 else ""
        body = "".join(
            f"""

class Row{number}x{row}(models.Model):
    name = models.CharField(max_length=200, verbose_name="name of {row}")
    price = models.DecimalField(max_digits=8, decimal_places=2)
    owner = models.ForeignKey("auth.User", on_delete=models.CASCADE, related_name="rows{row}")

    def total(self, request, quantity=1):
        if quantity < 1:
            raise ValueError(f"{{quantity}} of {{self.name}}")
        lines = [line for line in self.lines.filter(active=True).order_by("name")]
        return sum(line.price * quantity for line in lines)
"""
            for row in range(8)
        )
        (package / f"module{number}.py").write_text(f"from django.db import models\n{read}{body}")


def brought(name: str, home: Path) -> None:
    """The tool from PyPI, in a virtual environment of its own."""
    uv = str(Path(sys.executable).parent / "uv")
    subprocess.run([uv, "venv", "-q", "--clear", str(home)], check=True, timeout=INSTALLED_IN)
    asked = [uv, "pip", "install", "-q", "--python", str(home / "bin" / "python"), name]
    subprocess.run(asked, check=True, timeout=INSTALLED_IN)


def version(name: str, home: Path) -> str:
    """What is written beside the figures."""
    code = f"import importlib.metadata as m; print(m.version({name!r}))"
    python = [str(home / "bin" / "python"), "-c", code]
    return subprocess.run(python, check=True, capture_output=True, text=True).stdout.strip()


def beside(big: Path, tools: Path, names: list[str]) -> dict[str, float]:
    """CPU seconds of the other tools on the big repository, one run each; no name is all of them."""
    calls = {
        "semgrep": ["semgrep", "scan", "--metrics=off", "--disable-version-check", "-q", "--config", str(RULES), "."],
        "bandit": ["bandit", "-q", "-r", "."],
        "detect-secrets": ["detect-secrets", "scan", "--all-files"],
    }  # fmt: skip
    made = {}
    for name, (program, *words) in calls.items():
        if names and name not in names:
            continue
        home = tools / name
        if not (home / "bin" / program).exists():
            brought(name, home)
        path = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
        made[name] = cpu_seconds([str(home / "bin" / program), *words], big, PATH=path)
        print(f"{name:24} {made[name]:7.2f} CPU s", flush=True)
    return made


def compared(big: Path, tools: Path, before: list[float], rounds: int, names: list[str]) -> bool:
    """Whether the next tool takes less than the bar's multiple of our own; the figures are kept."""
    tools.mkdir(parents=True, exist_ok=True)
    others = beside(big, tools, names)
    after = [cpu_seconds([str(TWELVE), "check", str(big)], **FIRST) for _ in range(rounds)]
    own = statistics.median(before + after)
    print(f"{'twelve, before and after':24} {own:7.2f} CPU s of {len(before + after)} runs")
    for name, taken in others.items():
        print(f"{name:24} {taken / own:7.1f} times as much")
    kept = {
        "tree": big.name,
        "cpu_seconds": {"twelve": round(own, 2)} | {k: round(v, 2) for k, v in others.items()},
        "next_over_twelve": round(min(others.values()) / own, 1),
        "bars": {"twelve": BARS["big"], "next_over_twelve": AHEAD},
        "versions": {name: version(name, tools / name) for name in others},
        "machine": machine(),
    }
    (HERE / "check" / "beside.json").write_text(json.dumps(kept, indent=1) + "\n")
    return min(others.values()) < AHEAD * own or own > BARS["big"]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--big", type=Path)
    parser.add_argument("--beside", nargs="*", metavar="TOOL", help="all, or those named")
    parser.add_argument("--tools", type=Path, default=HERE / ".cache" / "check")
    parser.add_argument("more", nargs="*", type=Path)
    options = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as scratch:
        app_of_100_files(Path(scratch))
        targets = {"this repository": Path(__file__).parents[1], "app of 100 files": Path(scratch)}
        targets |= {str(one): one for one in options.more}
        if options.big:
            targets["big"] = options.big
        kept = {"XDG_CACHE_HOME": f"{scratch}/.cache"}
        runs: dict[tuple[str, str], list[float]] = {}
        bare = []
        for _ in range(options.rounds):
            bare.append(cpu_seconds(BARE))
            for name, folder in targets.items():
                for when, environ in (("first", FIRST), ("again", kept)):
                    taken = cpu_seconds([str(TWELVE), "check", str(folder)], **environ)
                    runs.setdefault((name, when), []).append(taken)
    floor = statistics.median(bare)
    print(f"{'bare interpreter':24} {floor:7.3f} CPU s; load {os.getloadavg()[0]:.1f}")
    for (name, when), taken in runs.items():
        over = statistics.median(taken) - (0 if name == "big" else floor)
        bar = BARS.get(name)
        failed |= bar is not None and over > bar
        told = "" if bar is None else f"   bar {bar}   {'holds' if over <= bar else 'MISSED'}"
        print(f"{f'{name}, {when}':24} {over:7.3f} CPU s (best {min(taken):.3f}){told}")
    if options.big and options.beside is not None:
        failed |= compared(
            options.big, options.tools, runs["big", "first"], options.rounds, options.beside
        )
    return failed


if __name__ == "__main__":
    sys.exit(main())
