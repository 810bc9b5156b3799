"""The listener and the bootstrap: what Envoy reads once, at its start."""

import json
from typing import Any, NamedTuple

from twelve.engines.local.router import pages
from twelve.engines.local.router.pages import TYPE_URL

SPOOFABLE = (
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-forwarded-protocol",
    "x-forwarded-scheme",
    "x-forwarded-ssl",
    "x-forwarded-prefix",
    "x-forwarded-server",
    "x-forwarded-by",
    "x-original-url",
    "x-original-host",
    "x-rewrite-url",
    "x-url-scheme",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "client-ip",
    "forwarded",
    "front-end-https",
    "proxy",
)
"""What apps believe when it comes from a proxy: taken away from clients, then set by the router."""

KEEP_ALIVE = "300s"
"""How long a client's connection may be idle between two requests."""

STREAM_IDLE = "300s"
"""For requests that no route takes; each route has its own."""

HEADERS_WITHIN = "30s"
"""A client that takes longer to say what it wants is holding a connection for nothing."""

_HCM = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_STDOUT = "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog"
_MUTATION = "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
_TO_METADATA = "envoy.extensions.filters.http.header_to_metadata.v3.Config"
_ROUTER = "envoy.extensions.filters.http.router.v3.Router"
_CONNECTIONS = (
    "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
)

ACCESS = "twelve.access"
"""Envoy's name for the four facts of a request that a client writes. As metadata they are printed
as JSON, escaped; in a text format a path with a quote would forge a line."""


_COUNTED = [
    *({"prefix": part} for part in ("server.", "cluster_manager.", "listener_manager.")),
    *({"prefix": part} for part in ("http.public.", "listener.")),
    *(
        {"suffix": f".{name}"}
        for name in (
            *(f"upstream_rq_{n}" for n in ("total", "active", "pending_active", "completed")),
            *(f"upstream_rq_{n}xx" for n in "12345"),
            *(f"upstream_rq_{n}" for n in ("time", "timeout", "retry", "retry_success")),
            *(f"upstream_cx_{n}" for n in ("total", "active", "connect_fail")),
            *("membership_healthy", "membership_total", "outlier_detection.ejections_active"),
        )
    ),
]
"""The statistics to keep: the others are a hundred for each cluster, to be walked at each look."""


class Files(NamedTuple):
    """Where Envoy finds what it reads, and makes its admin socket."""

    admin: str
    lds: str
    cds: str
    rds: str


def bootstrap(files: Files, connections: int) -> str:
    """The bootstrap; ``connections`` is how many clients may be connected at once."""
    text = {
        "node": {"id": "twelve-router", "cluster": "twelve"},
        "admin": {"address": {"pipe": {"path": files.admin, "mode": 0o600}}},
        "dynamic_resources": {"lds_config": _watched(files.lds), "cds_config": _watched(files.cds)},
        # What nobody has asked for yet is told to the next life, when that takes over.
        "stats_flush_on_admin": True,
        "stats_config": {"stats_matcher": {"inclusion_list": {"patterns": _COUNTED}}},
        "overload_manager": {
            "resource_monitors": [
                {
                    "name": "envoy.resource_monitors.global_downstream_max_connections",
                    "typed_config": {
                        "@type": TYPE_URL + _CONNECTIONS,
                        "max_active_downstream_connections": connections,
                    },
                }
            ]
        },
    }
    return json.dumps(text, indent=1)


def listeners(files: Files, address: str, port: int) -> list[dict[str, Any]]:
    """LDS: the one listener."""
    where: dict[str, Any] = {"address": address, "port_value": port}
    if address == "::":
        where["ipv4_compat"] = True
    manager = {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": _connection_manager(files),
    }
    return [
        {
            "@type": f"{TYPE_URL}envoy.config.listener.v3.Listener",
            "name": "http",
            "address": {"socket_address": where},
            "per_connection_buffer_limit_bytes": 1024 * 1024,
            # Shared, a port could be bound by two routers of one user, each with half the requests.
            "enable_reuse_port": False,
            "filter_chains": [{"filters": [manager]}],
        }
    ]


