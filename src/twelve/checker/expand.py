"""Follows a command through shells, wrappers, scripts, npm and make to the programs that really run."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from twelve.checker.branches import chosen, reached
from twelve.checker.make_reader import recipe
from twelve.checker.shell_reader import Simple, commands_of
from twelve.picture.commands import Step
from twelve.picture.pattern import pattern

DEPTH = 8
SHELLS = {"sh": "sh", "dash": "sh", "ash": "sh", "bash": "bash", "zsh": "bash", "busybox": "sh"}
RUNNERS = {
    "tini": 0, "dumb-init": 0, "catatonit": 0, "exec": 0, "env": 0, "time": 0, "nice": 0, "ionice": 0, "nohup": 0, "sudo": 0, "command": 0,
    "gosu": 1, "su-exec": 1, "setpriv": 0, "s6-setuidgid": 1, "s6-setlock": 1, "s6-softlimit": 0, "chpst": 0, "setuser": 1, "with-contenv": 0,
    "timeout": 1, "npx": 0, "bunx": 0, "pnpx": 0, "cross-env": 0, "ddtrace-run": 0, "opentelemetry-instrument": 0, "xvfb-run": 0,
    "chronic": 0, "stdbuf": 0, "unbuffer": 0, "eatmydata": 0, "flock": 1, "fdmove": 1, "s6-notifyoncheck": 0,
}  # fmt: skip
"""Programs that run the words after them, with how many operands come first."""
RUN_WORDS = {
    ("poetry", "run"), ("uv", "run"), ("pipenv", "run"), ("pdm", "run"), ("hatch", "run"), ("rye", "run"), ("bundle", "exec"), ("doppler", "run"),
    ("infisical", "run"), ("newrelic-admin", "run-program"), ("yarn", "exec"), ("pnpm", "exec"), ("npm", "exec"), ("dotenv", "run"), ("chamber", "exec"),
    ("op", "run"), ("pixi", "run"), ("conda", "run"), ("heroku", "local:run"), ("aws-vault", "exec"), ("envconsul", "run"), ("yarn", "dlx"), ("pnpm", "dlx"),
}  # fmt: skip
WAITERS = pattern(
    r"(^|/)(wait-for|wait-for-it|wait_for_it|wait-for-postgres|wait-for-db|waitfor|dockerize|wait4ports|wait)(\.sh)?$"
)
VALUED = {
    "-u", "-g", "-n", "-c", "-k", "-s", "--group", "--extra", "--package", "--project", "--python",
    "--with", "-p", "--env-file", "-f", "--user", "-C", "--signal", "--directory", "-i", "-o", "-e", "--no-group",
}  # fmt: skip


class Context(NamedTuple):
    """Where the words stand and what is already in front of them."""

    path: str
    line: int
    through: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    args: tuple[str, ...] = ()
    args_from: tuple[str, int] = ("", 0)
    """Where the words that the script gets stand."""
    depth: int = 0
    loop: bool = False
    optional: bool = False
    exec: bool = False
    background: bool = False
    last: bool = True
    folder: str = ""
    seen: frozenset[str] = frozenset()
    via: tuple[tuple[str, int], ...] = ()
    """The places that led here, outermost first."""


class Expander:
    """Knows the scripts and package files of the tree; makes steps out of words."""

    def __init__(
        self,
        paths: Mapping[str, object],
        read: Callable[[str], str],
        scripts: Mapping[str, Mapping[str, tuple[str, int]]],
    ) -> None:
        self.paths = paths
        self.read = read
        self.npm = scripts
        self.by_name: dict[str, list[str]] = {}
        for path in paths:
            self.by_name.setdefault(path.rpartition("/")[2], []).append(path)
        self.entered: set[str] = set()
        """The scripts that a command started."""

    def shell(self, text: str, context: Context, shell: str, *, inline: bool) -> list[Step]:
        """The steps of shell text. ``inline`` text (``-c``) in bash replaces the shell by its last command."""
        if context.depth > DEPTH:
            return []
        simple = [one for one in commands_of(text, context.line) if one.words]
        made: list[Step] = []
        known = bool(context.args_from[0])
        live = reached([one for one in simple if chosen(one, context.args, simple, known=known)])
        for index, one in enumerate(live):
            made += self.words(
                one.words,
                self._inner(
                    one,
                    context,
                    shell,
                    inline=inline,
                    last=index == len(live) - 1,
                    alone=len(live) == 1,
                ),
            )
        return made

    @staticmethod
    def _inner(
        one: Simple, context: Context, shell: str, *, inline: bool, last: bool, alone: bool
    ) -> Context:
        execs = one.words[0] == "exec"
        gone = execs or (shell == "bash" and inline and last and one.after != "&")
        del alone
        through = context.through if gone or not shell else (*context.through, shell)
        return context._replace(
            line=one.line,
            through=through,
            env=(*context.env, *one.env),
            loop=context.loop or one.loop,
            optional=context.optional or one.condition,
            exec=execs,
            background=one.after == "&",
            last=context.last and last,
            depth=context.depth + 1,
        )

    def words(self, words: tuple[str, ...], context: Context) -> list[Step]:
        """The steps that one command comes to."""
        if not words or context.depth > DEPTH:
            return []
        while words and re.match(r"^[A-Za-z_]\w*=", words[0]):
            name, _, value = words[0].partition("=")
            context = context._replace(env=(*context.env, (name, value)))
            words = words[1:]
        if not words:
            return []
        if words[0] in ("$@", "${@}", "$*", "$1") and context.args:
            path, line = context.args_from if context.args_from[0] else (context.path, context.line)
            return self.words(
                (*context.args, *words[1:]),
                context._replace(args=(), path=path, line=line, depth=context.depth + 1),
            )
        program = words[0].rpartition("/")[2]
        for follow in (
            self._run_all,
            self._shell_program,
            self._wait,
            self._runner,
            self._package_script,
            self._make,
            self._script,
        ):
            if (made := follow(program, words, context)) is not None:
                return made
        return [self._step(words, context)]

    @staticmethod
    def _step(words: tuple[str, ...], context: Context) -> Step:
        return Step(
            words,
            context.path,
            context.line,
            context.env,
            context.exec,
            context.background,
            context.loop,
            context.last,
            context.through,
            context.optional,
            context.via,
        )

    def _shell_program(
        self, program: str, words: tuple[str, ...], context: Context
    ) -> list[Step] | None:
        shell = SHELLS.get(program)
        if not shell:
            return [] if program in ("source", ".") and len(words) < 2 else None
        rest = list(words[1:])
        while rest and rest[0].startswith("-"):
            flag = rest.pop(0)
            if not flag.startswith("--") and "c" in flag:
                text = rest[0] if rest else ""
                return self.shell(
                    text,
                    context._replace(args=tuple(rest[1:]), args_from=(context.path, context.line)),
                    shell,
                    inline=True,
                )
            if flag in ("-o", "-O") and rest:
                rest.pop(0)
        if not rest:
            return [self._step(words, context)]
        if WAITERS.search(rest[0]):
            return self._wait(
                rest[0].rpartition("/")[2],
                tuple(rest),
                context._replace(through=(*context.through, shell)),
            )
        return self._script(rest[0].rpartition("/")[2], tuple(rest), context, shell)

    def _wait(self, program: str, words: tuple[str, ...], context: Context) -> list[Step] | None:
        if not WAITERS.search(words[0]) or (program == "wait" and len(words) == 1):
            return None
        made = [self._step(words, context._replace(last=False))]
        if "--" in words:
            inner = words[words.index("--") + 1 :]
            made += self.words(inner, context._replace(depth=context.depth + 1))
        elif program == "dockerize":
            index = 1
            while index < len(words) and words[index].startswith("-"):
                index += 1 if "=" in words[index] else 2
            made += self.words(words[index:], context._replace(depth=context.depth + 1))
        return made

    def _runner(self, program: str, words: tuple[str, ...], context: Context) -> list[Step] | None:  # noqa: C901 - a list of cases
        operands = 0
        rest = list(words[1:])
        if (program, rest[0] if rest else "") in RUN_WORDS:
            rest = rest[1:]
        elif program in RUNNERS:
            operands = RUNNERS[program]
        elif program == "dotenv" and "--" in rest:
            rest = rest[rest.index("--") :]
        elif program == "honcho" and rest[:1] == ["run"]:
            rest = rest[1:]
        else:
            return None
        while rest and (rest[0].startswith("-") or re.match(r"^[A-Za-z_]\w*=", rest[0])):
            flag = rest.pop(0)
            if flag == "--":
                break
            if re.match(r"^[A-Za-z_]\w*=", flag):
                name, _, value = flag.partition("=")
                context = context._replace(env=(*context.env, (name, value)))
            elif (
                flag in VALUED
                and rest
                and program not in ("npx", "dumb-init")
                and "=" not in flag
                and program != "s6-setlock"
            ):
                rest.pop(0)
        inner = tuple(rest[operands:])
        if program == "nohup":
            return [
                self._step(words, context),
                *self.words(inner, context._replace(depth=context.depth + 1)),
            ]
        if not inner:
            return [] if program == "exec" else [self._step(words, context)]
        return self.words(
            inner, context._replace(depth=context.depth + 1, exec=context.exec or program == "exec")
        )

    def _package_script(
        self, program: str, words: tuple[str, ...], context: Context
    ) -> list[Step] | None:
        if program not in ("npm", "yarn", "pnpm", "bun"):
            return None
        rest = [word for word in words[1:] if not word.startswith("-")]
        if program == "npm" and rest[:1] not in (["run"], ["run-script"], ["start"], ["test"]):
            return None
        name = (
            rest[1]
            if rest[:1] in (["run"], ["run-script"]) and len(rest) > 1
            else (rest[0] if rest else "")
        )
        package = self._package(context.folder, name)
        if not package:
            if program == "npm" and name == "start" and self.npm:
                return [
                    self._step(
                        ("node", "server.js"), context._replace(through=(*context.through, program))
                    )
                ]
            return None
        key = f"{package}:{name}"
        if key in context.seen:
            return []
        made: list[Step] = []
        for one in (f"pre{name}", name):
            if one in self.npm[package]:
                text, line = self.npm[package][one]
                inner = context._replace(
                    path=package,
                    line=line,
                    via=(*context.via, (context.path, context.line)),
                    through=(*context.through, program),
                    seen=context.seen | {key},
                    folder=package.rpartition("/")[0],
                    exec=False,
                )
                made += [
                    step._replace(line=line) if step.path == package else step
                    for step in self.shell(text, inner, "", inline=True)
                ]
        return made

    def _run_all(self, program: str, words: tuple[str, ...], context: Context) -> list[Step] | None:
        """``npm-run-all a b``, ``run-s a b`` and ``run-p a b``: several scripts, one after another or at once."""
        if program not in ("npm-run-all", "run-s", "run-p", "npm-run-all2"):
            return None
        parallel = program == "run-p" or bool({"--parallel", "-p"} & set(words))
        made: list[Step] = [self._step(words, context)] if parallel else []
        for name in (word for word in words[1:] if not word.startswith("-")):
            inner = context._replace(depth=context.depth + 1, background=parallel)
            made += self._package_script("npm", ("npm", "run", name), inner) or []
        return made

    def _make(self, program: str, words: tuple[str, ...], context: Context) -> list[Step] | None:
        """``make run``: make hands signals on, so it is nothing in front."""
        named = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
        path = self.find("Makefile", context.folder) if program in ("make", "gmake") else ""
        lines = recipe(self.read(path), named[0]) if path and len(named) == 1 else None
        key = f"{path}:{named[0]}" if named else ""
        if lines is None or key in context.seen:
            return None
        inner = context._replace(
            path=path, seen=context.seen | {key}, depth=context.depth + 1, exec=False, folder=path.rpartition("/")[0],
            via=(*context.via, (context.path, context.line)),
        )  # fmt: skip
        made: list[Step] = []
        for text, line in lines:
            made += self.shell(text, inner._replace(line=line), "", inline=True)
        return made

    def _package(self, folder: str, name: str) -> str:
        while True:
            path = f"{folder}/package.json" if folder else "package.json"
            if name in self.npm.get(path, {}):
                return path
            if not folder:
                break
            folder = folder.rpartition("/")[0]
        owners = [path for path, scripts in self.npm.items() if name in scripts]
        return owners[0] if len(owners) == 1 else ""

    def _script(
        self, program: str, words: tuple[str, ...], context: Context, shell: str = ""
    ) -> list[Step] | None:
        if program in ("source", ".") and len(words) > 1:
            words, program = words[1:], words[1].rpartition("/")[2]
        path = self.find(words[0], context.folder)
        if not path or path in context.seen:
            return None
        text = self.read(path)
        first = text.split("\n", 1)[0]
        if not shell:
            if not (
                program.endswith((".sh", ".bash")) or re.search(r"^#!.*\b(ba|da|a|z)?sh\b", first)
            ):
                return None
            shell = "bash" if re.search(r"\b(ba|z)sh\b", first) else "sh"
        self.entered.add(path)
        inner = context._replace(
            path=path,
            line=1,
            args=words[1:],
            args_from=(context.path, context.line),
            seen=context.seen | {path},
            depth=context.depth + 1,
            via=(*context.via, (context.path, context.line)),
        )
        return self.shell(text, inner, shell, inline=False)

    def find(self, word: str, folder: str = "") -> str:
        """The file of the tree that a word in a command means, by the longest tail that is there."""
        if "$" in word or not word or word.startswith("-"):
            word = re.sub(r"^\$\{?\w+\}?/", "", word)
            if "$" in word or not word or word.startswith("-"):
                return ""
        pieces = [piece for piece in word.split("/") if piece not in ("", ".", "..")]
        if not pieces:
            return ""
        if folder and f"{folder}/{'/'.join(pieces)}" in self.paths:
            return f"{folder}/{'/'.join(pieces)}"
        if "/".join(pieces) in self.paths:
            return "/".join(pieces)
        if "." not in pieces[-1] and "/" not in word:
            return ""
        owners = self.by_name.get(pieces[-1], [])
        best = sorted(
            owners,
            key=lambda path: (
                -_tail(path.split("/"), pieces),
                not path.startswith(folder),
                len(path),
                path,
            ),
        )
        return best[0] if best and ("/" in word or "." in pieces[-1]) else ""


def _tail(path: list[str], pieces: list[str]) -> int:
    count = 0
    for one, other in zip(reversed(path), reversed(pieces), strict=False):
        if one != other:
            break
        count += 1
    return count
