"""The rows of the API, by noun."""

from twelve.api.call import Row
from twelve.api.handlers.apps import APPS
from twelve.api.handlers.config import CONFIG
from twelve.api.handlers.drains import DRAINS
from twelve.api.handlers.logs import LOGS
from twelve.api.handlers.parity import PARITY
from twelve.api.handlers.platform import PLATFORM
from twelve.api.handlers.ps import PS
from twelve.api.handlers.releases import RELEASES
from twelve.api.handlers.resources import RESOURCES
from twelve.api.handlers.runs import RUNS
from twelve.api.handlers.tenants import TENANTS

ROWS: tuple[Row, ...] = (
    *PLATFORM,
    *APPS,
    *RELEASES,
    *PARITY,
    *CONFIG,
    *PS,
    *LOGS,
    *DRAINS,
    *RUNS,
    *TENANTS,
    *RESOURCES,
)
