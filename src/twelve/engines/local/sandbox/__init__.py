"""What a process may see and use: namespaces, a fresh root, Landlock, seccomp, by tier."""

from twelve.engines.local.sandbox.box import HOME, clone_flags
from twelve.engines.local.sandbox.bwrap import wrap
from twelve.engines.local.sandbox.confine import confine, confine_init
from twelve.engines.local.sandbox.mounts import enter, map_ids
from twelve.engines.local.sandbox.syscalls import clone

__all__ = ["HOME", "clone", "clone_flags", "confine", "confine_init", "enter", "map_ids", "wrap"]
