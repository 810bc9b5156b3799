"""What of this machine a build stands on: interpreters, package managers, system packages."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from twelve.engines.local.build.interpreters import Interpreter, Node, find_node, find_python
from twelve.engines.local.build.node_managers import with_manager
from twelve.engines.local.build.system import check_packages
from twelve.factors.dependencies.machine.versions import overruled
from twelve.factors.dependencies.plan import BuildPlan


def equip(
    plan: BuildPlan, pythons: Sequence[str], environ: Mapping[str, str], memory: Path
) -> tuple[Interpreter | None, Node | None]:
    """Find what the plan asks for. Raises Missing, naming what is not there."""
    check_packages(plan.packages, environ)
    python = node = None
    if plan.python:
        asked = plan.python
        python = find_python(asked.request, pythons, environ, memory, asked.others)
    if plan.node:
        node = find_node(plan.node.request, environ, memory)
        node = with_manager(node, plan.node.manager, environ)
    return python, node


def disagreements(
    plan: BuildPlan, python: Interpreter | None, node: Node | None
) -> tuple[str, ...]:
    """Tell which files ask for another interpreter than the one that was chosen."""
    said: tuple[str, ...] = ()
    if plan.python and python:
        said += overruled(python.version, plan.python.request, plan.python.others, "Python")
    if plan.node and node:
        said += overruled(node.version, plan.node.request, plan.node.others, "Node")
    return said
