"""The servers that Twelve brings: a row each."""

from twelve.services.contract import Server
from twelve.services.postgres import Postgres
from twelve.services.valkey import Valkey


def servers(postgres_bin: str = "", valkey_bin: str = "") -> dict[str, Server]:
    """Kind of resource to server. The arguments are the settings of these names."""
    return {"postgres": Postgres(postgres_bin), "redis": Valkey(valkey_bin)}
