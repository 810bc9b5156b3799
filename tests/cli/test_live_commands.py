"""Every command, called as a user calls it, on one home with the app ``shelf``."""

import json
import os
import shutil
import signal
import urllib.request

import pytest
from tests.cli.worlds import WEB, codebase, commit, free_port, modules_of, until

pytestmark = pytest.mark.live

DONE, FAILED, USAGE, UNREACHABLE = 0, 1, 2, 69


def fetch(home, host, path="/index.html"):
    request = urllib.request.Request(f"http://127.0.0.1:{home.port}{path}", headers={"Host": host})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def test_a_deploy_prints_the_address_last_and_it_answers(twelve):
    done = twelve("deploy")

    assert done.code == DONE
    assert done.out.splitlines()[-1] == f"http://shelf.localhost:{twelve.port}"
    assert f"curl -H 'Host: shelf.localhost' http://127.0.0.1:{twelve.port}/" in done.out
    assert fetch(twelve, "shelf.localhost") == "one\n"


def test_a_deploy_leaves_no_file_behind_however_it_ends(twelve, tmp_path):
    twelve.good("deploy", "-q", TMPDIR=str(tmp_path))
    assert twelve("deploy", "-a", "Not A Name", TMPDIR=str(tmp_path)).code == FAILED

    assert list(tmp_path.iterdir()) == []


def test_a_quiet_deploy_prints_the_address_alone_and_a_program_gets_json(twelve):
    quiet = twelve("deploy", "-q", "--wait")
    plain = twelve("deploy", "--json")

    assert (quiet.code, quiet.out) == (DONE, f"http://shelf.localhost:{twelve.port}\n")
    assert plain.json["app"] == "shelf"
    assert plain.json["release"].startswith("v")


@pytest.mark.parametrize("words", [
    ("-a", "shelf", "ps", "ls"), ("ps", "-a", "shelf", "ls"), ("ps", "ls", "-a", "shelf"),
    ("ps", "--all"), ("ps", "-a", "shelf/production"),
])  # fmt: skip
def test_the_target_may_stand_before_or_after_the_command(twelve, tmp_path, words):
    assert "web.1" in twelve.good(*words, cwd=tmp_path)


def test_the_environment_names_the_target_where_no_option_does(twelve, tmp_path):
    assert "web.1" in twelve.good("ps", cwd=tmp_path, TWELVE_APP="shelf")


@pytest.mark.parametrize("words", [
    ("ps",), ("ps", "ls"), ("ps", "--all"), ("apps",), ("apps", "ls"), ("releases",),
    ("releases", "ls"), ("releases", "show", "v1"), ("runs",), ("runs", "ls"), ("config",),
    ("config", "ls"), ("config", "history"), ("resources",), ("resources", "ls"), ("domains",),
    ("domains", "ls"), ("doctor",), ("releases", "diff", "v1", "v1"),
    ("config", "diff", "shelf/production", "shelf/production"),
])  # fmt: skip
def test_every_listing_has_json_and_no_colour_in_a_pipe(twelve, words):
    assert isinstance(twelve(*words, "--json").json, dict)
    assert "\x1b" not in twelve.good(*words)


def test_json_may_stand_before_the_sub_command(twelve):
    assert twelve("ps", "--json", "ls").json["processes"][0]["process"] == "web.1"


def test_processes_are_scaled_held_back_and_brought_back(twelve):
    assert "runs web=2" in twelve.good("ps", "scale", "web=2")
    assert "held back: web.2" in twelve.good("ps", "stop", "web.2")
    assert len(twelve("ps", "--json").json["processes"]) >= 1
    assert "held back" not in twelve.good("ps", "restart")
    assert "runs web=1" in twelve.good("ps", "scale", "web-1")


