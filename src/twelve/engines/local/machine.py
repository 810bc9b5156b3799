"""The machine: where this home lives, its tier, and the budgets that launches carry."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from twelve.engines.local.disk import Budgets
from twelve.engines.local.sandbox.tiers import Tier
from twelve.factors.processes.instance import Instance

TMP_BYTES = 256 * 1024 * 1024
"""Of the private memory file system that holds a process's /tmp."""


class Machine(NamedTuple):
    """What every launch needs to know."""

    home: Path
    run: Path
    tier: Tier
    log_budget: int
    log_age: float
    environ: Mapping[str, str]
    """Control's own environment: interpreters are looked for with it; no app sees it."""
    budgets: Budgets = Budgets()

    def logs(self, instance: Instance) -> dict[str, Any]:
        """Where a process's lines go, and how much of them is kept."""
        owner = f"{instance.app}/{instance.deploy}"
        return {
            "dir": f"logs/{owner}/{instance.process}@{instance.tag}",
            "budget": self.log_budget,
            "age": self.log_age,
            "demux": False,
        }

    def box(
        self,
        uid: int | None,
        *,
        user: str,
        read: tuple[str, ...],
        write: tuple[str, ...] = (),
        network: bool = True,
        tmp: int | None = None,
        limits: Mapping[str, float] | None = None,
    ) -> dict[str, Any]:
        """What a process may see and use."""
        return {
            "tier": self.tier.name,
            "via": self.tier.via,
            "program": self.tier.program,
            "uid": uid,
            "gid": uid,
            "read": list(read),
            "write": list(write),
            "tmp": tmp or TMP_BYTES,
            "network": network or not self.tier.network,
            "limits": dict(limits or {}),
            "user": user,
        }
