"""The API on a real unix socket, over a house with the engine in memory."""

import asyncio
import base64
import contextlib
import json
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
from tests.operations.worlds import SHOP, World, tar

from twelve.api.call import Rooms
from twelve.api.ending import Ending
from twelve.api.progress import Operations
from twelve.api.server import bind, make_app, make_server

DEPLOY = "/v1/apps/shop/deploys/production"


class Door:
    """A client, and the world behind the door."""

    def __init__(
        self, world: World, rooms: Rooms, client: httpx2.AsyncClient, socket: Path
    ) -> None:
        self.world = world
        self.socket = str(socket)
        self.rooms = rooms
        self.client = client
        self.left = False

    async def call(self, method: str, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        if body is not None:
            more["json"] = body
        return await self.client.request(method, path, **more)

    async def get(self, path: str) -> Any:
        answer = await self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def upload(self, files=SHOP, query: str = "", **facts: Any) -> httpx2.Response:
        plain = base64.b64encode(json.dumps({"source": "folder", **facts}).encode()).decode()
        headers = {"Twelve-Tree": plain}
        path = f"{DEPLOY}/deploy{query}"
        return await self.client.request("POST", path, content=tar(files), headers=headers)

    async def end_of(self, answer: httpx2.Response) -> dict[str, Any]:
        """The last event of an operation that was accepted."""
        assert answer.status_code == 202, answer.text
        [*_, last] = await self.events(answer.json()["operation"])
        assert last["step"] == "end"
        return last

    async def events(self, operation: str) -> list[dict[str, Any]]:
        answer = await self.call("GET", f"/v1/operations/{operation}/events")
        assert answer.headers["content-type"] == "application/x-ndjson"
        return [json.loads(line) for line in answer.text.splitlines()]

    async def done(self, method: str, path: str, body: Any = None) -> Any:
        end = await self.end_of(await self.call(method, path, body))
        assert end["ok"], end
        return end["result"]

    async def deploy(self, files=SHOP) -> Any:
        end = await self.end_of(await self.upload(files, "?no_gate=true"))
        assert end["ok"], end
        return end["result"]


@contextlib.asynccontextmanager
async def open_door(folder: Path) -> AsyncIterator[Door]:
    with tempfile.TemporaryDirectory(prefix="tw-", dir="/tmp") as run:
        world = World(folder)
        path = Path(run, "control.sock")

        async def examine() -> dict[str, Any]:
            return {"tier": "none"}

        doors: list[Door] = []
        rooms = Rooms(
            world.house,
            Operations(),
            Ending(),
            lambda: setattr(doors[0], "left", True),
            examine,
        )
        server = make_server(make_app(rooms))
        serving = asyncio.create_task(server.serve([bind(path)]))
        while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
            await asyncio.sleep(0.005)
        transport = httpx2.AsyncHTTPTransport(uds=str(path))
        async with httpx2.AsyncClient(transport=transport, base_url="http://twelve") as client:
            doors.append(Door(world, rooms, client, str(path)))
            yield doors[0]
        rooms.ending.set()
        server.should_exit = True
        await serving
        await rooms.operations.close()
        await world.house.under_way.close()
        world.store.db.close()
