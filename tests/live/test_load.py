"""Changes under load: no request fails, none is executed twice, a long one comes to its end."""

import threading

import pytest
from tests.live.worlds import App, failures

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(240)]

RATE = 40
ORDER = "product=pen&quantity=1"
LONG = 12


class Ask(threading.Thread):
    """A request that is under way while everything changes."""

    def __init__(self, app: App, seconds: int) -> None:
        super().__init__()
        self.app, self.seconds, self.text = app, seconds, ""
        self.start()

    def run(self) -> None:
        self.text = self.app.get(f"/slow?seconds={self.seconds}", within=90).text


def test_nothing_fails_through_deploys_config_scale_and_rollback(shop):
    shop.twelve("ps", "scale", "web=2")
    shop.settled()
    before = shop.get_json("/counters")["orders"]
    version = shop.get("/version").headers["x-shop-version"]
    with shop.under_load(RATE, "/", "/orders", ORDER) as count:
        long = Ask(shop, LONG)
        for change in ("2-under-load", "3-under-load"):
            text = (shop.folder / "shop/version.py").read_text().splitlines()
            shop.write("shop/version.py", "\n".join([*text[:-1], f'VERSION = "{change}"\n']))
            shop.deploy()
        shop.twelve("config", "set", "LOG_LEVEL=warning")
        shop.twelve("ps", "scale", "web=3")
        shop.twelve("ps", "scale", "web=2")
        shop.twelve("rollback")
        long.join()
    after = shop.get_json("/counters")["orders"]

    assert failures(count) == []
    assert after - before == count["posts"] == count["posts_done"]
    assert long.text == f"slept {LONG} s in version {version}\n"
    assert set(count["versions"]) == {version, "2-under-load", "3-under-load"}
    # The bar is a second; a busy machine and a client that was late itself get some more.
    assert count["worst_ms"] <= 5000 + count["client_lag_ms"], count
    shop.twelve("ps", "scale", "web=1")
