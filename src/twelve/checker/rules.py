"""All rules, written down in the order of the methodology."""

from twelve.errors import Usage
from twelve.factors.admin.check import RULES as ADMIN
from twelve.factors.codebase.check import RULES as CODEBASE
from twelve.factors.concurrency.check import RULES as CONCURRENCY
from twelve.factors.config.check import RULES as CONFIG
from twelve.factors.dependencies.check import RULES as DEPENDENCIES
from twelve.factors.lifecycle.check import RULES as LIFECYCLE
from twelve.factors.logs.check import RULES as LOGS
from twelve.factors.parity.check import RULES as PARITY
from twelve.factors.ports.check import RULES as PORTS
from twelve.factors.processes.check import RULES as PROCESSES
from twelve.factors.releases.check import RULES as RELEASES
from twelve.factors.resources.check import RULES as RESOURCES
from twelve.picture.rule import Rule

ROOM_RULES: dict[str, tuple[Rule, ...]] = {
    "codebase": CODEBASE,
    "dependencies": DEPENDENCIES,
    "config": CONFIG,
    "resources": RESOURCES,
    "releases": RELEASES,
    "processes": PROCESSES,
    "ports": PORTS,
    "concurrency": CONCURRENCY,
    "lifecycle": LIFECYCLE,
    "parity": PARITY,
    "logs": LOGS,
    "admin": ADMIN,
}

RULES: tuple[Rule, ...] = tuple(rule for room in ROOM_RULES.values() for rule in room)

ROOM_OF: dict[str, str] = {rule.id: room for room, rules in ROOM_RULES.items() for rule in rules}


def rule(rule_id: str) -> Rule:
    """The rule of one requirement."""
    for one in RULES:
        if one.id == rule_id:
            return one
    raise Usage(
        f"{rule_id} is no requirement that reading can judge",
        f"one of {', '.join(one.id for one in RULES[:4])} …",
    )
