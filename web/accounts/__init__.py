"""Logging in and out, and the own password."""

from __future__ import annotations

from flask import Blueprint, Flask, flash, g, redirect, render_template, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import HiddenField, PasswordField, StringField

from gridmap import RequestError, User
from web.language import language, say
from web.security import any_account, public_view, signed_in
from web.standing import standing

blueprint = Blueprint("accounts", __name__, url_prefix="/account", template_folder="templates")

MINUTE, HOUR = 60, 3600


class Visitor(UserMixin):  # type: ignore[misc]
    """Whoever is logged in: the account and the token of this session, which alone is in the cookie."""

    def __init__(self, user: User, token: str) -> None:
        self.user = user
        self.token = token

    def get_id(self) -> str:
        return self.token


class LoginForm(FlaskForm):  # type: ignore[misc]
    """Name and password, and where to go then."""

    name = StringField()
    password = PasswordField()
    next = HiddenField()


class PasswordForm(FlaskForm):  # type: ignore[misc]
    """The password as it is, and twice as it shall be."""

    present = PasswordField()
    new = PasswordField()
    again = PasswordField()


@blueprint.route("/login", methods=["GET", "POST"])
@public_view
def login() -> Response | str | tuple[str, int]:
    """Show the form; begin a session for whoever knows an account's password."""
    form = LoginForm()
    if request.method == "GET" or not form.validate_on_submit():
        form.next.data = request.args.get("next", "")
        return render_template("login.html", form=form)
    token = standing().accounts.log_in(form.name.data or "", form.password.data or "", request_id=g.request_id, address=request.remote_addr or "")
    if token is None:
        return render_template("login.html", form=form, fault=say("login_wrong")), 401
    _begin_session(token)
    return redirect(_inside(form.next.data or "") or url_for("accounts.home"))


@blueprint.post("/logout")
@any_account
def logout() -> Response:
    """End the session, here and in the store."""
    standing().accounts.log_out(current_user.token, request_id=g.request_id)
    logout_user()
    session.clear()
    return redirect(url_for("accounts.login"))


@blueprint.get("/")
@any_account
def home() -> Response | str:
    """Show who is logged in, what for, and what he may do here."""
    user = signed_in()
    assert user is not None
    return render_template("account.html", user=user, territory=say(f"territory_{user.territory.kind}"))


@blueprint.route("/password", methods=["GET", "POST"])
@any_account
def password() -> Response | str | tuple[str, int]:
    """Change the own password; all other sessions end."""
    form, user = PasswordForm(), signed_in()
    assert user is not None
    if request.method == "GET" or not form.validate_on_submit():
        return render_template("password.html", form=form)
    fault = _change(user, form.present.data or "", form.new.data or "", form.again.data or "")
    if fault is not None:
        return render_template("password.html", form=form, fault=fault), 400
    flash(say("password_changed"))
    return redirect(url_for("accounts.home"))


def _change(user: User, present: str, new: str, again: str) -> str | None:
    """Change the password and go on with a fresh session; return what is wrong, None when it was done."""
    accounts = standing().accounts
    if not accounts.is_password(user.name, present):
        return say("password_wrong")
    if new != again:
        return say("password_differs")
    try:
        accounts.set_password(user.name, new, by=user.name, request_id=g.request_id)
    except RequestError as error:
        return error.sentence(language(), page=True)
    token = accounts.log_in(user.name, new, request_id=g.request_id, address=request.remote_addr or "")
    if token is not None:
        _begin_session(token)
    return None


def _begin_session(token: str) -> None:
    """Log in under a new session id; nothing of what the cookie held before stays."""
    session.clear()
    user = _account_of(token)
    if user is not None:
        login_user(user)


def _account_of(token: str) -> Visitor | None:
    settings = standing().settings
    user = standing().accounts.user_of(token, idle_seconds=settings.session_idle_minutes * MINUTE, longest_seconds=settings.session_hours * HOUR)
    return None if user is None else Visitor(user, token)


def _inside(target: str) -> str | None:
    """Return an address of this server to go on to; None for any other."""
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable() else None


def init_accounts(app: Flask) -> None:
    """Let the app know who asks."""
    manager = LoginManager()
    manager.session_protection = None
    manager.user_loader(_account_of)
    manager.init_app(app)
    app.jinja_env.globals["signed_in"] = signed_in