@pytest.mark.parametrize(("words", "told"), [
    (("ps", "scale", "web=x"), "'web=x' is not a quantity"),
    (("ps", "scale", "wbe=1"), "'wbe' is not a process type of this app: there are web"),
    (("ps", "restart", "worker"), "runs no process 'worker'"),
    (("ps", "stop", "web.9"), "runs no process 'web.9'"),
    (("releases", "show", "v999"), "has no release v999"),
    (("releases", "show", "seven"), "'seven' is not a release"),
    (("releases", "diff", "v1", "v" + "9" * 30), "is not a release"),
    (("rollback", "v999"), "has no release v999"),
    (("runs", "show", "nope"), "has no run 'nope'"),
    (("runs", "stop", "nope"), "has no run 'nope'"),
    (("config", "get", "NOPE"), "has no config NOPE"),
    (("config", "unset", "NOPE"), "has no config NOPE"),
    (("resources", "detach", "NOPE"), "nothing is attached as NOPE"),
    (("resources", "destroy", "nope", "--yes"), "there is no resource 'nope'"),
    (("resources", "create", "mysql"), "'mysql' is not a kind of resource"),
    (("domains", "rm", "nope.example"), "has no domain 'nope.example'"),
    (("domains", "add", "a..b"), "is not a domain name"),
    (("apps", "destroy", "nope", "--yes"), "there is no app 'nope'"),
    (("apps", "create", "shelf"), "there is an app 'shelf' already"),
    (("ps", "-a", "nope"), "there is no app 'nope'"),
    (("ps", "-a", "shelf/nope"), "shelf has no deploy 'nope'"),
    (("config", "diff", "shelf/production", "shelf/nope"), "shelf has no deploy 'nope'"),
    (("logs", "--type", "wbe"), "has no process type 'wbe'"),
    (("logs", "--process", "wbe.1"), "has no process type 'wbe'"),
    (("logs", "--release", "seven"), "'seven' is not a release"),
    (("logs", "--stream", "stdoot"), "there is no stream 'stdoot'"),
    (("logs", "--since", "soon"), "--since 'soon'"),
    (("logs", "--grep", "["), "--grep '['"),
])  # fmt: skip
def test_what_is_not_there_is_told_by_name(twelve, words, told):
    done = twelve(*words)

    assert done.code == FAILED
    assert told in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(("words", "told"), [
    (("nope",), "no such command 'nope'"),
    (("pss",), "Did you mean 'ps'?"),
    (("ps", "--nope"), "no such option '--nope'"),
    (("ps", "scale"), "missing argument"),
    (("logs", "-n", "-1"), "-1 is not in the range"),
    (("deploy", "/nowhere"), "/nowhere: there is no such folder"),
    (("deploy", "-a", "a/b", "--to", "c"), "'a/b' names a deploy and --to another"),
    (("rollback", "seven"), "'seven' is not a release"),
    (("config", "set", "A"), "A: there is no terminal to ask"),
    (("config", "set", "A=1", "A=2"), "A: given more than once"),
    (("config", "set", "A=-", "B=-"), "standard input can be one value only"),
    (("apps", "destroy", "shelf"), "there is nobody to ask"),
    (("resources", "attach", "postgres://u:hunter2@h/d", "--as", "X"), "a password on the command"),
])  # fmt: skip
def test_wrong_words_end_with_two_and_the_next_step(twelve, words, told):
    done = twelve(*words)

    assert done.code == USAGE
    assert told in done.err
    assert "  → " in done.err
    assert "hunter2" not in done.err


def test_config_is_set_by_value_file_and_standard_input_and_read_back(twelve, tmp_path):
    (tmp_path / "value").write_text("two\nlines\n")
    twelve.good("config", "set", "A=x=y", f"B=@{tmp_path}/value", "C=-", stdin="from stdin\n")

    assert twelve.good("config", "get", "A") == "x=y\n"
    assert twelve.good("config", "get", "B") == "two\nlines\n"
    assert twelve.good("config", "get", "C") == "from stdin\n"
    assert twelve.good("config") == "A=••••••\nB=••••••\nC=••••••\n"
    assert "A=x=y\n" in twelve.good("config", "ls", "--reveal")
    assert "set A set B set C" in twelve.good("config", "history")
    twelve.good("config", "unset", "A", "B", "C")


