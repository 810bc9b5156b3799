"""Changes under load: the shop at 100 requests a second, GET and POST, a connection each.

    python -m bench.deploy_under_load [RATE]

web=2; five redeploys, config set, scale up and down, rollback, a request of 20 s under way from
before the first. Prints what the client counted and what the app counted; exit 1 when a request
failed, an order was lost or done twice, or the long request did not come to its end.
"""

import json
import os
import secrets
import sys
import threading
import time

from demo.home import EXAMPLES, commit, make_home, repository
from demo.load import Load

HOST = "shop.localhost"
ORDER = "product=kettle&quantity=1"
LONG = 20


def main(rate=100):
    home = make_home()
    try:
        shop = repository(home, EXAMPLES / "shop")
        home.twelve("config", "set", "SECRET_KEY=-", cwd=shop, given=secrets.token_hex(20))
        home.twelve("deploy", "--provision", cwd=shop)
        home.twelve("ps", "scale", "web=2", cwd=shop)
        time.sleep(3)
        found = measured(home, shop, rate)
    finally:
        home.end()
    print(json.dumps(found, indent=2))
    return 0 if found["held"] else 1


def measured(home, shop, rate):
    said, seconds = [], {}

    def wait_long():
        said.append(home.fetch(HOST, f"/slow?seconds={LONG}", within=120).text)

    def step(name, *words):
        seconds[name] = round(home.twelve(*words, cwd=shop).seconds, 2)

    with Load(home.port, HOST, rate, "/", "/orders", ORDER) as client:
        time.sleep(1)
        long = threading.Thread(target=wait_long)
        long.start()
        for number in range(5):
            change(home, shop, str(number + 2))
            step(f"deploy {number + 1}", "deploy")
        step("config set", "config", "set", "LOG_LEVEL=warning")
        step("scale web=3", "ps", "scale", "web=3")
        step("scale web=2", "ps", "scale", "web=2")
        step("rollback", "rollback")
        long.join()
        time.sleep(1)
        count = client.stop()
    executed = json.loads(home.fetch(HOST, "/counters").text)["orders"]
    count.pop("first_seen")
    count.pop("last_seen")
    whole = said == [f"slept {LONG} s in version 1\n"]
    held = not count["failed"] and executed == count["posts"] and whole
    load = os.getloadavg()[0]
    facts = {"held": held, "executed": executed, "long_request": whole, "load_average": load}
    return {**facts, **count, "seconds": seconds}


def change(home, shop, version):
    file = shop / "shop/version.py"
    *head, _ = file.read_text().splitlines()
    file.write_text("\n".join([*head, f'VERSION = "{version}"\n']))
    commit(home, shop, f"Version {version}")


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:])))
