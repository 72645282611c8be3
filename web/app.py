"""The app: one blueprint for each job, registered from one tuple."""

from __future__ import annotations

from typing import Any

from flask import Flask, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from web import accounts, administration, api, auditing, coverage, library, member_import, members, public, start, tiles, watching
from web.accounts import init_accounts
from web.failures import init_failures
from web.headers import init_headers
from web.language import init_language
from web.security import access_of, check_access, check_declarations
from web.settings import Settings
from web.standing import make_standing
from web.watching import init_watching

BLUEPRINTS = (
    watching.blueprint,
    accounts.blueprint,
    start.blueprint,
    tiles.blueprint,
    public.blueprint,
    library.blueprint,
    coverage.blueprint,
    api.blueprint,
    members.blueprint,
    member_import.blueprint,
    administration.blueprint,
    auditing.blueprint,
)
"""Every job of the server. A new one is added here; its views say whom they are for, see :mod:`web.security`."""

PAGES = (
    ("start.page", "page_start"),
    ("coverage.page", "staff_title"),
    ("members.page", "members_title"),
    ("administration.accounts", "accounts_title"),
    ("auditing.page", "audit_title"),
    ("accounts.home", "account_title"),
)
"""What stands in the navigation at the top, in this order: the view and the code of its title; shown to the roles that the view is for."""

GUESSED = ("accounts.login", "accounts.password")
"""The views where somebody might try passwords."""

MEGABYTE = 1_000_000


def create_app(settings: Settings) -> Flask:
    """Return the app that serves the workspace of ``settings``; its private store must be there (``gridmap serve`` makes it).

    Raises ``LookupError`` when a view does not say whom it is for.
    """
    settings = settings.absolute()
    app = Flask("web")
    app.extensions["gridmap"] = make_standing(settings)
    app.config.update(
        SECRET_KEY=app.extensions["gridmap"].store.secret(),
        SESSION_COOKIE_NAME="gridmap_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.https,
        MAX_CONTENT_LENGTH=settings.upload_mb * MEGABYTE,
        MAX_FORM_PARTS=1000,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=settings.https,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies, x_host=settings.proxies)  # type: ignore[method-assign]
    init_watching(app)
    init_language(app)
    init_headers(app)
    init_failures(app)
    init_accounts(app)
    limiter = Limiter(get_remote_address, app=app, application_limits=[settings.request_limit], storage_uri="memory://")
    app.before_request(check_access)
    CSRFProtect(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    _limit_guessing(app, limiter, settings)
    check_declarations(app)
    app.jinja_env.globals["pages"] = lambda: [(endpoint, code, access_of(app, endpoint).roles) for endpoint, code in PAGES]
    return app


def _limit_guessing(app: Flask, limiter: Limiter, settings: Settings) -> None:
    """Limit how often an address may try a password, and how often anybody may try one for the same account."""
    for endpoint in GUESSED:
        view: Any = app.view_functions[endpoint]
        for key in (get_remote_address, _account_tried):
            view = limiter.limit(settings.login_limit, key_func=key, methods=["POST"])(view)
        app.view_functions[endpoint] = view


def _account_tried() -> str:
    return f"account {request.form.get('name', '').strip().casefold()[:100]}"
