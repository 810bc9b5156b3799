"""A compose file as Procfile and twelve.toml: ``twelve init --from compose``."""

from twelve.manifest.compose.proposal import FILES as FILES
from twelve.manifest.compose.proposal import from_compose as from_compose
