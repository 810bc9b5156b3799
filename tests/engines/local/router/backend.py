"""A small app for the router's tests: uvicorn runs it, NAME says which release it plays."""

import asyncio
import json
import os
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

NAME = os.environ.get("NAME", "app")
executed: list[str] = []


async def tell(request: Request) -> Response:
    await request.body()
    if request.method == "POST":
        executed.append(request.url.path)
    raw = request.scope["raw_path"].decode("latin-1")
    query = request.scope["query_string"].decode("latin-1")
    facts = {"name": NAME, "path": raw, "query": query, "headers": dict(request.headers)}
    return JSONResponse(facts, headers={"server": "app", "x-name": NAME})


async def slow(request: Request) -> Response:
    await asyncio.sleep(float(request.query_params["s"]))
    return PlainTextResponse(NAME)


async def count(_: Request) -> Response:
    return PlainTextResponse(str(len(executed)))


async def events(_: Request) -> Response:
    async def ticks() -> AsyncIterator[str]:
        while True:
            yield f"data: {json.dumps(NAME)}\n\n"
            await asyncio.sleep(0.05)

    return StreamingResponse(ticks(), media_type="text/event-stream")


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    while (message := await socket.receive())["type"] == "websocket.receive":
        await socket.send_text(f"{NAME}: {message['text']}")


app = Starlette(
    routes=[
        Route("/slow", slow),
        Route("/count", count),
        Route("/events", events),
        WebSocketRoute("/echo", echo),
        Route("/{path:path}", tell, methods=["GET", "POST", "PUT", "DELETE"]),
    ]
)
