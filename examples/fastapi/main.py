"""Notes in Postgres, over a JSON API. The database is whatever DATABASE_URL names."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import FastAPI, HTTPException, Response
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel, StringConstraints

pool = AsyncConnectionPool(
    os.environ["DATABASE_URL"],
    min_size=1,
    max_size=int(os.environ.get("POOL_SIZE", "5")),
    kwargs={"row_factory": dict_row},
    open=False,
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with pool:
        yield


app = FastAPI(title="Notes", lifespan=lifespan)


class Note(BaseModel):
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


@app.get("/")
async def index() -> dict[str, str]:
    return {"notes": "/notes", "docs": "/docs"}


@app.get("/notes")
async def list_notes() -> list[dict]:
    async with pool.connection() as connection:
        rows = await connection.execute("SELECT id, text, written FROM notes ORDER BY id DESC LIMIT 50")
        return await rows.fetchall()


@app.post("/notes", status_code=201)
async def write_note(note: Note) -> dict:
    async with pool.connection() as connection:
        rows = await connection.execute(
            "INSERT INTO notes (text) VALUES (%s) RETURNING id, text, written", (note.text,)
        )
        return await rows.fetchone()


@app.delete("/notes/{number}", status_code=204)
async def tear_out_note(number: int) -> Response:
    async with pool.connection() as connection:
        done = await connection.execute("DELETE FROM notes WHERE id = %s", (number,))
    if not done.rowcount:
        raise HTTPException(404, "there is no such note")
    return Response(status_code=204)


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    async with pool.connection(timeout=2) as connection:
        await connection.execute("SELECT 1")
    return {"status": "ok"}
