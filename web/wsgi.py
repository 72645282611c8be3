"""The server as an app for gunicorn and its like::

    gunicorn --workers 2 --threads 8 "web.wsgi:application('town.gpkg')"

Settings come from the environment, see :mod:`web.settings`; the first account is made beforehand by ``gridmap user add``.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from gridmap import PrivateStore
from web.app import create_app
from web.preparing import prepare
from web.serving import log_to_standard_error
from web.settings import load_settings


def application(workspace: str, settings: str | None = None) -> Flask:
    """Return the app that serves a workspace, with a file of settings where one is given. It prepares its maps in each process that calls this.

    Raises ``RequestError`` for a setting that makes no sense.
    """
    chosen = load_settings(Path(workspace), file=None if settings is None else Path(settings))
    log_to_standard_error()
    PrivateStore(chosen.private_path).make()
    app = create_app(chosen)
    prepare(app)
    return app
