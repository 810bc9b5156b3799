from twelve.factors.config.names import reserved_problem
from twelve.factors.processes.environment import DEFAULTS, Place, app_environment, own_variables
from twelve.factors.processes.instance import Instance

WEB = Instance("shop", "production", "web", 1, 7)
PLACE = Place("/tmp/home", "/tmp/tmp", "/layer/bin:/usr/bin", {"VIRTUAL_ENV": "/layer"})


def test_a_process_gets_what_is_written_here_and_nothing_else():
    assert app_environment(WEB, PLACE, config={"A": "1"}, attachments={"D": "u"}, port=20001) == {
        "A": "1",
        "D": "u",
        "HOME": "/tmp/home",
        "HOST": "127.0.0.1",
        "LANG": "C.UTF-8",
        "PATH": "/layer/bin:/usr/bin",
        "PORT": "20001",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": "/tmp/tmp",
        "TWELVE_APP": "shop",
        "TWELVE_DEPLOY": "production",
        "TWELVE_PROCESS": "web.1",
        "TWELVE_RELEASE": "v7",
        "VIRTUAL_ENV": "/layer",
    }


def test_a_process_without_a_port_has_no_port():
    assert "PORT" not in app_environment(WEB, PLACE, config={}, attachments={})


def test_each_layer_goes_before_the_one_below():
    names = ["PORT", "A", "VIRTUAL_ENV", "PYTHONUNBUFFERED"]
    config = dict.fromkeys(names, "config")
    found = app_environment(WEB, PLACE, config=config, attachments={"A": "attached"}, port=1)

    assert [found[name] for name in names] == ["1", "attached", "config", "config"]


def test_what_twelve_sets_is_what_config_may_not():
    own = own_variables(WEB, PLACE, 1)

    assert [name for name in own if not reserved_problem(name)] == []
    assert [name for name in DEFAULTS if reserved_problem(name)] == []
