"""Clusters and routes as Envoy reads them: the two files that change with each switch."""

import hashlib
import json
from typing import Any

from twelve.engines.local.router import pages
from twelve.engines.local.router.pages import TYPE_URL
from twelve.factors.ports.routes import Backend, Route, Table, release_of

CONNECT_TIMEOUT = "2s"
"""Long enough for one more SYN when a backlog was full."""

SELECTIONS = 100
"""Looks for another process before a retry goes to one that failed it already. Of two taken at
random the balancer prefers the one with less to do, and the dead have nothing to do: where two of
three are dead, one look of nine finds the living one."""

UPSTREAM_IDLE = "0.5s"
"""Servers close idle connections after 2 s (gunicorn), 5 s (uvicorn, Node) …; a request sent at
that moment is lost, and one with an effect must not be sent twice. So the router closes first."""

SAFE_METHODS = "GET|HEAD|OPTIONS"
"""Requests that may run twice. PUT and DELETE could too, but their second answer misleads."""

_RETRY_UNSENT = "connect-failure,refused-stream,reset-before-request"
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_PREVIOUS_HOSTS = "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"


def clusters(backends: tuple[Backend, ...]) -> list[dict[str, Any]]:
    """CDS: one static cluster for each backend."""
    return [_cluster(backend) for backend in sorted(backends)]


def backends_of(document: dict[str, Any]) -> tuple[Backend, ...]:
    """The backends that a CDS document holds: what was written is read back."""
    return tuple(Backend(c["name"], _ports(c)) for c in document.get("resources", ()))


def clusters_used(document: dict[str, Any]) -> frozenset[str]:
    """The clusters that an RDS document leads to."""
    return frozenset(
        route["route"]["cluster"]
        for resource in document.get("resources", ())
        for host in resource["virtual_hosts"]
        for route in host["routes"]
        if "route" in route
    )


def routes(table: Table) -> list[dict[str, Any]]:
    """RDS: the one route configuration, a virtual host for each route, and one for all others."""
    ordered = sorted(table.routes, key=lambda route: (route.app, route.deploy, route.hosts))
    hosts = [_virtual_host(route) for route in ordered]
    hosts.append(
        {
            "name": "-",
            "domains": ["*"],
            "routes": [
                {"match": {"prefix": "/"}, "direct_response": pages.direct(404, pages.UNKNOWN)}
            ],
        }
    )
    return [
        {
            "@type": f"{TYPE_URL}envoy.config.route.v3.RouteConfiguration",
            "name": "main",
            "virtual_hosts": hosts,
            "ignore_port_in_host_matching": True,
            "request_headers_to_add": [_header(*pair) for pair in FORWARDED],
            "request_headers_to_remove": ["x-envoy-external-address", "x-envoy-internal"],
        }
    ]


FORWARDED = (
    # The address of the connection: what a client claims was removed before.
    ("x-forwarded-for", "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"),
    ("x-real-ip", "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"),
    ("x-forwarded-host", "%REQ(:AUTHORITY)%"),
    ("x-forwarded-port", "%DOWNSTREAM_LOCAL_PORT%"),
)


def document(resources: list[dict[str, Any]]) -> str:
    """A file for Envoy. Its version is the digest of its content: the acknowledgement names it."""
    body = json.dumps(resources, sort_keys=True, separators=(",", ":"))
    version = hashlib.sha256(body.encode()).hexdigest()[:16]
    return f'{{"version_info":"{version}","resources":{body}}}'


def version_of(document: str) -> str:
    """The version of a file for Envoy, without reading the rest of it."""
    return document.partition('"version_info":"')[2].partition('"')[0]


