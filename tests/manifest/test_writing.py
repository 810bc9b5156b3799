from hypothesis import given
from hypothesis import strategies as st

from twelve.manifest import Declared, read_manifest
from twelve.manifest.writing import render_env_example, render_procfile, render_twelve_toml

TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1).map(str.strip).filter(bool)


def test_a_procfile_is_read_back():
    text = render_procfile({"web": "serve --port $PORT", "worker": "work"}, "migrate")
    found = read_manifest({"Procfile": text.encode()}.get)

    assert text.splitlines()[0] == "release: migrate"
    assert {n: p.command for n, p in found.processes.items()} == {
        "web": "serve --port $PORT",
        "worker": "work",
    }


def test_a_contract_is_read_back_from_an_example_without_its_secrets():
    contract = {
        "SECRET_KEY": Declared(secret=True, example="canary", description="signs sessions"),
        "SMTP_HOST": Declared(),
        "DEBUG": Declared(required=False, example="1"),
        "NOTE": Declared(required=False),
    }
    text = render_env_example(contract)
    found = read_manifest({".env.example": text.encode()}.get).contract

    assert "canary" not in text
    assert {n: (d.required, d.secret) for n, d in found.items()} == {
        n: (d.required, d.secret) for n, d in contract.items()
    }


def test_a_twelve_toml_is_read_back():
    text = render_twelve_toml(
        app="shop",
        hooks=["python -c 'print(\"x\")'"],
        release="migrate",
        processes={"web": {"health": "/healthz", "grace": 5, "overlap": False}},
        config={"A": Declared(secret=True), "B": Declared(required=False, default="1")},
        resources={"DATABASE_URL": "postgres"},
    )
    found = read_manifest({"twelve.toml": text.encode(), "Procfile": b"web: x"}.get)

    assert found.app == "shop"
    assert found.build.hooks == ("python -c 'print(\"x\")'",)
    assert found.release_command == "migrate"
    assert found.processes["web"].health == "/healthz"
    assert found.processes["web"].grace == 5.0
    assert not found.processes["web"].overlap
    assert found.contract == {
        "A": Declared(secret=True),
        "B": Declared(required=False, default="1"),
    }
    assert found.resources == {"DATABASE_URL": "postgres"}


def test_nothing_proposed_is_nothing_written():
    assert render_twelve_toml() == render_procfile({}) == render_env_example({}) == ""


@given(TEXTS)
def test_any_text_is_read_back_from_toml(text):
    toml = render_twelve_toml(config={"A": Declared(description=text, build=text)})
    found = read_manifest({"twelve.toml": toml.encode()}.get).contract["A"]

    assert (found.description, found.build) == (text, text)
