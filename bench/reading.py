"""What the figures of a part are called, and the bars that they are held against."""

from typing import Any, NamedTuple

NOTHING = "\N{EN DASH}"


class Figure(NamedTuple):
    """One number, and whether it holds where there is a bar."""

    what: str
    value: Any
    unit: str = ""
    bar: str = ""
    holds: bool | None = None


class Table(NamedTuple):
    """Rows beside each other."""

    title: str
    head: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class Curve(NamedTuple):
    """A drawing: `lines` of points by name, or `bars` by name."""

    file: str
    title: str
    x: str
    y: str
    lines: dict[str, list[tuple[float, float]]] = {}  # noqa: RUF012 - nobody changes it
    bars: dict[str, float] = {}  # noqa: RUF012 - likewise
    log: bool = False


class Reading(NamedTuple):
    """Everything that a part has to say."""

    figures: list[Figure]
    tables: list[Table] = []  # noqa: RUF012 - nobody changes it
    curves: list[Curve] = []  # noqa: RUF012 - likewise


def at_most(what: str, value: float | None, unit: str, bar: float) -> Figure:
    return Figure(
        what, value, unit, f"≤ {number(bar)} {unit}".strip(), value is not None and value <= bar
    )


def at_least(what: str, value: float | None, unit: str, bar: float) -> Figure:
    return Figure(
        what, value, unit, f"≥ {number(bar)} {unit}".strip(), value is not None and value >= bar
    )


def none_of(what: str, value: int | None) -> Figure:
    return Figure(what, value, "", "0", value == 0)