def _connection_manager(files: Files) -> dict[str, Any]:
    return {
        "@type": TYPE_URL + _HCM,
        "stat_prefix": "public",
        "codec_type": "AUTO",
        "rds": {"route_config_name": "main", "config_source": _watched(files.rds)},
        "http_filters": [
            _filter("envoy.filters.http.header_to_metadata", _TO_METADATA, request_rules=_FACTS),
            _filter("envoy.filters.http.router", _ROUTER, suppress_envoy_headers=True),
        ],
        "early_header_mutation_extensions": [
            _filter("envoy.http.early_header_mutation.header_mutation", _MUTATION, mutations=_TAKEN)
        ],
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        # X-Forwarded-For is written by the routes: Envoy would append the machine's own
        # address for a client on loopback.
        "use_remote_address": True,
        "skip_xff_append": True,
        "generate_request_id": True,
        "always_set_request_id_in_response": True,
        "server_header_transformation": "PASS_THROUGH",
        # All paths of a host lead to the same app, so nothing is won by rewriting them, and an app
        # that tells a//b from a/b would lose.
        "normalize_path": False,
        "merge_slashes": False,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        "http_protocol_options": {"accept_http_10": True},
        "common_http_protocol_options": {
            "idle_timeout": KEEP_ALIVE,
            # X_Forwarded_For and X-Forwarded-For are one name to WSGI.
            "headers_with_underscores_action": "DROP_HEADER",
        },
        "request_headers_timeout": HEADERS_WITHIN,
        "stream_idle_timeout": STREAM_IDLE,
        "local_reply_config": pages.local_replies(),
        "access_log": [_access(_LINE, seen=True), _access(_BROKEN_LINE, seen=False)],
    }


_FACTS = [
    {"header": header, "on_header_present": {"metadata_namespace": ACCESS, "key": key}}
    for header, key in (
        (":method", "method"),
        (":path", "path"),
        (":authority", "host"),
        ("x-request-id", "id"),
    )
]

_TAKEN = [
    *({"remove": name} for name in SPOOFABLE),
    {"remove_on_match": {"key_matcher": {"prefix": "x-envoy-"}}},
]

_MEASURED = (
    '"status":%RESPONSE_CODE%,"ms":%DURATION%,"bytes":%BYTES_SENT%,"received":%BYTES_RECEIVED%,'
    '"remote":"%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%","protocol":"%PROTOCOL%",'
    '"flags":"%RESPONSE_FLAGS%"'
)
_LINE = (
    "%METADATA(ROUTE:twelve:deploy)%\t{" + _MEASURED + ',"release":"%METADATA(ROUTE:twelve:release)'
    '%","cluster":"%UPSTREAM_CLUSTER_RAW%","upstream":"%UPSTREAM_HOST%",'
    f'"request":%DYNAMIC_METADATA({ACCESS})%}}\n'
)
_BROKEN_LINE = "-\t{" + _MEASURED + ',"reason":"%RESPONSE_CODE_DETAILS%"}\n'


def _access(line: str, *, seen: bool) -> dict[str, Any]:
    # A request that is no HTTP never reaches the filter that notes what it asked for.
    value = {"present_match": True} if seen else {"string_match": {"exact": "none"}}
    noted = {"filter": ACCESS, "path": [{"key": "id"}], "value": value}
    return {
        "name": "envoy.access_loggers.stdout",
        "filter": {
            "metadata_filter": {"matcher": noted, "match_if_key_not_found": {"value": not seen}}
        },
        "typed_config": {
            "@type": TYPE_URL + _STDOUT,
            "log_format": {"text_format_source": {"inline_string": line}},
        },
    }


def _filter(name: str, kind: str, **options: Any) -> dict[str, Any]:
    return {"name": name, "typed_config": {"@type": TYPE_URL + kind, **options}}


def _watched(path: str) -> dict[str, Any]:
    return {"resource_api_version": "V3", "path_config_source": {"path": path}}
