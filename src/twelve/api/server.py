"""The API server: Starlette over the table of rows, uvicorn on a unix socket."""

import logging
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute

from twelve.api.attached import attach_run
from twelve.api.call import Accepted, Call, Rooms, Row, Stream
from twelve.api.handlers import ROWS
from twelve.api.once import keyed, once
from twelve.api.openapi import describe
from twelve.api.peer import HttpProtocol, WebSocketProtocol
from twelve.api.progress import as_bug, as_json
from twelve.api.query import require
from twelve.errors import Invalid, NotFound, TwelveError

BODY_LIMIT = 16 * 1024 * 1024
"""Bytes of a JSON body; archives are streamed and have a limit of their own."""

log = logging.getLogger("twelve.api")


def make_app(rooms: Rooms, rows: Sequence[Row] = ROWS) -> Starlette:
    """The whole API as an ASGI application."""

    async def openapi(_: Request) -> Response:
        return JSONResponse(describe(rows))

    async def unknown(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        hint = "the API describes itself at /v1/openapi.json"
        fault = NotFound(f"{request.method} {request.url.path}: no such call", hint=hint)
        return JSONResponse({"error": as_json(fault)}, error.status_code, error.headers)

    routes = [Route(row.path, endpoint(rooms, row), methods=[row.method]) for row in rows]
    return Starlette(
        routes=[
            *routes,
            Route("/v1/openapi.json", openapi),
            WebSocketRoute("/v1/apps/{app}/deploys/{deploy}/run", attach_run(rooms)),
        ],
        exception_handlers={404: unknown, 405: unknown},
    )


def endpoint(rooms: Rooms, row: Row) -> Any:
    """A row as a Starlette endpoint."""

    async def answer(request: Request) -> Response:
        try:
            require(row.query, request.query_params)
            data = b"" if row.takes_archive else await read(request)
            call = Call(rooms, request, decode(data, row.body))

            async def act() -> Response:
                return show(await row.handler(call), row.status)

            own = keyed(request, call.who, data)
            return await once(rooms, own, act) if own else await act()
        except TwelveError as error:
            return show_error(error)
        except Exception as error:
            log.exception("%s %s", row.method, row.path)
            return show_error(as_bug(error))

    return answer


async def read(request: Request) -> bytes:
    """The body. Raises Invalid when it is too large."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > BODY_LIMIT:
            raise Invalid(
                f"the body is larger than {BODY_LIMIT} bytes", hint="make it several calls"
            )
    return bytes(data)


def decode(data: bytes, shape: type[msgspec.Struct] | None) -> msgspec.Struct | None:
    """The body in its shape. Raises Invalid, naming the place in the body."""
    if shape is None:
        if data.strip():
            raise Invalid("this call takes no body", hint="/v1/openapi.json says what it takes")
        return None
    try:
        return msgspec.json.decode(data or b"{}", type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"the body: {error}", hint="/v1/openapi.json says its shape") from None


def show(answer: Any, status: int) -> Response:
    """An answer as a response."""
    if isinstance(answer, Stream):
        return StreamingResponse(answer.chunks, status, media_type=answer.kind)
    if isinstance(answer, Accepted):
        return JSONResponse({"operation": answer.operation}, 202)
    return JSONResponse(answer, status)


def show_error(error: TwelveError) -> Response:
    """An error as a response, always in the one shape."""
    return JSONResponse({"error": as_json(error)}, error.status)


def bind(path: Path) -> socket.socket:
    """Listen on the home's socket, over one that a dead control left. The lock makes us alone."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    return listener


def make_server(app: Starlette) -> uvicorn.Server:
    """A server that leaves signals to control."""
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=HttpProtocol,
        ws=WebSocketProtocol,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)
