"""A guest book in one file: what it says goes to stdout, what it needs comes from the environment."""

import logging
import os
import sys
import time

from flask import Flask, jsonify, request

logging.basicConfig(stream=sys.stdout, level=os.environ.get("LOG_LEVEL", "info").upper(), format="%(message)s")

app = Flask(__name__)
started = time.monotonic()


@app.get("/")
def hello():
    name = request.args.get("name", "world")
    app.logger.info("greeting %s", name)
    return f"{os.environ.get('GREETING', 'Hello')}, {name}!\n"


@app.get("/healthz")
def healthz():
    return jsonify(status="ok", uptime=round(time.monotonic() - started, 1))
