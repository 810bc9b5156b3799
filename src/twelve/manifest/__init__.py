"""The manifest: Procfile, twelve.toml, app.json and .env.example, read as one value."""

from twelve.factors.config.contract import Declared as Declared
from twelve.factors.processes.types import ProcessType as ProcessType
from twelve.manifest.model import Build as Build
from twelve.manifest.model import Manifest as Manifest
from twelve.manifest.model import Schedule as Schedule
from twelve.manifest.model import from_plain as from_plain
from twelve.manifest.model import to_plain as to_plain
from twelve.manifest.reading import build_variables as build_variables
from twelve.manifest.reading import read_manifest as read_manifest
