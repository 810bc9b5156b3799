"""The whole description under fuzz: no call, however odd, meets a fault of ours.

For each call schemathesis makes cases that fit its description and cases that do not. Every answer
must be one that is described, of the described shape; what does not fit must be refused; every
refusal has a code, a message and a next step. ``TWELVE_FUZZ`` sets the cases of each call.
"""

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi import checks
from tests.api.worlds import Door, open_door

from twelve.api.handlers import ROWS
from twelve.api.openapi import describe
from twelve.store import apps

CASES = int(os.environ.get("TWELVE_FUZZ", "20"))

NAMES = {"app": "shop", "deploy": "production", "number": "v1", "before": "v1", "after": "v1"}
"""Half of the cases name what is there: else most would end at a name that nothing has."""

HELD = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
    checks.missing_required_header,
]

schema = schemathesis.openapi.from_dict(describe(ROWS))
schema.config.generation.update(modes=list(schemathesis.GenerationMode))


@schema.hook("map_path_parameters")
def name_what_is_there(_: Any, given: dict[str, Any] | None) -> dict[str, Any] | None:
    if not given or len(str(given)) % 2:
        return given
    return {name: NAMES.get(name, text) for name, text in given.items()}


@schemathesis.serializer("application/x-tar")
def send_as_it_is(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


class Served:
    """The API on a port of loopback, in a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.door: Future[Door] = Future()
        self.end: asyncio.Event
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve()))
        self.asked = 0

    async def serve(self) -> None:
        self.loop, self.end = asyncio.get_running_loop(), asyncio.Event()
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with open_door(self.folder, [listener]) as door:
            await door.deploy()
            self.door.set_result(door)
            await self.end.wait()

    def start(self) -> "Served":
        self.thread.start()
        self.door.result(30)
        return self

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.end.set)
        self.thread.join(30)

    def whole(self) -> None:
        """Deploy the shop anew when a case took it away."""
        asyncio.run_coroutine_threadsafe(self.renew(), self.loop).result(30)

    async def renew(self) -> None:
        door = self.door.result()
        found = apps.find_deploy(door.world.store, "shop", "production")
        if not found or not found.current:
            await door.deploy()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    server = Served(tmp_path_factory.mktemp("fuzz") / "home").start()
    yield server
    server.stop()
    print(f"{server.asked} cases")


@schema.parametrize()
@settings(
    max_examples=CASES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_case_meets_a_fault_of_ours(case: schemathesis.Case, served: Served):
    served.whole()
    served.asked += 1
    answer = case.call(base_url=served.url, timeout=30)
    case.validate_response(answer, checks=[schemathesis.checks.not_a_server_error, *HELD])
    if answer.status_code >= 400:
        error = answer.json()["error"]
        assert error["code"]
        assert error["message"]
        assert error["hint"], error
