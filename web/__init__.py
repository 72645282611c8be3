"""The server: pages and an API over one workspace. It uses gridmap's public names alone; no rule and no geometry is computed here."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from web.app import create_app as create_app
    from web.settings import Settings as Settings

_MODULE_OF = {"Settings": "web.settings", "create_app": "web.app"}

__all__ = list(_MODULE_OF)


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for, so that a worker process need not load the whole server."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'web' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULE_OF[name]), name)
