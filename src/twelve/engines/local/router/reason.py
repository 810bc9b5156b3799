"""Why Envoy refuses a file: its counters say that it did, its validation says why."""

import asyncio
import json
import re
import tempfile
from typing import Any

from twelve.engines.local.router.pages import TYPE_URL

UNKNOWN = "no reason given"
_HCM = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "envoy.extensions.filters.http.router.v3.Router"


async def why_refused(program: str, document: str) -> str:
    """Envoy's sentence about a cds or rds document, asked of a second Envoy that only validates."""
    candidate = json.dumps(_static(json.loads(document)["resources"]))
    with tempfile.NamedTemporaryFile("w", suffix=".json", prefix="twelve-router-") as file:
        file.write(candidate)
        file.flush()
        words = ["--mode", "validate", "-l", "error", "--disable-hot-restart", "-c", file.name]
        try:
            process = await asyncio.create_subprocess_exec(
                program,
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            async with asyncio.timeout(10):
                said, _ = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            return UNKNOWN
        except OSError:
            return UNKNOWN
    return sentence(said.decode(errors="replace"))


def sentence(said: str) -> str:
    """The cause in what Envoy prints: the innermost of its nested errors, without its noise."""
    if found := re.search(r"Proto constraint validation failed \((.*)\)", said):
        return found[1].rpartition("caused by ")[2].rstrip(")")[:500]
    lines = [re.sub(r"^(\[[^]]*\]\s*)+", "", line).strip() for line in said.splitlines()]
    causes = [re.sub(r"^error initializing config\w* '[^']*':?\s*", "", line) for line in lines]
    return next((cause[:500] for cause in causes if cause), UNKNOWN)


def _static(found: list[dict[str, Any]]) -> dict[str, Any]:
    bare = [{name: value for name, value in one.items() if name != "@type"} for one in found]
    if "virtual_hosts" not in bare[0]:
        return {"static_resources": {"clusters": bare}}
    manager = {
        "@type": TYPE_URL + _HCM,
        "stat_prefix": "candidate",
        "route_config": {**bare[0], "validate_clusters": False},
        "http_filters": [{"name": "router", "typed_config": {"@type": TYPE_URL + _ROUTER}}],
    }
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    chain = {"filters": [{"name": "manager", "typed_config": manager}]}
    return {
        "static_resources": {
            "listeners": [{"name": "candidate", "address": address, "filter_chains": [chain]}]
        }
    }
