"""The story of an app with everything: resources, a worker, a release phase, data that stays."""

import os
import signal

import pytest
from tests.live.worlds import App, example, part_pids, until

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

ORDER = "product=kettle&quantity=1"


def order(shop: App) -> int:
    made = shop.get("/orders", data=ORDER)
    assert made.status == 201, made
    return int(made.text.split('"id": ')[1].split(",")[0])


def packed(shop: App, number: int) -> bool:
    page = shop.get(f"/orders/{number}")
    return page.status == 200 and "done by worker" in page.text


def test_a_deploy_without_its_config_and_resources_names_every_one(home):
    done = example(home, "shop", "another").deploy("-a", "another/empty", good=False)

    assert done.code == 1
    for word in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "--provision"):
        assert word in done.said, done.said


def test_a_secret_is_not_taken_from_the_command_line(shop):
    done = shop.twelve("config", "set", "SECRET_KEY=in-the-open", good=False)

    assert done.code == 2
    assert "SECRET_KEY=-" in done.said or "KEY=-" in done.said


def test_a_job_goes_from_web_through_the_queue_to_the_worker_and_the_database(shop):
    number = order(shop)

    until(lambda: packed(shop, number))
    code = f"from store.models import Order; print(Order.objects.get(pk={number}).packed_by)"
    done = shop.twelve("run", "--", "python", "manage.py", "shell", "-c", code)
    assert done.out.split()[-1] == "worker.1"


def test_static_files_were_collected_without_config(shop):
    page = shop.get(accept="text/html").text
    style = page.split('rel="stylesheet" href="')[1].split('"')[0]

    assert shop.get(style).status == 200
    assert style != "/static/store/style.css"


def test_a_failing_release_phase_leaves_the_old_release_serving(shop):
    before, state = shop.current, (shop.folder / "twelve.toml").read_text()
    shop.edit("twelve.toml", "python manage.py migrate --noinput", "python manage.py migrate nope")
    try:
        done = shop.deploy(good=False)
    finally:
        shop.write("twelve.toml", state)

    assert done.code == 1
    assert "nope" in done.said
    assert shop.current == before
    assert shop.get("/healthz").status == 200
    assert shop.json("runs")["runs"][0]["code"] != 0


def test_a_bad_value_is_refused_before_anything_starts(shop):
    before = shop.current

    done = shop.twelve("config", "set", "LOG_LEVEL=loud", good=False)

    assert done.code == 1
    assert "LOG_LEVEL" in done.said
    assert "debug" in done.said
    assert shop.current == before
    assert "LOG_LEVEL" not in shop.json("config", "ls")["config"]


@pytest.mark.parametrize("part", ["postgres", "redis"])
def test_data_and_service_survive_the_death_of_a_server(shop, part):
    number = order(shop)
    until(lambda: packed(shop, number))
    before = part_pids(shop.home)[part]

    os.kill(before, signal.SIGKILL)

    until(lambda: part_pids(shop.home).get(part) not in (before, None))
    until(lambda: shop.get("/counters").status == 200, 60)
    assert packed(shop, number)
    another = until(lambda: order(shop) if shop.get("/counters").status == 200 else 0)
    until(lambda: packed(shop, another), 60)


def test_data_and_releases_survive_a_restart_of_everything(home, shop):
    number = order(shop)
    until(lambda: packed(shop, number))
    before = shop.current

    home.twelve("down", "--all")
    # Any command that may start control brings all apps back, as after a reboot.
    shop.twelve("run", "--", "true")

    until(lambda: shop.get("/healthz").status == 200, 60)
    assert packed(shop, number)
    assert shop.current == before
    shop.settled()
