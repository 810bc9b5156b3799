"""Each of the other examples: deployed, answering, redeployed."""

import json

import pytest
from demo.home import Home
from tests.live.worlds import example

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]


def test_fastapi_keeps_notes_in_postgres(home: Home):
    notes = example(home, "fastapi", "notes")
    refused = notes.deploy(good=False)
    assert refused.code == 1
    assert "DATABASE_URL" in refused.said

    notes.deploy("--provision")

    written = notes.twelve(
        "run", "--", "python", "-c", "import os; print(os.environ['DATABASE_URL'][:11])"
    )
    assert written.out == "postgresql:\n"
    assert notes.get_json("/healthz") == {"status": "ok"}
    notes.edit("main.py", 'title="Notes"', 'title="Notices"')
    notes.deploy()
    assert notes.get_json("/openapi.json")["info"]["title"] == "Notices"


def test_express_greets(home: Home):
    express = example(home, "express", "greeter")

    express.deploy()

    assert express.get("/?name=Ada").text == "Hello, Ada!\n"
    express.twelve("config", "set", "GREETING=Salut")
    assert express.get().text == "Salut, world!\n"
    assert json.loads(express.get("/healthz").text)["status"] == "ok"


def test_a_static_site_is_served_by_an_ordinary_process(home: Home):
    site = example(home, "static", "pages")

    site.deploy()

    assert site.get().status == 200
    assert "<html" in site.get("/about.html").text
    assert site.get("/not-there").status == 404
    assert site.get("/Procfile").status == 404
    site.write("index.html", "<html>another</html>")
    site.deploy()
    assert site.get().text == "<html>another</html>"
