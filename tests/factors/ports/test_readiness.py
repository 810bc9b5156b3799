"""When a process is ready, and what is said when it is not."""

import pytest

from twelve.factors.ports.readiness import Listener, Reply, exposures, silence, verdict


@pytest.mark.parametrize("status", [200, 302, 401, 404, 500, 503])
def test_any_http_answer_will_do(status):
    assert verdict(Reply(status), None).ready


@pytest.mark.parametrize(
    ("status", "ready"), [(199, False), (200, True), (399, True), (400, False), (500, False)]
)
def test_a_health_path_answers_2xx_or_3xx(status, ready):
    assert verdict(Reply(status), "/healthz").ready is ready


def test_the_verdict_says_why_not():
    said = verdict(Reply(500), "/healthz").reason
    assert said == "GET /healthz answers 500, ready is 2xx or 3xx"
    refused = Reply(None, "nothing accepts connections on 127.0.0.1:20003")
    assert verdict(refused, None) == (False, refused.problem)


def test_another_port_is_named_by_address_and_number():
    said = silence(20003, [Listener("127.0.0.1", 5000), Listener("127.0.0.1", 5000)])
    assert said == "listens on 127.0.0.1:5000 instead of $PORT=20003; bind to 127.0.0.1:$PORT"
    both = silence(20003, [Listener("::", 5000), Listener("0.0.0.0", 80)])
    assert both.startswith("listens on 0.0.0.0:80, [::]:5000 instead of $PORT=20003")


def test_the_right_port_at_an_address_that_the_router_does_not_ask():
    said = silence(20003, [Listener("::1", 20003), Listener("127.0.0.1", 9)])
    assert said == (
        "listens on [::1]:20003, where the router cannot reach it; bind to 127.0.0.1:$PORT"
    )


def test_no_port_at_all():
    said = silence(20003, [])
    assert said == "does not listen on any port; bind to 127.0.0.1:$PORT (PORT=20003)"


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::", "::ffff:127.0.0.1"])
def test_the_right_port_without_an_answer(address):
    said = silence(20003, [Listener(address, 20003)], "no answer to GET / within 5 s")
    assert said == "listens on $PORT=20003, but: no answer to GET / within 5 s"


def test_what_other_machines_can_reach_is_a_warning():
    inside = [Listener("127.0.0.1", 1), Listener("127.9.9.9", 2), Listener("::1", 3)]
    assert exposures([*inside, Listener("::ffff:127.0.0.1", 4)]) == ()
    assert exposures([*inside, Listener("0.0.0.0", 20003), Listener("::", 20003)]) == (
        "listens on 0.0.0.0:20003: reachable past the router; bind to 127.0.0.1 ($HOST)",
        "listens on [::]:20003: reachable past the router; bind to 127.0.0.1 ($HOST)",
    )
    assert len(exposures([Listener("192.0.2.1", 1), Listener("::ffff:192.0.2.1", 1)])) == 2
