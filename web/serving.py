"""Running the app under waitress until somebody stops it; what has begun is finished first."""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from waitress.server import create_server

from gridmap import RequestError
from web.app import MEGABYTE, create_app
from web.preparing import prepare
from web.settings import Settings
from web.watching import LOG, JsonLines

PATIENCE_SECONDS = 10
"""How long a stopping server waits for the requests that have begun."""


def serve(settings: Settings, *, ready: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or an order to end; ``ready`` is told the address once the server listens.

    Raises ``RequestError`` when the port is taken.
    """
    log_to_standard_error()
    app = create_app(settings)
    sockets: dict[int, Any] = {}
    try:
        server = create_server(
            app,
            map=sockets,
            host=settings.host,
            port=settings.port,
            threads=settings.threads,
            max_request_body_size=(settings.upload_mb + 1) * MEGABYTE,
            ident=None,
            clear_untrusted_proxy_headers=not settings.proxies,
        )
    except (OSError, ValueError) as error:
        raise RequestError("server_port_taken", host=settings.host, port=settings.port, reason=str(error)) from error
    stop = threading.Event()

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    listening = threading.Thread(target=server.run, daemon=True)
    listening.start()
    prepare(app)
    shown = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    port = getattr(server, "effective_port", settings.port)
    ready(f"http://{shown}:{port}/")
    while not stop.wait(0.5) and listening.is_alive():
        pass
    # No request is begun any more; those at work are finished, and their answers sent.
    server.task_dispatcher.shutdown(cancel_pending=False, timeout=PATIENCE_SECONDS)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and any(getattr(each, "total_outbufs_len", 0) for each in list(sockets.values())):
        time.sleep(0.05)
    server.close()


def log_to_standard_error() -> None:
    """Let the log go to standard error, one JSON object a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    LOG.handlers[:] = [handler]
    LOG.setLevel(logging.INFO)
    LOG.propagate = False
    for name in ("waitress", "web"):
        logging.getLogger(name).handlers[:] = [handler]
