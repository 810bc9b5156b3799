"""Every key of twelve.toml: how it is read, and one sentence; twelve.example.toml shows them."""

from twelve.manifest import values as v
from twelve.manifest.table import Key

BUILD = (
    Key("hooks", v.commands, "Commands run at the end of a build, without config and network."),
    Key("collectstatic", v.flag, "Whether Django's collectstatic is run when it is set up."),
    Key("extras", v.texts, "Extras of the app's own project to install."),
    Key("groups", v.texts, "Dependency groups to install."),
    Key("member", v.text, "The member of a uv workspace that is the app."),
    Key("packages", v.texts, "System packages that must be on the machine."),
)

RELEASE = (
    Key("command", v.command, "Command run once for each release, before its processes start."),
)

PROCESS = (
    Key("command", v.command, "What the processes of the type execute."),
    Key("health", v.path, "Path that answers 2xx or 3xx when a process is well."),
    Key("ready", v.seconds, "How long a new process may take to become ready."),
    Key("settle", v.seconds, "A process without a port is ready when it has lived that long."),
    Key("quantity", v.quantity, "How many processes a new deploy starts with."),
    Key("grace", v.seconds, "Time between the stop signal and SIGKILL."),
    Key("drain", v.seconds, "How long requests under way may go on in an old release."),
    Key("idle", v.seconds, "A connection on which nothing moves is ended after that long."),
    Key("overlap", v.flag, "Whether old and new processes may run side by side during a deploy."),
    Key("route", v.flag, "Whether the router sends requests to the type."),
    Key("port", v.flag, "Whether the processes are given a PORT."),
    Key("liveness", v.flag, "Whether a process that stops answering is restarted."),
    Key("stop_signal", v.stop_signal, "The signal that asks a process to end."),
    Key("memory", v.memory, "Memory that one process may take."),
    Key("cpus", v.cpus, "Processors that one process may use."),
    Key("pids", v.count, "Processes and threads that one process may have."),
    Key("nofile", v.count, "Files and sockets that one process may have open."),
    Key("tmp", v.memory, "Room in the private /tmp."),
    Key("reload", v.reload_rule, "Which changed files start it anew in development."),
)

SCHEDULE = (
    Key("cron", v.cron, "When: minute, hour, day, month, weekday."),
    Key("command", v.command, "What is run."),
    Key("timezone", v.timezone, "Time zone of ``cron``."),
    Key("catch_up", v.flag, "Whether a run that was missed is run late."),
)

CONFIG = (
    Key("type", v.config_type, "str, int, float, bool or url."),
    Key("required", v.flag, "Whether a release is refused without it."),
    Key("secret", v.flag, "Whether its value must stay out of sight."),
    Key("generate", v.flag, "Whether a deploy that has none is given a random one."),
    Key("default", v.config_value, "What processes get where a deploy sets nothing."),
    Key("choices", v.config_values, "The values that it may have."),
    Key("build", v.config_value, "What build hooks see, when it has no default."),
    Key("description", v.text, "What it is for."),
)

TABLES: dict[str, tuple[Key, ...]] = {
    "build": BUILD,
    "release": RELEASE,
    "processes": PROCESS,
    "schedule": SCHEDULE,
    "config": CONFIG,
}
"""The tables of twelve.toml; ``app``, ``[apps]`` and ``[resources]`` stand beside them."""

TOP = ("app", "apps", "build", "release", "processes", "schedule", "config", "resources")
