"""What the first visitors would otherwise wait for, done once the server has started: the workspace read, the maps' loops compiled, the walks."""

from __future__ import annotations

import gc
import threading
import time

from flask import Flask

from gridmap import GridmapError, WorkspaceError
from web import coverage, public, tiles
from web.circles import circles_now
from web.ground import Sight
from web.standing import standing
from web.watching import LOG


def prepare(app: Flask) -> None:
    """Begin to prepare, in a thread; ``/health`` says so until maps open at once.

    On a new installation that takes some 20 seconds, once: tiles are cut by loops that are compiled when they are first used.
    """
    app.extensions["gridmap"].ready.clear()
    threading.Thread(target=_prepare, args=(app,), name="preparing", daemon=True).start()


def _prepare(app: Flask) -> None:
    begun, ready = time.perf_counter(), app.extensions["gridmap"].ready
    # Views are called as by a visitor who says nothing about himself.
    with app.test_request_context("/"):
        try:
            sight = _first_sight()
            ready.set()
            LOG.info("maps prepared", extra={"told": {"ms": round(1000 * (time.perf_counter() - begun))}})
            if public.has_venues(sight):
                circles_now(standing().settings, sight)
                public.page()
            coverage.walks_now(sight)
        except WorkspaceError as error:
            # A server may start before there is a workspace: the start page makes it.
            LOG.info(error.sentence("en"))
        except GridmapError as error:
            # Whoever asks for that page is told the same.
            LOG.warning(error.sentence("en"))
        finally:
            ready.set()


def _first_sight() -> Sight:
    """Read the workspace and cut the first tiles; the collector of garbage, which would look through all of it again and again, stays away."""
    gc.disable()
    try:
        sight = standing().ground.sight()
        tiles.warm(sight)
        gc.freeze()
    finally:
        gc.enable()
    return sight
