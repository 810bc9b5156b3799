import pytest

from twelve.errors import Invalid
from twelve.manifest.apps import read_apps


def test_each_app_has_its_folder_in_the_order_of_the_file():
    data = b'[apps]\nshop = "services/shop"\nbilling = "./services/billing/"\n'

    assert list(read_apps(data).items()) == [
        ("shop", "services/shop"),
        ("billing", "services/billing"),
    ]


def test_the_top_may_be_an_app_too_and_then_says_more():
    assert read_apps(b'[apps]\nshop = "."\nbilling = "b"\n[build]\nhooks = []\n') == {
        "shop": ".",
        "billing": "b",
    }


@pytest.mark.parametrize("data", [b"", b'app = "shop"\n', b"nonsense", b"\xff"])
def test_a_file_without_the_table_lists_nothing(data):
    assert read_apps(data) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("apps = 1", "apps: 1 is not a table"),
        ("[apps]", "apps: is empty"),
        ("[apps]\nBad = 'x'", "apps: 'Bad' is not a name for an app"),
        ("[apps]\na = ''", "apps/a: '' is not a folder"),
        ("[apps]\na = 3", "apps/a: 3 is not a folder"),
        ("[apps]\na = '/etc'", "apps/a: '/etc' is not a folder"),
        ("[apps]\na = 'x/../..'", "apps/a: 'x/../..' lies outside the repository"),
        ("[apps]\na = 'x'\nb = './x'", "apps/b: './x' is the folder of a already"),
        ("app = 'z'\n[apps]\na = 'x'", "app: belongs in the twelve.toml of one of the apps"),
    ],
)
def test_what_is_off_is_named_with_its_place(text, said):
    with pytest.raises(Invalid) as caught:
        read_apps(text.encode())

    assert caught.value.message.startswith(f"twelve.toml: {said}")
    assert caught.value.hint


def test_every_fault_is_named_at_once():
    with pytest.raises(Invalid) as caught:
        read_apps(b"[apps]\na = 1\nb = '/'\n[build]\n")

    assert len([caught.value.message, *caught.value.problems]) == 3
