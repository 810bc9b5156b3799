from tests.engines.local.supervisor.conftest import base, world

__all__ = ["base", "world"]
