"""What the runners' trials say: `twelve up` against the bars, and all of them in tables."""

from typing import Any

from bench.reading import NOTHING, Curve, Figure, Reading, Table, at_least, at_most, none_of, number

LINES = ("lines_1", "lines_8", "lines_8_cut")
CROWD = (1, 20, 100)


def read(found: dict) -> Reading:
    about, trials = found["runners"], found["found"]
    titles = {name: row["title"] for name, row in about.items()}
    tables = [throughput(titles, trials), latency(titles, trials), behaviour(titles, trials)]
    tables.append(memory(titles, trials))
    absent = [(name, why) for name, why in found["absent"].items()]
    if absent:
        tables.append(Table("Absent", ("program", "why"), absent))
    return Reading(bars(trials), tables, curves(titles, trials))


def part(trials: dict, runner: str, trial: str) -> dict[str, Any]:
    """A trial's findings; nothing when it failed or was not made."""
    row = trials.get(runner, {}).get(trial) or {}
    return {} if "error" in row else row


def median(trials: dict, runner: str, trial: str, key: str = "") -> float | None:
    row = part(trials, runner, trial)
    row = (row.get(key) or {}) if key else row
    return row.get("median")


def bars(trials: dict) -> list[Figure]:
    if "twelve" not in trials:
        return []
    own, other = (
        median(trials, "twelve", "start", "byte"),
        median(trials, "honcho", "start", "byte"),
    )
    ratio = round(own / other, 2) if own and other else None
    figures = [at_most("exec → first byte, `twelve up`, beside honcho", ratio, "times", 0.6)]
    for trial, what in (("lines_1", "one process"), ("lines_8", "eight processes")):
        each = part(trials, "twelve", trial).get("per_cpu_second")
        figures.append(
            at_least(f"`twelve up` to a pipe, {what}, all its CPU", each, "lines/CPU s", 1e6)
        )
    rows = [part(trials, "twelve", trial) for trial in (*LINES, "burst")]
    for what in ("lost", "torn", "twice"):
        known = [row.get(what) for row in rows]
        total = None if None in known else sum(known)
        figures.append(
            none_of(
                f"`twelve up`: lines {what}, also cut in mid-line and in a burst at exit", total
            )
        )
    grown = part(trials, "twelve", "slow_reader").get("grown_mb")
    figures.append(
        at_most("`twelve up`: growth while its reader stands still for 6 s", grown, "MB", 5.0)
    )
    grown = part(trials, "twelve", "slow_reader").get("caught_up_mb")
    figures.append(at_most("and while it takes what it missed", grown, "MB", 5.0))
    done = part(trials, "twelve", "slow_reader").get("process_done")
    figures.append(Figure("and the process is not held up", done, "", "yes", bool(done)))
    left = [
        part(trials, "twelve", trial).get("left") for trial in ("stop_20", "deaf", "grandchild")
    ]
    figures.append(
        none_of("`twelve up`: processes left after a stop", None if None in left else sum(left))
    )
    return figures


def judged(row: dict) -> str:
    if not row:
        return NOTHING
    mark = "" if row.get("why") in ("all", None) else f" ({row['why']})"
    return f"{row.get('lost')} / {row.get('torn')} / {row.get('twice')}{mark}"


def throughput(titles: dict, trials: dict) -> Table:
    head = ("runner", "lines/CPU s, 1 process", "8 processes", "cut in mid-line", "lines/s, 1 process",
            "lost / torn / twice: 1", "8", "cut", "burst at exit")  # fmt: skip
    rows = []
    for name, title in titles.items():
        found = [part(trials, name, trial) for trial in LINES]
        if not any(found):
            continue
        speed = [number(row.get("per_cpu_second")) for row in found]
        faults = [judged(row) for row in (*found, part(trials, name, "burst"))]
        rows.append((title, *speed, number(found[0].get("per_second")), *faults))
    return Table("Lines of 100 bytes", head, rows)


def latency(titles: dict, trials: dict) -> Table:
    head = (
        "runner",
        "exec → process",
        "exec → first byte",
        "restart after `kill -9`",
        "stop of 20",
        "left of 20",
    )
    rows = []
    for name, title in titles.items():
        times = [
            median(trials, name, "start", "child"),
            median(trials, name, "start", "byte"),
            median(trials, name, "restart"),
            median(trials, name, "stop_20", "ms"),
        ]
        rows.append((title, *map(number, times), number(part(trials, name, "stop_20").get("left"))))
    return Table("Time, ms: medians", head, rows)


def behaviour(titles: dict, trials: dict) -> Table:
    head = ("runner", "deaf process: runner gone after, ms", "process left", "grandchild left",
            "alive after `kill -9` of the runner", "slow reader: growth, MB", "process held up")  # fmt: skip
    rows = []
    for name, title in titles.items():
        deaf, slow = part(trials, name, "deaf"), part(trials, name, "slow_reader")
        alive = part(trials, name, "killed").get("alive")
        rows.append(
            (
                title,
                "never" if deaf and deaf["ms"] is None else number(deaf.get("ms")),
                number(deaf.get("left")),
                number(part(trials, name, "grandchild").get("left")),
                NOTHING if alive is None else ", ".join(alive) or "none",
                number(slow.get("grown_mb")),
                number(not slow["process_done"]) if slow else NOTHING,
            )
        )
    return Table("What happens when things go wrong", head, rows)


def memory(titles: dict, trials: dict) -> Table:
    head = (
        "runner",
        *(f"{count}, MB (processes)" for count in CROWD),
        "idle CPU at the most, %",
        "all started, ms",
    )
    rows = []
    for name, title in titles.items():
        found = [part(trials, name, f"crowd_{count}") for count in CROWD]
        if not any(found):
            continue
        cells = [f"{row['pss_mb']} ({row['processes']})" if row else NOTHING for row in found]
        last = [row for row in found if row][-1]
        rows.append(
            (title, *cells, number(last.get("idle_cpu_percent")), number(last["all_started_ms"]))
        )
    return Table("Memory of the runner and its helpers with idle processes, PSS", head, rows)


def curves(titles: dict, trials: dict) -> list[Curve]:
    speed = {titles[name]: part(trials, name, "lines_1").get("per_cpu_second") for name in titles}
    begin = {titles[name]: median(trials, name, "start", "byte") for name in titles}
    grown = {
        titles[name]: [
            (count, row["pss_mb"])
            for count in CROWD
            if (row := part(trials, name, f"crowd_{count}"))
        ]
        for name in titles
    }
    return [
        Curve("runners-lines.svg", "Lines through a runner, one process", "lines per CPU second, log", "",
              bars={name: each for name, each in speed.items() if each}, log=True),
        Curve("runners-start.svg", "From exec to the first byte", "ms", "",
              bars={name: each for name, each in begin.items() if each}),
        Curve("runners-memory.svg", "Memory of a runner and its helpers", "processes", "PSS, MB, log",
              {name: points for name, points in grown.items() if points}, log=True),
    ]  # fmt: skip
