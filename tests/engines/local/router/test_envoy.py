"""What the router does for one app while nothing changes."""

import itertools
import json
import os
import signal
import stat
import time

import pytest

from twelve.engines.local.router.envoy import Router
from twelve.engines.local.router.files import Place, read
from twelve.engines.local.router.launch import NAME
from twelve.errors import Conflict, Invalid, TwelveError, Unreachable
from twelve.factors.ports.routes import Backend, Route, Table

pytestmark = [pytest.mark.live, pytest.mark.anyio]


async def test_an_unknown_host_gets_a_404_that_names_it(router, client):
    answer = await client.ask(host="nobody.example")
    assert answer.status == 404
    assert answer.body == b"twelve: nobody.example: There is no app at this address.\n"
    page = await client.ask(host="a&b.example", accept="text/html,*/*")
    assert (page.status, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert b"<h1>a&b.example</h1>" in page.body


async def test_a_host_with_markup_is_not_shown(router, client):
    answer = await client.raw(
        b"GET / HTTP/1.1\r\nHost: <script>\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"script" not in answer


async def test_a_deploy_without_a_ready_process_says_so_by_name(router, client, table):
    await router.apply(table())
    answer = await client.ask()
    assert answer.status == 503
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.body.startswith(b"twelve: shop/production: No process of this app is ready")
    page = await client.ask(accept="text/html")
    assert b"<h1>shop/production</h1>" in page.body
    assert b"No process of this app is ready" in page.body


async def test_an_app_that_has_died_is_named(router, client, table, apps):
    gone = apps("gone")
    gone.stop(signal.SIGKILL)
    await router.apply(table(gone))
    answer = await client.ask()
    assert answer.status == 503
    assert answer.body == (
        b"twelve: shop/production: This app did not answer the request. Try again in a moment.\n"
    )


async def test_the_apps_own_errors_are_left_alone(router, client, table, first):
    await router.apply(table(first))
    answer = await client.ask("/slow?s=x")
    assert (answer.status, answer.body) == (500, b"Internal Server Error")


async def test_what_clients_claim_about_themselves_never_arrives(router, client, table, first):
    await router.apply(table(first))
    port = client.port
    answer = await client.ask(
        "/headers",
        host=f"shop.localhost:{port}",
        x_forwarded_for="6.6.6.6",
        x_forwarded_host="evil.example",
        x_forwarded_port="1",
        x_forwarded_proto="https",
        x_forwarded_protocol="ssl",
        x_forwarded_ssl="on",
        x_forwarded_prefix="/admin",
        x_real_ip="6.6.6.6",
        x_request_id="mine",
        x_envoy_retry_on="5xx",
        x_envoy_external_address="6.6.6.6",
        x_envoy_upstream_rq_timeout_ms="1",
        x_original_url="/admin",
        forwarded="for=6.6.6.6",
        proxy="http://6.6.6.6",
        true_client_ip="6.6.6.6",
    )
    seen = {
        name: value
        for name, value in answer.facts["headers"].items()
        if name not in ("host", "x-request-id")
    }
    assert seen == {
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-host": f"shop.localhost:{port}",
        "x-forwarded-port": str(port),
        "x-forwarded-proto": "http",
        "x-real-ip": "127.0.0.1",
    }
    assert answer.facts["headers"]["host"] == f"shop.localhost:{port}"
    given = answer.facts["headers"]["x-request-id"]
    assert given == answer.headers["x-request-id"] != "mine"


async def test_a_name_with_underscores_does_not_pass_for_another(router, client, table, first):
    await router.apply(table(first))
    raw = await client.raw(
        b"GET / HTTP/1.1\r\nHost: shop.localhost\r\nX_Forwarded_For: 6.6.6.6\r\n"
        b"SCRIPT_NAME: /admin\r\nConnection: close\r\n\r\n"
    )
    assert b"6.6.6.6" not in raw
    assert b"admin" not in raw


async def test_the_path_arrives_as_it_was_sent(router, client, table, first):
    await router.apply(table(first))
    answer = await client.ask("/a//b/%2e%2e/../c%2Fd%20e?x=%2f&y=//")
    assert answer.facts["path"] == "/a//b/%2e%2e/../c%2Fd%20e"
    assert answer.facts["query"] == "x=%2f&y=//"
    assert answer.headers["server"] == "app"
    assert not [name for name in answer.headers if name.startswith("x-envoy")]


async def test_hosts_match_in_any_case_and_with_any_port(router, client, table, first):
    await router.apply(table(first, hosts=("shop.localhost", "*.shop.example", "shop.example")))
    for host in ("SHOP.localhost:1", "www.shop.example", "a.b.Shop.example:99", "shop.example"):
        assert (await client.ask(host=host)).status == 200, host
    assert (await client.ask(host="othershop.example")).status == 404


async def test_old_clients_and_odd_requests_are_answered(router, client, table, first):
    await router.apply(table(first))
    old = await client.raw(b"GET /old HTTP/1.0\r\nHost: shop.localhost\r\n\r\n")
    assert old.startswith(b"HTTP/1.0 200")
    bare = await client.raw(
        b"GET /\xc3\xa4 HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n\r\n"
    )
    assert bare.startswith(b"HTTP/1.1 400")
    smuggled = await client.raw(
        b"POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 4\r\n"
        b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n"
    )
    assert smuggled.startswith(b"HTTP/1.1 400")


async def test_each_request_has_one_line_under_its_deploy(running, client, table, first):
    router = running.router
    await router.apply(table(first, release="v7"))
    before = len(running.output.read_text().splitlines())
    await client.ask('/a"b\\c?q="}', authorization="Bearer secret", cookie="session=secret")
    await client.ask("/", "POST")
    await client.ask(host="nobody.example")
    await client.raw(b"GET / HTTP/1.1\r\nHost: <\r\n\r\n")
    lines = (await running.lines(before + 4))[before:]
    owners = [line.partition("\t")[0] for line in lines]
    assert owners == ["shop/production", "shop/production", "-", "-"]
    facts = [json.loads(line.partition("\t")[2]) for line in lines]
    quoted = facts[0]
    assert quoted["request"] == {
        "method": "GET",
        "path": '/a"b\\c?q="}',
        "host": "shop.localhost",
        "id": quoted["request"]["id"],
    }
    assert (quoted["status"], quoted["release"], quoted["remote"]) == (200, "v7", "127.0.0.1")
    assert quoted["cluster"].startswith("shop/production/web@v7+")
    assert quoted["upstream"] == f"127.0.0.1:{first.port}"
    assert (facts[1]["request"]["method"], facts[1]["received"]) == ("POST", 10)
    assert [line["status"] for line in facts[2:]] == [404, 400]
    assert "secret" not in "".join(lines)


def test_idle_connections_to_the_app_are_closed_before_the_app_would(running):
    _, document = read(running.router.place.files(0).cds)
    options = document["resources"][0]["typed_extension_protocol_options"]
    (http,) = options.values()
    assert float(http["common_http_protocol_options"]["idle_timeout"].rstrip("s")) < 2


async def test_a_route_has_its_own_idle_time(router, client, table, first):
    one = table(first)
    await router.apply(one._replace(routes=(one.routes[0]._replace(idle=0.3),)))
    began = time.monotonic()
    answer = await client.ask("/slow?s=5")
    assert answer.status == 504
    assert time.monotonic() - began < 3
    assert b"shop/production" in answer.body


async def test_a_table_that_the_router_refuses_changes_nothing(router, client, table, first):
    good = table(first)
    await router.apply(good)
    bad = Table(good.routes, (*good.backends, Backend("shop/production/web@v2+0", (70_000,))))
    with pytest.raises(TwelveError, match="less than or equal to 65535") as caught:
        await router.apply(bad)
    assert "refused its new cds.json" in str(caught.value)
    assert (await client.ask()).status == 200
    worse = Table((good.routes[0]._replace(hosts=("a b\n",)),), good.backends)
    with pytest.raises(TwelveError, match="refused its new rds"):
        await router.apply(worse)
    assert (await client.ask()).status == 200
    await router.apply(good)
    await router.apply(table())
    assert (await client.ask()).status == 503


async def test_a_route_to_nowhere_is_refused_before_it_is_written(router, table):
    route = Route("shop", "production", ("shop.localhost",), "nowhere", 0)
    with pytest.raises(Invalid, match="leads to nowhere"):
        await router.apply(Table((route,), ()))


async def test_counters_belong_to_one_cluster(router, client, table, first):
    one = table(first, release="v30")
    await router.apply(one)
    cluster = one.backends[0].cluster
    assert (await router.totals(cluster)).requests == 0
    for path in ("/", "/", "/slow?s=x"):
        await client.ask(path)
    totals = await router.totals(cluster)
    assert (totals.requests, totals.answers, totals.failures_5xx) == (3, 3, 1)
    assert (await router.totals("shop/production/web@v30+")).requests == 3
    assert (await router.totals("shop/production/web@v3+")).requests == 0
    assert await router.drained(cluster, 5)


async def test_only_our_user_can_ask_the_admin_interface(router):
    mode = os.stat(router.admin.socket).st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert stat.S_IMODE(os.stat(router.place.sockets).st_mode) == 0o700


async def test_a_taken_port_is_named(router, fresh):
    port = router.options.port
    fresh.router.options = fresh.router.options._replace(port=port)
    fresh.start()
    with pytest.raises(Conflict, match=f"127.0.0.1:{port}: it is taken"):
        await fresh.router.ready()


async def test_a_router_that_is_not_there_is_named(tmp_path):
    hours = itertools.count(step=3600)
    nobody = Router(Place(tmp_path, tmp_path / "run"), clock=lambda: float(next(hours)))
    nobody.launch()
    with pytest.raises(Unreachable, match="the router does not answer"):
        await nobody.apply(Table((), ()))


async def test_the_launch_is_plain_data_and_the_same_each_time(running):
    launch = running.router.launch()
    assert launch == json.loads(json.dumps(running.router.launch()))
    assert launch["name"] == NAME == "twelve/router@-"
    assert launch["logs"]["demux"] is True


@pytest.mark.parametrize("name", ["x-forwarded-for", "x-forwarded-proto", "x-real-ip"])
async def test_a_header_named_in_connection_cannot_be_talked_away(
    router, client, table, first, name
):
    await router.apply(table(first))
    raw = await client.raw(
        f"GET / HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close, {name}\r\n\r\n".encode()
    )
    assert raw.startswith(b"HTTP/1.1 400") or f'"{name}":'.encode() in raw


async def test_a_body_larger_than_every_buffer_passes(router, client, table, first):
    await router.apply(table(first))
    size = 8 * 1024 * 1024
    head = (
        "POST /big HTTP/1.1\r\nHost: shop.localhost\r\nExpect: 100-continue\r\n"
        f"Content-Length: {size}\r\nConnection: close\r\n\r\n"
    )
    raw = await client.raw(head.encode() + b"x" * size)
    assert raw.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


async def test_an_upgrade_that_is_no_websocket_is_refused(router, client, table, first):
    await router.apply(table(first))
    ask = (
        "GET / HTTP/1.1\r\nHost: shop.localhost\r\n"
        "Connection: Upgrade, close\r\nUpgrade: {}\r\n\r\n"
    )
    assert (await client.raw(ask.format("spdy/3").encode())).startswith(b"HTTP/1.1 403")
    # Clients that would like HTTP/2 get HTTP/1.1.
    assert (await client.raw(ask.format("h2c").encode())).startswith(b"HTTP/1.1 200")
