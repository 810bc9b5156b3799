"""Host names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelve.errors import Invalid
from twelve.factors.ports.hosts import curl_line, default_hosts, domain, url


def test_production_has_the_apps_own_name():
    assert default_hosts("shop", "production") == ("shop.localhost",)
    assert default_hosts("shop", "staging") == ("staging.shop.localhost",)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("example.com", "example.com"),
        (" WWW.Example.COM. ", "www.example.com"),
        ("*.example.com", "*.example.com"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("straße.de", "xn--strae-oqa.de"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("intranet", "intranet"),
        ("localhost", "localhost"),
        ("192.0.2.7", "192.0.2.7"),
        ("a_b.example", "a_b.example"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
    ],
)
def test_a_domain_is_kept_in_one_form(text, kept):
    assert domain(text) == kept
    assert domain(kept) == kept


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("https://example.com/x", "is a URL", "write the name alone: example.com"),
        ("http://example.com:80", "is a URL", "write the name alone: example.com"),
        ("https://", "is a URL", "write the name alone: example.com"),
        ("example.com:8080", "has a port", "write the name alone: example.com"),
        ("", "is empty", "write a name"),
        ("*", "has its * in the wrong place", "write *.example.com"),
        ("www.*.com", "has its * in the wrong place", "write *.example.com"),
        ("*.", "has its * in the wrong place", "write *.example.com"),
        ("shop.localhost", "is below .localhost", "www.example.com"),
        ("*.localhost", "is below .localhost", "www.example.com"),
        ("a b.com", "'a b' is not one of its parts", "letters, digits and hyphens"),
        ("-a.com", "'-a' is not one of its parts", "a hyphen neither first nor last"),
        ("a..com", "'' is not one of its parts", "1 to 63"),
        ("a" * 64 + ".com", "is not one of its parts", "1 to 63"),
        ("a.\n.com", "is not one of its parts", "1 to 63"),
        ("[::1]", "is not one of its parts", ""),
        ("☃.example\u0000", "is not a domain name", ""),
        (".".join(["abcdefghi"] * 30), "has 299 characters", "253"),
    ],
)
def test_what_is_no_domain_is_refused_with_the_way_out(text, said, hint):
    with pytest.raises(Invalid) as caught:
        domain(text)
    assert said in caught.value.message
    assert hint in caught.value.hint


@given(st.text())
def test_any_text_is_a_domain_or_invalid(text):
    try:
        kept = domain(text)
    except Invalid:
        return
    assert kept.isascii()
    assert domain(kept) == kept


def test_urls_leave_out_the_usual_port():
    assert url("shop.localhost", 8080) == "http://shop.localhost:8080"
    assert url("example.com", 80) == "http://example.com"
    assert url("example.com", 443, scheme="https") == "https://example.com"


def test_the_curl_line_needs_no_resolver():
    line = "curl -H 'Host: shop.localhost' http://127.0.0.1:8080/"
    assert curl_line("shop.localhost", "127.0.0.1", 8080) == line
    assert curl_line("shop.localhost", "0.0.0.0", 8080) == line
    assert curl_line("a.example", "::1", 80) == "curl -H 'Host: a.example' http://[::1]/"
