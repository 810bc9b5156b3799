"""The story of one app: deployed, changed, taken back."""

import pytest
from demo.home import Home
from tests.live.worlds import App, example, until

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def flask(home: Home) -> App:
    app = example(home, "flask", "guestbook")
    app.deploy()
    return app


def test_a_deploy_answers_at_the_address_that_it_prints(flask):
    done = flask.deploy()

    url = done.out.split()[-1]
    assert url == f"http://{flask.host}:{flask.home.port}"
    assert flask.get("/?name=Ada").text == "Hello, Ada!\n"


def test_the_same_tree_again_is_not_built_again(flask):
    before = flask.json("releases", "show", flask.current)

    flask.deploy()

    after = flask.json("releases", "show", flask.current)
    assert after["build"] == before["build"]
    assert after["release"] != before["release"]


def test_a_change_serves_and_a_rollback_takes_it_back(flask):
    flask.edit("app.py", ", {name}!", ", dear {name}!")
    flask.deploy()
    changed = flask.current
    assert flask.get().text == "Hello, dear world!\n"

    flask.twelve("rollback")

    assert flask.get().text == "Hello, world!\n"
    assert flask.states()[changed] == "superseded"
    assert "rollback" in flask.json("releases")["releases"][0]["reason"]


def test_uncommitted_changes_are_named_and_left_out(flask):
    before = (flask.folder / "app.py").read_text()
    (flask.folder / "app.py").write_text(before.replace("Hello", "Nobody"))
    try:
        done = flask.deploy()
    finally:
        (flask.folder / "app.py").write_text(before)

    assert "app.py" in done.err
    assert "Nobody" not in flask.get().text


def test_a_change_of_config_is_a_release_of_the_same_build(flask):
    before = flask.json("releases", "show", flask.current)

    flask.twelve("config", "set", "GREETING=Welcome")

    after = flask.json("releases", "show", flask.current)
    assert flask.get().text.startswith("Welcome")
    assert (after["build"], after["config"]) == (before["build"], before["config"] + 1)
    flask.twelve("config", "unset", "GREETING")
    assert flask.get().text.startswith("Hello")


def test_scaling_leaves_the_processes_that_are_there(flask):
    flask.settled()
    before = flask.up()["web.1"]

    flask.twelve("ps", "scale", "web=3")

    after = flask.up()
    assert sorted(after) == ["web.1", "web.2", "web.3"]
    assert after["web.1"]["pid"] == before["pid"]
    flask.twelve("ps", "scale", "web=1")
    until(lambda: list(flask.up()) == ["web.1"])
    assert flask.up()["web.1"]["pid"] == before["pid"]


def test_lines_of_every_release_are_in_one_stream(flask):
    flask.get("/?name=Grace")

    lines = flask.twelve("logs", "-n", "1000").out

    assert "greeting Ada" in lines
    assert "greeting Grace" in lines
    assert "serves" in flask.twelve("logs", "--type", "twelve").out
    assert "greeting" not in flask.twelve("logs", "--type", "twelve").out


def test_a_one_off_runs_in_the_release_and_is_recorded(flask):
    done = flask.twelve("run", "--", "sh", "-c", "echo $TWELVE_RELEASE; exit 7", good=False)

    assert (done.code, done.out) == (7, f"{flask.current}\n")
    newest = flask.json("runs")["runs"][0]
    assert (newest["code"], newest["command"][0]) == (7, "sh")


def test_a_one_off_reads_its_input_to_the_end(flask):
    done = flask.twelve("run", "--", "wc", "-c", given="x" * 300_000)

    assert done.out.split() == ["300000"]