def _cluster(backend: Backend) -> dict[str, Any]:
    limits = {"max_connections": 10_000, "max_pending_requests": 10_000, "max_requests": 10_000}
    # One alone is never left alone: then looking at it would only cost.
    outliers = {"outlier_detection": _OUTLIERS} if len(backend.ports) > 1 else {}
    return {
        **outliers,
        "@type": f"{TYPE_URL}envoy.config.cluster.v3.Cluster",
        "name": backend.cluster,
        "type": "STATIC",
        "connect_timeout": CONNECT_TIMEOUT,
        "lb_policy": "LEAST_REQUEST",
        # By default what befalls a process within a second of another change is heeded only at the
        # second's end: one that was ejected for half of it would come back a second too late.
        "common_lb_config": {"update_merge_window": "0s"},
        "circuit_breakers": {"thresholds": [{**limits, "max_retries": 1_000}]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": TYPE_URL + _HTTP_OPTIONS,
                "common_http_protocol_options": {"idle_timeout": UPSTREAM_IDLE},
                "explicit_http_config": {"http_protocol_options": {}},
            }
        },
        "load_assignment": {
            "cluster_name": backend.cluster,
            "endpoints": [{"lb_endpoints": [_endpoint(port) for port in sorted(backend.ports)]}],
        },
    }


# A process that was killed is left alone for a moment instead of costing each request a retry, and
# tried again so often that it is back within a second of its boot. An app's own 5xx never counts,
# and when none is left all are tried (Envoy's panic threshold).
_OUTLIERS = {
    "split_external_local_origin_errors": True,
    "consecutive_local_origin_failure": 2,
    "enforcing_consecutive_local_origin_failure": 100,
    "enforcing_consecutive_5xx": 0,
    "enforcing_consecutive_gateway_failure": 0,
    "enforcing_success_rate": 0,
    "enforcing_local_origin_success_rate": 0,
    "interval": "0.25s",
    "base_ejection_time": "0.25s",
    "max_ejection_time": "0.5s",
    "max_ejection_percent": 50,
}


def _endpoint(port: int) -> dict[str, Any]:
    address = {"address": "127.0.0.1", "port_value": port}
    return {"endpoint": {"address": {"socket_address": address}}}


def _ports(cluster: dict[str, Any]) -> tuple[int, ...]:
    return tuple(
        endpoint["endpoint"]["address"]["socket_address"]["port_value"]
        for locality in cluster["load_assignment"]["endpoints"]
        for endpoint in locality["lb_endpoints"]
    )


def _virtual_host(route: Route) -> dict[str, Any]:
    return {
        # One deploy may have a route for each of several types.
        "name": f"{route.label} {min(route.hosts)}",
        "domains": sorted(host.lower() for host in route.hosts),
        "routes": _to_cluster(route, route.cluster) if route.cluster else [_not_ready(route)],
    }


def _not_ready(route: Route) -> dict[str, Any]:
    return {
        "match": {"prefix": "/"},
        "metadata": _metadata(route),
        "direct_response": pages.direct(503, pages.NOT_READY),
        "response_headers_to_add": [_header("retry-after", "2")],
    }


def _to_cluster(route: Route, cluster: str) -> list[dict[str, Any]]:
    safe = {"name": ":method", "string_match": {"safe_regex": {"regex": SAFE_METHODS}}}
    cases = (
        ({"prefix": "/", "headers": [safe]}, f"{_RETRY_UNSENT},reset"),
        ({"prefix": "/"}, _RETRY_UNSENT),
    )
    return [
        {
            "match": match,
            "metadata": _metadata(route),
            "route": {
                "cluster": cluster,
                "timeout": "0s",
                "idle_timeout": f"{route.idle:.3f}s",
                "retry_policy": _retry(on),
            },
        }
        for match, on in cases
    ]


def _retry(on: str) -> dict[str, Any]:
    predicate = {
        "name": "envoy.retry_host_predicates.previous_hosts",
        "typed_config": {"@type": TYPE_URL + _PREVIOUS_HOSTS},
    }
    return {
        "retry_on": on,
        "num_retries": 5,
        "retry_back_off": {"base_interval": "0.025s", "max_interval": "0.25s"},
        "retry_host_predicate": [predicate],
        "host_selection_retry_max_attempts": SELECTIONS,
    }


def _metadata(route: Route) -> dict[str, Any]:
    facts = {"deploy": route.label, "release": release_of(route.cluster or "")}
    return {"filter_metadata": {"twelve": {name: text for name, text in facts.items() if text}}}


def _header(name: str, value: str) -> dict[str, Any]:
    return {
        "header": {"key": name, "value": value},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    }
