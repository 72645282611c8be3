"""Accounts, for the administrator to make and change and for the auditor to look at."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from gridmap import RequestError, Territory, User, made_password, role_names, territory_kind
from web.language import language, say
from web.security import actor, allowed, signed_in
from web.standing import standing

blueprint = Blueprint("administration", __name__, url_prefix="/administration/accounts")

Choices = dict[str, list[tuple[str, str]]]


@blueprint.get("/")
@allowed("administrator", "auditor")
def accounts() -> str:
    """List the accounts; the administrator finds the way to make and change them here."""
    return _listed()


def _listed(*, fault: str = "", given: User | None = None, password: str = "") -> str:
    users, choices = standing().accounts.users(), _choices()
    names = {kind: dict(pairs) for kind, pairs in choices.items()}
    rows = [(user, [names[user.territory.kind].get(each, each) for each in user.territory.ids]) for user in users]
    told = {"fault": fault, "given": given, "password": password, "entered": request.form}
    return render_template("accounts.html", rows=rows, choices=choices, roles=role_names(), chosen=_chosen() if fault else Territory(), **told)


@blueprint.post("/")
@allowed("administrator")
def add() -> str | tuple[str, int]:
    """Make an account with a password that is shown this once and has to be changed at the first login."""
    name, password = request.form.get("name", "").strip(), _password()
    try:
        made = standing().accounts.add(name, password, _role(), _chosen(), by=actor(), must_change=True, request_id=g.request_id)
    except RequestError as error:
        return _listed(fault=error.sentence(language(), page=True)), 400
    return _listed(given=made, password=password)


@blueprint.get("/<int:user_id>")
@allowed("administrator")
def account(user_id: int) -> str:
    """Show one account and what can be changed about it."""
    return _shown(_user(user_id))


def _shown(user: User, *, fault: str = "", password: str = "") -> str:
    told = {"fault": fault, "password": password, "is_own": user.name == actor()}
    return render_template("account_change.html", user=user, choices=_choices(user.territory), roles=role_names(), **told)


@blueprint.post("/<int:user_id>/role")
@allowed("administrator")
def change(user_id: int) -> Response | tuple[str, int]:
    """Give an account another role and territory; its sessions end."""
    user = _other(user_id)
    try:
        standing().accounts.change(user.name, _role(), _chosen(), by=actor(), request_id=g.request_id)
    except RequestError as error:
        return _shown(user, fault=error.sentence(language(), page=True)), 400
    return _done("accounts_changed", user)


@blueprint.post("/<int:user_id>/disabled")
@allowed("administrator")
def disable(user_id: int) -> Response:
    """Shut an account out at once, or let it in again."""
    user, disabled = _other(user_id), request.form.get("disabled") == "1"
    standing().accounts.disable(user.name, by=actor(), disabled=disabled, request_id=g.request_id)
    return _done("user_disabled" if disabled else "user_enabled", user)


@blueprint.post("/<int:user_id>/password")
@allowed("administrator")
def password(user_id: int) -> str | tuple[str, int]:
    """Give an account a new password, shown this once; its sessions end, and the password has to be changed at the next login."""
    user, new = _other(user_id), _password()
    try:
        standing().accounts.set_password(user.name, new, by=actor(), must_change=True, request_id=g.request_id)
    except RequestError as error:
        return _shown(user, fault=error.sentence(language(), page=True)), 400
    return _shown(_user(user_id), password=new)


def _done(code: str, user: User) -> Response:
    flash(say(code, user=user.name))
    return redirect(url_for("administration.accounts"))


def _user(user_id: int) -> User:
    user = standing().accounts.user(user_id)
    if user is None:
        abort(404)
    return user


def _other(user_id: int) -> User:
    """Return an account that is not the own one: so there is always an administrator left."""
    user, own = _user(user_id), signed_in()
    if own is not None and own.user_id == user.user_id:
        raise RequestError("accounts_own")
    return user


def _role() -> Any:
    role = request.form.get("role", "")
    if role not in role_names():
        raise RequestError("accounts_no_role")
    return role


def _chosen() -> Territory:
    """Return the territory that the form asks for: of the kind that belongs to the role, with what was ticked of that kind."""
    role: Any = request.form.get("role", "")
    kind = territory_kind(role)
    return Territory(kind, tuple(request.form.getlist(f"ids_{kind}")))


def _password() -> str:
    return request.form.get("password", "") or made_password()


def _choices(kept: Territory | None = None) -> Choices:
    """Return what a territory can be made of, by its kind: ids and names; with those that an account has though they are there no more."""
    choices: Choices = {"all": [], "street_office": [], "community": [], "grids": []}
    if standing().ground.workspace.exists():
        sight = standing().ground.sight()
        communities = sight.district.communities
        names = {str(each): _text(name) or str(each) for each, name in communities["name"].items()}
        offices = sorted({str(each) for each in communities["street_office"].dropna()})
        choices |= {"community": list(names.items()), "street_office": [(each, each) for each in offices]}
        if sight.plan is not None:
            choices["grids"] = [(str(grid), _grid_label(str(grid), row, names)) for grid, row in sight.plan.grids.iterrows()]
    if kept is not None:
        known = {each for each, _ in choices[kept.kind]}
        choices[kept.kind] += [(each, say("accounts_gone", name=each)) for each in kept.ids if each not in known]
    return choices


def _grid_label(grid_id: str, row: Any, communities: dict[str, str]) -> str:
    name = _text(row["name"]) or _text(row["code"]) or grid_id
    return f"{name} · {communities.get(str(row['community_id']), row['community_id'])}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
