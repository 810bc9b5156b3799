"""The forms in which variables are taken in and given out."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from twelve.factors.config.dotenv.docker import parse_docker, write_docker
from twelve.factors.config.dotenv.foreman import parse_foreman, write_foreman
from twelve.factors.config.dotenv.own import parse_dotenv, parse_json, write_dotenv, write_json

Pairs = Iterable[tuple[str, str]]


class Form(NamedTuple):
    """How a form is read and written. Writing refuses by name what the form cannot hold."""

    parse: Callable[[str | bytes, str], list[tuple[str, str]]]
    write: Callable[[Pairs], str]


FORMS: dict[str, Form] = {
    "dotenv": Form(parse_dotenv, write_dotenv),
    "docker": Form(parse_docker, write_docker),
    "foreman": Form(parse_foreman, write_foreman),
    "json": Form(parse_json, write_json),
}
