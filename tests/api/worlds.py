"""The API on a real unix socket, over a house with the engine in memory."""

import asyncio
import base64
import contextlib
import json
import re
import socket
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
from tests.operations.worlds import SHOP, World, tar

from twelve.api.call import Rooms
from twelve.api.ending import Ending
from twelve.api.handlers import ROWS
from twelve.api.openapi import describe
from twelve.api.progress import Operations
from twelve.api.server import bind, make_app, make_server

DEPLOY = "/v1/apps/shop/deploys/production"


DOCUMENT = describe(ROWS)
OPEN = {"Doctor", "Event"}
"""Shapes that may hold more than they name."""


def closed(schemas: dict[str, Any]) -> dict[str, Any]:
    """The shapes, each holding what it names and nothing else: an untold field is a fault."""
    return {
        name: schema
        if name in OPEN or "properties" not in schema
        else schema | {"additionalProperties": False}
        for name, schema in schemas.items()
    }


CLOSED = {"components": {"schemas": closed(DOCUMENT["components"]["schemas"])}}


def require_described(method: str, path: str, answer: httpx2.Response) -> None:
    """Hold an answer to what the description says of it."""
    if not answer.headers.get("content-type", "").startswith("application/json"):
        return
    if answer.status_code >= 400:
        schema = {"$ref": "#/components/schemas/Error"}
    else:
        schema = schema_of(method, path, answer.status_code)
    jsonschema.validate(answer.json(), CLOSED | schema)


def schema_of(method: str, path: str, status: int) -> dict[str, Any]:
    for row in ROWS:
        if row.method == method and re.fullmatch(re.sub(r"{\w+}", "[^/]+", row.path), path):
            described = DOCUMENT["paths"][row.path][method.lower()]["responses"][str(status)]
            return described["content"]["application/json"]["schema"]
    assert path == "/v1/openapi.json", f"no row answers {method} {path}"
    return {}


class Door:
    """A client, and the world behind the door."""

    def __init__(self, world: World, rooms: Rooms, client: httpx2.AsyncClient, path: Path) -> None:
        self.world = world
        self.socket = str(path)
        self.rooms = rooms
        self.client = client
        self.left = False

    async def call(self, method: str, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        if body is not None:
            more["json"] = body
        answer = await self.client.request(method, path, **more)
        require_described(method, path.partition("?")[0], answer)
        return answer

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
async def open_door(folder: Path, more: Sequence[socket.socket] = ()) -> AsyncIterator[Door]:
    with tempfile.TemporaryDirectory(prefix="tw-", dir="/tmp") as run:
        world = World(folder)
        path = Path(run, "control.sock")

        async def examine() -> dict[str, Any]:
            return {"tier": "none"}

        doors: list[Door] = []
        rooms = Rooms(
            world.house,
            Operations("test"),
            Ending(),
            lambda: setattr(doors[0], "left", True),
            examine,
        )
        server = make_server(make_app(rooms))
        serving = asyncio.create_task(server.serve([bind(path), *more]))
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
