import pytest

from twelve.errors import Invalid
from twelve.factors.dependencies.machine.packages import absent, dpkg_names, system_packages


def packages(text, table=()):
    return system_packages({"Aptfile": text.encode()}.get, {"packages": table})


def test_an_aptfile():
    text = (
        "# media\nffmpeg  # films\nlibpq5 libvips42:amd64\nimagemagick=8:6.9*\n"
        ":repo:deb https://r.example/debian stable main\n"
        "https://r.example/pool/wkhtmltox_0.12.6-1_amd64.deb\n\n"
    )
    assert [(one.name, one.place) for one in packages(text)] == [
        ("ffmpeg", "Aptfile: line 2"),
        ("libpq5", "Aptfile: line 3"),
        ("libvips42", "Aptfile: line 3"),
        ("imagemagick", "Aptfile: line 4"),
        ("wkhtmltox", "Aptfile: line 6"),
    ]


def test_the_build_table():
    assert packages("", ["ffmpeg"]) == (("ffmpeg", "twelve.toml: build/packages"),)
    assert system_packages(lambda _: None, {}) == ()


@pytest.mark.parametrize("word", ["Foo", "-y", "$(x)", "x"])
def test_what_is_no_name_is_told_with_its_line(word):
    with pytest.raises(Invalid, match=r"^Aptfile: line 2: .* is no name of a system package"):
        packages(f"ok1\n{word}\n")


def test_what_is_missing_is_named_with_the_command():
    error = absent(packages("ffmpeg\nlibpq5\n"), "apt-get install")
    assert error.message == (
        "the app needs system packages not on this machine: ffmpeg (Aptfile: line 1), libpq5 "
        "(Aptfile: line 2)"
    )
    assert error.hint == "as root, run `apt-get install ffmpeg libpq5`"


def test_what_is_installed_and_what_that_provides():
    listing = (
        "installed\tmawk\tawk\ninstalled\texim4\tmail-transport-agent (= 4), x\n"
        "config-files\tgone\t\ninstalled\tbash\t\n"
    )
    assert dpkg_names(listing) == {"mawk", "awk", "exim4", "mail-transport-agent", "x", "bash"}
