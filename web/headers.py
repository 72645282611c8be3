"""Headers of every reply: what the browser may run and load, and what may be kept."""

from __future__ import annotations

import secrets
from typing import Any, cast

from flask import Flask, Response, current_app, g, request
from flask_login import current_user

from web.security import access_of

POLICY: dict[str, tuple[str, ...]] = {
    "default-src": ("'none'",),
    "script-src": (),
    "style-src": ("'self'",),
    "img-src": ("'self'", "data:", "blob:"),
    "connect-src": ("'self'",),
    "font-src": ("'self'",),
    "worker-src": ("'self'", "blob:"),
    "manifest-src": ("'self'",),
    "form-action": ("'self'",),
    "base-uri": ("'none'",),
    "frame-ancestors": ("'none'",),
}
"""What a page may load. A script runs when it carries the nonce of its page; modules that it imports inherit the permission."""

FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), payment=(), usb=(), geolocation=(self)",
}


def nonce() -> str:
    """Return what marks the scripts of this page as ours; it stands in their ``nonce``, as templates write it."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


def permit(directive: str, *sources: str) -> None:
    """Let this reply's page do more than others, for example ``permit("frame-ancestors", "*")`` for a page made to be embedded."""
    g.setdefault("permitted", {})[directive] = sources


def basemap_here() -> dict[str, Any] | None:
    """Return the basemap for this reply's page, None when the settings ask for none; its tiles may be fetched by this page alone."""
    basemap = current_app.extensions["gridmap"].basemap
    if basemap is None:
        return None
    for directive in ("img-src", "connect-src"):
        permit(directive, *POLICY[directive], *basemap.hosts)
    return cast("dict[str, Any]", basemap.content())


def add_headers(response: Response) -> Response:
    """After every request: put on the headers."""
    permitted = g.get("permitted", {})
    policy = {**POLICY, "script-src": (f"'nonce-{nonce()}'",), **permitted}
    response.headers.setdefault("Content-Security-Policy", "; ".join(f"{name} {' '.join(sources)}" for name, sources in policy.items()))
    for name, value in FIXED.items():
        response.headers.setdefault(name, value)
    if "frame-ancestors" not in permitted:
        response.headers.setdefault("X-Frame-Options", "DENY")
    if current_app.extensions["gridmap"].settings.https:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    _say_what_may_be_kept(response)
    return response


def _say_what_may_be_kept(response: Response) -> None:
    """Private replies are kept nowhere; public ones as their view says, by default only after asking again."""
    public = request.endpoint is not None and access_of(current_app, request.endpoint).is_public
    personal = response.mimetype == "text/html" and current_user.is_authenticated
    if not public or personal or response.status_code >= 400:
        response.headers["Cache-Control"] = "no-store"
    elif "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-cache"
    if response.mimetype == "text/html":
        response.vary.update(("Cookie", "Accept-Language"))


def init_headers(app: Flask) -> None:
    """Let every reply of the app have the headers."""
    app.after_request(add_headers)
    app.jinja_env.globals["nonce"] = nonce
