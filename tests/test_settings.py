import pytest

from twelve.errors import Invalid
from twelve.settings import SETTINGS, Settings, load_settings, run_folder, unknown_settings

HOME = {"HOME": "/home/ada"}


def test_every_row_is_a_field_and_every_field_a_row():
    rows = {row.name.removeprefix("TWELVE_").lower() for row in SETTINGS}
    derived = {"run", "http_host"}

    assert set(Settings._fields) - derived | {"http"} == rows


def test_defaults_are_those_of_the_rows():
    settings = load_settings(HOME, uid=1000)

    assert settings.home == "/home/ada/.local/share/twelve"
    assert (settings.http_host, settings.http_port) == ("127.0.0.1", 8080)
    assert settings.uids == (66000, 98999)
    assert settings.ports == (20000, 29999)
    assert settings.log_budget == 256 * 1024 * 1024
    assert settings.log_age == 14 * 86400
    assert settings.watch == 30.0
    assert settings.keep_releases == 10


def test_a_flag_goes_before_the_environment_and_that_before_the_default():
    environ = HOME | {"TWELVE_HTTP": "127.0.0.2:81", "TWELVE_WATCH": "5s"}
    settings = load_settings(environ, {"TWELVE_HTTP": "127.0.0.3:82"}, uid=1000)

    assert (settings.http_host, settings.http_port, settings.watch) == ("127.0.0.3", 82, 5.0)


def test_an_empty_value_counts_as_not_set():
    settings = load_settings(HOME | {"TWELVE_TIER": "", "TWELVE_WATCH": ""}, uid=1000)

    assert (settings.tier, settings.watch) == ("", 30.0)


def test_a_watch_of_zero_is_a_choice_and_not_the_default():
    assert load_settings(HOME | {"TWELVE_WATCH": "0"}, uid=1000).watch == 0.0


def test_the_port_alone_goes_before_that_of_the_address():
    environ = HOME | {"TWELVE_HTTP": "[::1]:81", "TWELVE_HTTP_PORT": "82"}
    settings = load_settings(environ, uid=1000)

    assert (settings.http_host, settings.http_port) == ("::1", 82)


def test_root_lives_in_var_lib_whatever_its_home():
    settings = load_settings(HOME | {"XDG_DATA_HOME": "/data"}, uid=0)

    assert settings.home == "/var/lib/twelve"


def test_a_user_lives_in_the_xdg_data_folder():
    assert load_settings(HOME | {"XDG_DATA_HOME": "/data"}, uid=7).home == "/data/twelve"


def test_a_relative_xdg_folder_is_ignored():
    settings = load_settings(HOME | {"XDG_DATA_HOME": "data", "XDG_RUNTIME_DIR": "run"}, uid=7)

    assert settings.home == "/home/ada/.local/share/twelve"
    assert settings.run.startswith("/tmp/twelve-7/")


def test_two_spellings_of_one_home_have_one_run_folder():
    one = load_settings({"TWELVE_HOME": "/srv/twelve"}, uid=7)
    other = load_settings({"TWELVE_HOME": "//srv/./x/../twelve/"}, uid=7)

    assert one == other


def test_two_homes_have_two_run_folders():
    assert run_folder("/a", {}, 7) != run_folder("/b", {}, 7)


@pytest.mark.parametrize(
    ("uid", "runtime", "start"),
    [
        (0, "/run/user/0", "/run/twelve/"),
        (7, "/run/user/7", "/run/user/7/twelve/"),
        (7, "", "/tmp/twelve-7/"),
        (7, "/" + "x" * 50, "/tmp/twelve-7/"),
    ],
)
def test_the_run_folder_is_reachable_for_app_uids_and_short_enough_for_sockets(uid, runtime, start):
    folder = run_folder("/" + "long/" * 40, {"XDG_RUNTIME_DIR": runtime}, uid)

    assert folder.startswith(start)
    assert len(f"{folder}/p/0123456789abcdef/notify") < 108


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("TWELVE_HOME", "here", "is not an absolute path"),
        ("TWELVE_HOME", "~/x", "is not an absolute path"),
        ("TWELVE_HTTP", "8080", "is not an address"),
        ("TWELVE_HTTP", ":8080", "is not an address"),
        ("TWELVE_HTTP", "localhost:8080", "is not an address"),
        ("TWELVE_HTTP", "127.0.0.1:0", "is not a port"),
        ("TWELVE_HTTP_PORT", "65536", "is not a port"),
        ("TWELVE_HTTP_PORT", "٣", "is not a port"),
        ("TWELVE_URL", "example.org", "is not the address"),
        ("TWELVE_UIDS", "5-10", "holds user ids of the system"),
        ("TWELVE_UIDS", "60000-70000", "holds user ids of systemd"),
        ("TWELVE_UIDS", "70000", "is not a range"),
        ("TWELVE_UIDS", "80000-70000", "its end lies before its start"),
        ("TWELVE_UIDS", "70000-4294967295", "no user ids"),
        ("TWELVE_PORTS", "1-99", "stay within"),
        ("TWELVE_TIER", "gvisor", "is not a tier"),
        ("TWELVE_LOG_BUDGET", "12", "is too little"),
        ("TWELVE_LOG_BUDGET", "many", "is not a size"),
        ("TWELVE_LOG_AGE", "nan", "is not a duration"),
        ("TWELVE_KEEP_RELEASES", "0", "is not a number to keep"),
        ("TWELVE_ENVOY_BIN", "envoy", "is not an absolute path"),
    ],
)
def test_a_bad_value_is_named_with_its_setting(name, value, problem):
    with pytest.raises(Invalid) as caught:
        load_settings(HOME | {name: value}, uid=1000)

    assert name in caught.value.message
    assert value in caught.value.message
    assert problem in caught.value.message
    assert caught.value.hint


def test_all_bad_settings_are_named_at_once():
    with pytest.raises(Invalid) as caught:
        load_settings(HOME | {"TWELVE_TIER": "x", "TWELVE_PORTS": "x"}, uid=1000)

    said = (caught.value.message, *caught.value.problems)
    assert [line.split(":")[0] for line in said] == ["TWELVE_PORTS", "TWELVE_TIER"]


def test_without_any_home_the_next_step_is_said():
    with pytest.raises(Invalid, match="TWELVE_HOME: is not set, and neither is HOME"):
        load_settings({}, uid=1000)


def test_secrets_do_not_print():
    environ = HOME | {"TWELVE_TOKEN": "canary-1", "TWELVE_MASTER_KEY": "canary-2"}
    settings = load_settings(environ, uid=1000)

    assert settings.token == "canary-1"
    assert "canary" not in repr(settings) + str(settings)


def test_a_slip_in_a_name_is_seen_but_what_apps_are_given_is_not_one():
    environ = {"TWELVE_HOEM": "/x", "TWELVE_RELEASE": "v7", "TWELVE_TIER": "none", "PATH": "/bin"}

    assert unknown_settings(environ) == ["TWELVE_HOEM"]