def number(value: Any) -> str:
    """As people read it."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    if abs(value) >= 1e6:
        return f"{value / 1e6:.2f} M"
    if abs(value) >= 10_000:
        return f"{value / 1e3:.0f} k"
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"


# One reader a part: from what its program printed.


def plain(found: dict) -> Reading:
    """Every number, without a bar."""
    return Reading(
        [Figure(name, value) for name, value in found.items() if isinstance(value, int | float)]
    )


def cli_start(found: dict) -> Reading:
    return Reading(
        [
            at_most(
                f"`twelve {name}, CPU beside a bare interpreter",
                found["times"][part],
                "times",
                bar,
            )
            for part, name, bar in (("help", "--help`", 8.0), ("ps", "ps` with 20 processes", 12.0))
        ]
    )


def collector(found: dict) -> Reading:
    figures = []
    for row in found["rows"]:
        if row["burst"] or row["follower"] == "json":
            continue
        writers = f"{row['writers']} writer{'s' * (row['writers'] > 1)} of {row['chunk']} bytes"
        each = row["lines_per_cpu_second"]
        if row["follower"] is None:
            what, bar = f"collector, {writers}, nobody follows", 4e6
        else:
            what, bar = f"collector, {writers}, followed", 2.5e6
        figures.append(at_least(what, each, "lines/CPU s", bar))
        if row["follower"]:
            what, each = f"with its follower, {writers}", row["lines_per_cpu_second_together"]
            figures.append(at_least(what, each, "lines/CPU s", 1e6))
    every = "all rows, their followers' files, a burst at exit"
    figures += [
        none_of(f"lines {what} in {every}", sum(row[what] for row in found["rows"]))
        for what in ("lost", "torn", "twice")
    ]
    head = ("writers", "bytes a write", "follower", "lines/CPU s", "with the follower's", "PSS, MB")
    rows = [
        (
            f"{row['writers']}, a burst at exit" if row["burst"] else row["writers"],
            row["chunk"],
            row["follower"] or NOTHING,
            row["lines_per_cpu_second"],
            row["lines_per_cpu_second_together"],
            round(row["pss_kb"] / 1000, 1),
        )
        for row in found["rows"]
    ]
    return Reading(figures, [Table("Collector, lines of 100 bytes", head, rows)])


def follow(found: dict) -> Reading:
    each = found["lines_per_cpu_second"]
    figures = [
        at_least("`twelve logs -f` to a file, all of Twelve's CPU", each, "lines/CPU s", 1e6),
        *(none_of(f"lines {what} in that file", found[what]) for what in ("lost", "torn", "twice")),
    ]
    rows = list(found["cpu_s"].items())
    return Reading(figures, [Table("CPU seconds of the parts", ("part", "s"), rows)])


def stalled(found: dict) -> Reading:
    whens = (
        ("asleep", f"while a reader sleeps {found['seconds']:g} s"),
        ("later", "while they catch up"),
    )
    figures = [
        at_most(f"{name}: growth {what}", row[when], "MB", 5.0)
        for when, what in whens
        for name, row in found["memory"].items()
    ]
    for name in ("within", "beyond"):
        row = found[name]
        what = f"slowest write of an app, {name} retention"
        figures.append(at_most(what, round(row["worst write s"] * 1000, 1), "ms", 500.0))
        for reader in ("follower", "drain"):
            heard = row[reader]
            figures.append(none_of(f"{reader}, {name} retention: lines twice", heard["twice"]))
            if name == "within":
                missed = row["printed"] - heard["lines"]
                figures.append(none_of(f"{reader}, {name} retention: lines missed", missed))
            else:
                text = (
                    f"{reader}, {name} retention: gaps told, {number(heard['missing bytes'])} bytes"
                )
                figures.append(Figure(text, heard["gaps"]))
            what = f"{reader}, {name} retention: bytes neither heard nor told"
            figures.append(none_of(what, heard["untold bytes"]))
    return Reading(figures)


def flood(found: dict) -> Reading:
    quiet, loud = found["quiet"], found["flood"]
    failed = int(quiet["failed"] + loud["failed"])
    head = ("neighbour", "p50, ms", "p99, ms", "worst, ms")
    rows = [
        (what, row["p50_ms"], row["p99_ms"], row["worst_ms"])
        for what, row in (("rests", quiet), ("floods", loud))
    ]
    return Reading(
        [
            none_of("requests failed at 50/s beside a flood", failed),
            Figure(
                "median answer beside the flood",
                round(loud["p50_ms"] / quiet["p50_ms"], 2),
                "times",
            ),
            Figure("the flood, taken in whole", found["lines_per_second"], "lines/s"),
        ],
        [Table("An app beside another's flood of lines", head, rows)],
    )


def neighbours(found: dict) -> Reading:
    rows = found["rows"]
    rests = rows["rests"]
    head = ("neighbour", "p50, ms", "p99, ms", "worst, ms", "`ps`, ms")
    keys = ("p50_ms", "p99_ms", "worst_ms", "ps_ms")
    figures = [
        none_of(
            f"requests failed at {found['rate']}/s beside a neighbour that wants everything",
            int(sum(row["failed"] for row in rows.values())),
        )
    ]
    figures += [
        Figure(f"p99 beside {name}", round(row["p99_ms"] / rests["p99_ms"], 2), "times")
        for name, row in rows.items()
        if name != "rests"
    ]
    table = [(name, *(row[key] for key in keys)) for name, row in rows.items()]
    return Reading(figures, [Table("An app beside another that wants everything", head, table)])


def restart(found: dict) -> Reading:
    bar = 50.0 if found["tier"] == "strict" else 20.0
    return Reading(
        [
            at_most(
                f"first restart of a killed worker, tier {found['tier']}",
                found["median_ms"],
                "ms",
                bar,
            ),
            Figure("the slowest of them", found["worst_ms"], "ms"),
            Figure("of supervisor, init and app until exec, CPU", found["cpu_ms"], "ms"),
        ]
    )


def stop(found: dict) -> Reading:
    what = f"{found['processes']} processes that exit at once on TERM, all gone"
    return Reading(
        [
            at_most(what, found["median_ms"], "ms", 100.0),
            Figure("the slowest of them", found["worst_ms"], "ms"),
        ]
    )


def router(found: dict) -> Reading:
    return Reading(
        [
            at_most("router killed, accepting again", found["kill_to_answer"], "ms", 500.0),
            Figure("the slowest of 5", found["kill_to_answer_worst"], "ms"),
            none_of(
                "answers of a release not counted any more", found["answers_uncounted_after_kills"]
            ),
            none_of(
                f"failed of {found['handover_asked']} while the next router took over 3 times",
                found["handover_failed"],
            ),
            none_of("former routers that did not end", found["handover_lives_left"]),
            Figure("the next router takes over", found["handover"], "ms"),
            Figure("a switch of routes", found["switch"], "ms"),
            Figure("router's PSS", found["pss_mib"], "MiB"),
        ]
    )


def hop(found: dict) -> Reading:
    names = {
        "direct": "direct",
        "twelve": "Twelve's router",
        "nginx": "nginx",
        "haproxy": "HAProxy",
    }
    way, pressed = found["median_ms"], found["pressed"]
    figures = [
        Figure(
            f"the hop of {names[name]}", round((way[name] - way["direct"]) * 1000), "µs a request"
        )
        for name in way
        if name != "direct"
    ]
    figures.append(none_of("requests that failed", sum(row["failed"] for row in pressed.values())))
    head = (
        "way",
        "median, one connection, ms",
        "requests/s, 16 connections",
        "p50, ms",
        "p99, ms",
        "CPU, µs",
    )
    rows = [
        (
            names[name],
            way[name],
            pressed[name]["per_second"],
            pressed[name]["p50_ms"],
            pressed[name]["p99_ms"],
            pressed[name]["cpu_us"] or NOTHING,
        )
        for name in way
    ]
    bars = {names[name]: pressed[name]["cpu_us"] for name in way if name != "direct"}
    drawn = Curve("hop-cpu.svg", "A proxy's own CPU for a request", "µs", "", bars=bars)
    return Reading(figures, [Table("The hop", head, rows)], [drawn])


def redeploy(found: dict) -> Reading:
    boot = found["boot_s"]
    figures = [
        Figure("redeploy, until the old release answers no more", found["redeploy_served_s"], "s"),
        Figure("redeploy, the command", found["redeploy_command_s"], "s"),
        Figure("rollback, until the old release answers no more", found["rollback_served_s"], "s"),
        Figure("rollback, the command", found["rollback_command_s"], "s"),
        Figure("the app's own boot without Twelve", boot, "s"),
        Figure("redeploy beside the boot", round(found["redeploy_served_s"] / boot, 2), "times"),
        Figure("`kill -9` of the only web process, serving again", found["crash_s"], "s"),
        none_of("requests failed at 50/s meanwhile", found["failed_requests"]),
    ]
    return Reading(figures)


def idle_memory(found: dict) -> Reading:
    names = ("sum", "control", "supervisor", "collector", "router", "inits")
    return Reading([Figure(f"PSS of {name}", found[name], "MB") for name in names if name in found])


def under_load(found: dict) -> Reading:
    return Reading(
        [
            none_of("requests failed, ten changes at 100/s", found["failed"]),
            Figure(
                "orders executed",
                found["executed"],
                "",
                str(found["posts"]),
                found["executed"] == found["posts"],
            ),
            Figure(
                "a request of 20 s from before",
                found["long_request"],
                "",
                "whole",
                found["long_request"],
            ),
            Figure("worst answer", found["worst_ms"], "ms"),
        ]
    )


def many(found: dict) -> Reading:
    steps = found["steps"]
    last = steps[-1]
    crowd = f"{last['apps']} apps, {last['processes']} processes"
    figures = [
        at_most(f"`ps` with {crowd}", last["ps_ms"], "ms", 200.0),
        at_most(f"`ps --all` with {crowd}", last["ps_all_ms"], "ms", 200.0),
        Figure(
            "`ps`: CPU of the command and of control",
            last["ps_cpu_ms"] + last["ps_control_cpu_ms"],
            "ms",
        ),
        at_most(
            f"{last['processes'] - last['apps'] // 2} idle workers and {last['apps'] // 2} probed webs:"
            " control, supervisor, collector",
            found["idle"]["own"],
            "% of a core",
            1.0,
        ),
        Figure("idle: router", found["idle"]["router"], "% of a core"),
    ]
    for step in steps:
        if step["processes"] == 100:
            held = round(step["supervisor_pss_mb"] + step["collector_pss_mb"], 1)
            figures.append(
                at_most("supervisor and collector at 100 processes, PSS", held, "MB", 30.0)
            )
            figures.append(at_most("an init at 100 processes, PSS", step["init_pss_mb"], "MB", 0.5))
    keys = ("apps", "processes", "redeploy_s", "ps_ms", "apps_ms", "control_pss_mb", "supervisor_pss_mb",
            "collector_pss_mb", "router_pss_mb", "init_pss_mb")  # fmt: skip
    head = ("apps", "processes", "redeploy, s", "`ps`, ms", "`apps`, ms", "control, MB", "supervisor, MB",
            "collector, MB", "router, MB", "an init, MB")  # fmt: skip
    rows = [tuple(step[key] for key in keys) for step in steps]
    memory = {
        name: [(step["processes"], step[f"{name}_pss_mb"]) for step in steps]
        for name in ("control", "supervisor", "collector", "router")
    }
    firsts = [(number + 1, took) for number, took in enumerate(found["first_deploys_s"])]
    curves = [
        Curve("many-memory.svg", "Memory of Twelve's parts", "processes", "PSS, MB", memory),
        Curve("many-deploys.svg", "First deploy of each app, one after the other", "apps", "s",
              {"first deploy": firsts}),
    ]  # fmt: skip
    return Reading(figures, [Table("Many apps on one home", head, rows)], curves)


def killed_web(found: dict) -> Reading:
    get, post = found["get"], found["post"]
    return Reading(
        [
            none_of(f"GETs that failed, of {get['sent']}, {get['kills']} kills", get["failed"]),
            at_most(
                f"POSTs that failed, of {post['sent']}, {post['kills']} kills",
                post["failed"],
                "",
                post["in_flight_at_kills"],
            ),
            none_of("POSTs that were executed twice", found["posts_executed_twice"]),
            none_of("POSTs that were answered and not executed", found["posts_lost"]),
            at_most("back in rotation after its first answer", get["back_ms"], "ms", 1000.0),
            Figure("the slowest of them", get["slowest_back_ms"], "ms"),
            Figure("from the kill to its first answer", get["boot_ms"], "ms"),
        ]
    )