def test_a_secret_on_the_command_line_is_refused_by_name_or_by_the_password_in_its_url(twelve):
    for pair in ("API_TOKEN=hunter2", "PLACE=postgres://u:hunter2@h/d"):
        done = twelve("config", "set", pair)
        assert done.code == USAGE
        assert "a secret on the command line" in done.err
        assert "hunter2" not in done.err
    assert twelve("config", "--json").json["config"] == {}


@pytest.mark.parametrize("form", ["dotenv", "docker", "foreman", "json"])
def test_config_that_was_exported_is_imported_the_same(twelve, tmp_path, form):
    line_end = " " if form == "docker" else "\n"
    value = f"a 'b' \"c\" $d{line_end}# e \\ é"
    twelve.good("config", "set", "ODD=-", "PLAIN=1", stdin=value + "\n")
    out = twelve.good("config", "export", "--format", form)
    (tmp_path / "file").write_text(out)

    twelve.good("config", "unset", "ODD", "PLAIN")
    twelve.good("config", "import", str(tmp_path / "file"), "--format", form)

    assert twelve("config", "ls", "--reveal", "--json").json["config"] == {
        "ODD": value,
        "PLAIN": "1",
    }
    twelve.good("config", "unset", "ODD", "PLAIN")


@pytest.mark.parametrize(("form", "text", "told"), [
    ("dotenv", "A=1\nB 2\n", ":2:"),
    ("dotenv", "A=1\nA=2\n", ":2:"),
    ("dotenv", "A='open\n", ":1:"),
    ("json", '{"A": 1}', "A"),
    ("json", '{"A": "1",}', ":1: is not JSON"),
    ("json", '["A"]', "object"),
    ("docker", "A=1\nexport B=2\n", ":2: has a blank before '='"),
    ("docker", "A\n", ":1: has no '='"),
    ("foreman", "A=1\nexport B=2\n", ":2: foreman passes over lines with export"),
    ("dotenv", "", "there is no variable in it"),
])  # fmt: skip
def test_an_import_with_a_bad_line_sets_nothing_and_says_which(twelve, tmp_path, form, text, told):
    (tmp_path / "file").write_text(text)

    done = twelve("config", "import", str(tmp_path / "file"), "--format", form)

    assert done.code == FAILED
    assert f"{tmp_path}/file" in done.err
    assert told in done.err
    assert twelve("config", "--json").json["config"] == {}


def test_a_value_that_a_form_cannot_hold_is_named_and_nothing_is_printed(twelve):
    twelve.good("config", "set", "MULTI=-", "PLAIN=1", stdin="one\ntwo\n")

    done = twelve("config", "export", "--format", "docker")

    assert done.code == FAILED
    assert (done.out, "MULTI: no line of this format" in done.err) == ("", True)
    assert "two" not in done.err
    twelve.good("config", "unset", "MULTI", "PLAIN")


def test_a_release_is_compared_rolled_back_and_shown(twelve):
    first = twelve("ps", "--json").json["release"]
    commit(twelve.folder, {"index.html": "two\n"})
    twelve.good("deploy", "-q")
    assert fetch(twelve, "shelf.localhost") == "two\n"
    second = twelve("ps", "--json").json["release"]

    parts = {
        d["part"] for d in twelve("releases", "diff", first, second, "--json").json["differences"]
    }
    assert "build" in parts or "codebase" in parts
    assert "serves" in twelve.good("rollback")
    assert fetch(twelve, "shelf.localhost") == "one\n"
    assert "superseded" in twelve.good("releases", "show", second)


def test_domains_are_bound_and_let_go(twelve):
    assert "http://shelf.example:" in twelve.good("domains", "add", "shelf.example")
    assert fetch(twelve, "shelf.example") == "one\n"
    assert "shelf.example" not in twelve.good("domains", "rm", "shelf.example")


def test_a_resource_is_attached_masked_and_detached(twelve):
    url = "postgres://u:hunter2@127.0.0.1:1/d"
    twelve.good("resources", "attach", "-", "--as", "OLD_URL", stdin=url + "\n")

    shown = twelve.good("resources")
    assert "OLD_URL" in shown
    assert "hunter2" not in shown + twelve.good("resources", "--json")
    assert twelve.good("run", "--", "sh", "-c", "echo $OLD_URL") == url + "\n"
    assert "detached" in twelve.good("resources", "detach", "OLD_URL")


