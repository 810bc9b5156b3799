"""What the router itself answers: unknown hosts, deploys without a ready process, failures."""

import html
from typing import Any

TYPE_URL = "type.googleapis.com/"

FAILED_FLAGS = ("UH", "UF", "UO", "UC", "UR", "LR", "URX", "NC", "UT", "UPE", "SI")
"""Envoy's response flags that mean: the app was asked, or could not be."""

UNKNOWN = "There is no app at this address."
NOT_READY = "No process of this app is ready to answer. Try again in a moment."
FAILED = "This app did not answer the request. Try again in a moment."

# `&` is the one character of markup that Envoy lets through in a Host: it cannot open a tag.
HOST = "%REQ(:AUTHORITY)%"
DEPLOY = "%METADATA(ROUTE:twelve:deploy)%"
BODY = "%LOCAL_REPLY_BODY%"

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>body {{ font: 1.1em/1.5 system-ui, sans-serif; margin: 15vh auto; max-width: 34em; \
padding: 0 1em; color: #222 }} code {{ color: #555 }} \
@media (prefers-color-scheme: dark) {{ body {{ background: #161616; color: #ddd }} \
code {{ color: #aaa }} }}</style>
<h1>{title}</h1>
<p>{sentence}</p>
<p><code>%RESPONSE_CODE% · request %REQ(X-REQUEST-ID)%</code></p>
</html>
"""


def local_replies() -> dict[str, Any]:
    """Envoy's local_reply_config: HTML for who accepts it, one line of text for all others."""
    unknown = {"status_code_filter": _status_is(404)}
    unready = {"status_code_filter": _status_is(503)}
    failed = {"response_flag_filter": {"flags": list(FAILED_FLAGS)}}
    cases = (
        (failed, DEPLOY, FAILED, f"{DEPLOY}: {FAILED}"),
        (unready, DEPLOY, "", f"{DEPLOY}: {BODY}"),
        (unknown, HOST, "", f"{HOST}: {BODY}"),
    )
    mappers = []
    for case, title, sentence, line in cases:
        page = _PAGE.format(title=title, sentence=html.escape(sentence) or BODY)
        mappers.append(_mapper({"and_filter": {"filters": [case, _WANTS_HTML]}}, page, "text/html"))
        mappers.append(_mapper(case, f"twelve: {line}\n", "text/plain"))
    return {"mappers": mappers}


def direct(status: int, sentence: str) -> dict[str, Any]:
    """A route's direct_response; local_replies() dresses it."""
    return {"status": status, "body": {"inline_string": sentence}}


_WANTS_HTML = {
    "header_filter": {"header": {"name": "accept", "string_match": {"contains": "text/html"}}}
}


def _status_is(status: int) -> dict[str, Any]:
    value = {"default_value": status, "runtime_key": "twelve.none"}
    return {"comparison": {"op": "EQ", "value": value}}


def _mapper(condition: dict[str, Any], text: str, kind: str) -> dict[str, Any]:
    return {
        "filter": condition,
        "body_format_override": {
            "text_format_source": {"inline_string": text},
            "content_type": f"{kind}; charset=utf-8",
        },
        "headers_to_add": [
            {
                "header": {"key": "cache-control", "value": "no-store"},
                "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
            }
        ],
    }
