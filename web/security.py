"""Who may ask for what: every view declares it, and a view that does not is refused when the app is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from flask import Flask, abort, current_app, redirect, request, url_for
from flask_login import current_user

from gridmap import User, role_names

View = TypeVar("View", bound=Callable[..., Any])

ROLES = role_names()
WITH_A_GIVEN_PASSWORD = ("accounts.password", "accounts.logout")
"""All that an account may do as long as somebody else knows its password."""
FORM_BYTES = 1_000_000
"""The largest body of a request to a view that takes no uploads."""


@dataclass(frozen=True, slots=True)
class Access:
    """Whom a view is for. ``roles`` empty: for everybody, logged in or not. ``uploads``: large bodies are taken."""

    roles: frozenset[str] = frozenset()
    uploads: bool = False

    @property
    def is_public(self) -> bool:
        """Tell whether everybody may see it."""
        return not self.roles


def allowed(*roles: str, uploads: bool = False) -> Callable[[View], View]:
    """Declare the roles that a view is for: ``@allowed("planner", "administrator")``. The territory is the view's own business."""
    unknown = set(roles) - set(ROLES)
    if unknown or not roles:
        raise ValueError(f"no such roles: {sorted(unknown)}")
    return _declare(Access(frozenset(roles), uploads))


def any_account(view: View) -> View:
    """Declare a view to be for everybody who is logged in."""
    return _declare(Access(frozenset(ROLES)))(view)


def public_view(view: View) -> View:
    """Declare a view to be for everybody."""
    return _declare(Access())(view)


def _declare(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.access = access  # type: ignore[attr-defined]
        return view

    return mark


def access_of(app: Flask, endpoint: str) -> Access:
    """Return whom a view is for; raises ``LookupError`` when it does not say."""
    access = getattr(app.view_functions[endpoint], "access", None)
    if access is None:
        raise LookupError(f"the view {endpoint!r} does not say whom it is for: put @allowed(...) or @public_view below its route")
    return cast(Access, access)


def check_declarations(app: Flask) -> None:
    """Refuse an app with a view that does not say whom it is for."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.rpartition(".")[2] == "static":
            public_view(app.view_functions[rule.endpoint])
        access_of(app, rule.endpoint)


def check_access() -> None:
    """Before every request: answer 401 or 403 unless the view is for whoever asks."""
    # An address that no view has is answered with 404 whoever asks.
    if request.endpoint is None:
        return
    access = access_of(current_app, request.endpoint)
    if not access.uploads:
        request.max_content_length = FORM_BYTES
    if access.is_public:
        return
    user = signed_in()
    if user is None:
        abort(401)
    if user.must_change and request.endpoint not in WITH_A_GIVEN_PASSWORD:
        abort(redirect(url_for("accounts.password")))
    if user.role not in access.roles:
        abort(403)


def signed_in() -> User | None:
    """Return the account that asks, None when nobody has logged in."""
    return cast(User, current_user.user) if current_user.is_authenticated else None


def actor() -> str:
    """Return who asks, for the audit log and the log."""
    user = signed_in()
    return "-" if user is None else user.name