def test_names_that_begin_alike_are_different_apps(twelve):
    names = ("tin", "tiny", "t", "x" * 63)
    for name in names:
        twelve.good("apps", "create", name)
    twelve.good("config", "set", "-a", "tin", "WHO=tin")

    assert twelve("config", "-a", "tiny", "--json").json["config"] == {}
    twelve.good("apps", "destroy", "tin", "--yes")
    found = {app["name"] for app in twelve("apps", "--json").json["apps"]}
    assert found & set(names) == {"tiny", "t", "x" * 63}
    for name in names[1:]:
        twelve.good("apps", "destroy", name, "--yes")


@pytest.mark.parametrize("name", ["Tin", "t.n", "x" * 64, "t-", "1t", "twelve", "a/b/c", ""])
def test_a_name_that_cannot_be_a_host_name_is_refused(twelve, name):
    done = twelve("apps", "create", name)

    assert done.code == FAILED
    assert "name" in done.err


@pytest.mark.parametrize(("pair", "told"), [
    ("1A=x", "is not a name for a variable"),
    ("A-B=x", "is not a name for a variable"),
    ("=x", "a variable needs a name"),
    ("PORT=1", "is set by Twelve itself"),
    ("TWELVE_X=1", "is set by Twelve itself"),
])  # fmt: skip
def test_a_variable_that_no_process_could_be_handed_is_refused(twelve, pair, told):
    done = twelve("config", "set", "GOOD=1", pair)

    assert done.code == FAILED
    assert told in done.err
    assert twelve("config", "--json").json["config"] == {}


@pytest.mark.parametrize(
    ("value", "told"), [(b"a\0b", "NUL"), (b"x" * 1024 * 1024, "A"), (b"\xff", "not UTF-8")]
)
def test_a_value_that_no_process_could_be_handed_is_refused(twelve, value, told):
    done = twelve("config", "set", "A=-", stdin=value)

    assert done.code == FAILED
    assert told in done.err
    assert twelve("config", "--json").json["config"] == {}


def test_the_log_stream_is_filtered_by_what_it_carries(twelve):
    fetch(twelve, "shelf.localhost", "/?canary=1")
    until(lambda: "canary=1" in twelve.good("logs", "--grep", "canary"))

    lines = [json.loads(text) for text in twelve.good("logs", "--json", "-n", "20").splitlines()]
    assert len(lines) == 20
    assert lines[0].keys() >= {"ns", "sequence", "process", "release", "stream", "line"}
    assert [line["ns"] for line in lines] == sorted(line["ns"] for line in lines)
    access = twelve.good("logs", "--type", "router", "--grep", "canary", "--json").splitlines()
    assert [json.loads(text)["process"] for text in access] == ["router"]
    events = twelve.good("logs", "--type", "twelve", "--json").splitlines()
    assert {json.loads(text)["stream"] for text in events} == {"events"}
    assert twelve.good("logs", "-n", "0") == ""
    assert twelve.good("logs", "--since", "1ms", "--type", "web") == ""


def test_following_goes_on_across_a_deploy_and_ends_with_ctrl_c(twelve):
    follower = twelve.start("logs", "-f", "-n", "0", "--json")
    try:
        twelve.good("ps", "restart")
        release = twelve("ps", "--json").json["release"]
        fetch(twelve, "shelf.localhost", "/?after=1")
        seen = []
        for text in follower.stdout:
            line = json.loads(text)
            seen.append(line["release"])
            if "after=1" in line["line"] and line["process"] == "web.1":
                break
        assert seen[-1] == release
        follower.send_signal(signal.SIGINT)
        assert follower.wait(10) == 130
        assert follower.stderr.read() == b""
    finally:
        follower.kill()
        follower.communicate()


