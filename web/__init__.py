"""The server: pages and an API over one workspace. It uses gridmap's public names alone; no rule and no geometry is computed here."""

from __future__ import annotations

from web.app import create_app as create_app
from web.settings import Settings as Settings

__all__ = ["Settings", "create_app"]
