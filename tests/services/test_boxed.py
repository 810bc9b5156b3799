"""The servers in the real sandbox, kept by the real supervisor."""

import asyncio
import os
import signal
import tempfile

import pytest
from tests.services.worlds import account, free_port

from twelve.engines.local.supervisor_client import Supervisor, ensure_supervisor
from twelve.services.contract import Done, Place, wait_ready
from twelve.services.files import new_password
from twelve.services.postgres import Postgres
from twelve.services.run import run_here
from twelve.services.valkey import Valkey

pytestmark = [pytest.mark.live, pytest.mark.anyio]


class Boxed:
    """Runs commands as the engine does: in their box, by the supervisor."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor

    async def __call__(self, command):
        if command.box["tier"] == "bare":
            return await run_here(command)
        launch = {
            "name": "twelve/step.1@-",
            "argv": list(command.argv),
            "env": command.env,
            "cwd": command.cwd,
            "stdin": "null",
            "logs": {"dir": "logs/twelve/platform/step", "budget": 1 << 20, "age": 60.0},
            "restart": {"mode": "never"},
            "grace": 30.0,
            "stop_signal": "SIGTERM",
            "notify": False,
            "box": command.box,
        }
        since = (await self.supervisor.hello())["since"]
        await self.supervisor.start(launch)
        code = await self.until_gone(launch["name"], since)
        return Done(-1 if code is None else code, "")

    async def until_gone(self, name, since):
        code = None
        async for event in self.supervisor.events(since):
            if event.get("name") == name and event["event"] == "exited":
                code = event["code"]
            if event.get("name") == name and event["event"] == "gone":
                return code
        return code

    async def find(self, name):
        return next(one for one in await self.supervisor.list() if one["name"] == name)


@pytest.fixture
async def boxed():
    with tempfile.TemporaryDirectory(prefix="tw-", dir="/tmp") as base:
        os.chmod(base, 0o711)
        os.makedirs(f"{base}/run", 0o711)
        os.makedirs(f"{base}/home/services", 0o711)
        supervisor = await ensure_supervisor(f"{base}/run", f"{base}/home")
        runner = Boxed(supervisor)
        runner.base = base
        yield runner
        for one in await supervisor.list():
            if one["state"] != "exited":
                since = (await supervisor.hello())["since"]
                await supervisor.stop(one["name"])
                await runner.until_gone(one["name"], since)
        await supervisor.shutdown()


@pytest.mark.parametrize("server", [Postgres(), Valkey()], ids=["postgres", "valkey"])
async def test_a_killed_server_comes_back_by_itself_with_its_users(server, boxed):
    name = f"twelve/{server.kind}@-"
    folder, sockets = f"{boxed.base}/home/services/{server.kind}", f"{boxed.base}/run/s"
    place = Place(folder, sockets, free_port(), account())
    await server.prepare(place, boxed)
    await boxed.supervisor.start(server.launch(place))
    await wait_ready(server, place, 30)
    url = await server.create(place, "shop", new_password())
    before = await boxed.find(name)

    os.kill(before["app_pid"], signal.SIGKILL)
    async with asyncio.timeout(30):
        while (after := await boxed.find(name))["restarts"] == 0 or not after["app_pid"]:  # noqa: ASYNC110 -- asked, not told
            await asyncio.sleep(0.02)
    await wait_ready(server, place, 30)

    assert url.startswith(("postgresql://shop:", "redis://shop:"))
    assert after["app_pid"] != before["app_pid"]
    # The same user still is there, and is given another password.
    assert await server.create(place, "shop", new_password()) != url