def test_a_reader_that_leaves_ends_the_command_quietly(twelve):
    for words in (("logs",), ("releases", "--json"), ("ps",)):
        reading, writing = os.pipe()
        os.close(reading)
        call = twelve.start(*words, stdout=writing)
        os.close(writing)
        assert call.wait(20) == 130
        assert call.communicate()[1] == b""


def test_a_call_lists_20_processes_without_importing_anything_heavy(twelve):
    modules = modules_of(["ps", "-a", "shelf"], twelve.environ, twelve.folder)

    assert modules & {"asyncio", "ssl", "rich", "msgspec", "websockets", "http.client"} == set()


def test_another_codebase_under_a_known_name_is_refused(twelve, tmp_path):
    other = codebase(tmp_path / "other", {"Procfile": WEB, "OTHER": "1"})
    # The root commits of two codebases may be equal only when all of them is, time included.
    commit(other, {"OTHER": "2"})

    done = twelve("deploy", "-a", "shelf", cwd=other)

    assert done.code == FAILED
    assert "shelf is another codebase: its root commit is" in done.err
    assert "--adopt" in done.err


def test_a_unit_for_systemd_is_printed(twelve):
    unit = twelve.good("serve", "--print-unit")

    assert f"Environment=TWELVE_HOME={twelve.environ['TWELVE_HOME']}\n" in unit
    assert "KillMode=process\n" in unit


def test_a_second_control_plane_of_one_home_is_refused(twelve):
    done = twelve("serve", TWELVE_HTTP_PORT=str(free_port()))

    assert done.code == FAILED
    assert "another control plane runs there" in done.err


def test_a_browser_is_opened_where_there_is_a_screen(twelve, tmp_path):
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/asked\n')
    browser.chmod(0o755)
    url = f"http://shelf.localhost:{twelve.port}\n"

    assert twelve("open", DISPLAY="", WAYLAND_DISPLAY="", BROWSER="") == (DONE, url, "")
    if shutil.which("xdg-open"):
        assert twelve.good("open", BROWSER=str(browser)) == url
        until((tmp_path / "asked").exists)


def test_a_deploy_beside_production_has_a_name_config_and_address_of_its_own(twelve):
    url = twelve.good("deploy", "-q", "--to", "staging")
    assert url == f"http://staging.shelf.localhost:{twelve.port}\n"
    assert fetch(twelve, "staging.shelf.localhost") == (twelve.folder / "index.html").read_text()
    twelve.good("config", "set", "-a", "shelf/staging", "MODE=trial")

    masked = twelve.good("config", "diff", "shelf/production", "shelf/staging")
    shown = twelve.good("config", "diff", "shelf/production", "shelf/staging", "--reveal")

    assert "MODE" in masked
    assert "trial" not in masked
    assert "trial" in shown
    twelve.good("apps", "destroy", "shelf/staging", "--yes")
    assert "staging" not in twelve.good("apps")
    assert fetch(twelve, "shelf.localhost")


def test_an_app_without_a_release_is_told_to_be_deployed(twelve):
    twelve.good("apps", "create", "blank")

    for words in (("ps", "scale", "web=2"), ("ps", "restart"), ("run", "--", "true")):
        name, *rest = words
        done = twelve(name, "-a", "blank", *rest)
        assert done.code == FAILED
        assert "blank/production has no release yet" in done.err
        assert "twelve deploy makes one" in done.err
    assert "no release yet" in twelve.good("ps", "-a", "blank")
    assert "no build yet" in twelve.good("config", "set", "-a", "blank", "A=1")
    twelve.good("apps", "destroy", "blank", "--yes")


def test_a_watch_prints_what_has_changed_until_it_is_ended(twelve):
    watched = twelve.start("ps", "--watch", "--json")
    before = json.loads(watched.stdout.readline())
    twelve.good("ps", "restart", "web")
    while True:
        after = json.loads(watched.stdout.readline())
        if {process["release"] for process in after["processes"]} == {after["release"]}:
            break
    watched.send_signal(signal.SIGINT)
    _, err = watched.communicate(timeout=20)

    assert int(after["release"][1:]) == int(before["release"][1:]) + 1
    assert (watched.returncode, err) == (130, b"")
