"""What the views of one app share: its settings, the ground, the accounts, the audit log and the background work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import current_app

from gridmap import Accounts, AuditLog, Jobs, PrivateStore
from web.ground import Ground
from web.settings import Settings


@dataclass(frozen=True, slots=True)
class Standing:
    """One for each app, reached by :func:`standing`."""

    settings: Settings
    ground: Ground
    store: PrivateStore
    accounts: Accounts
    audit: AuditLog
    jobs: Jobs


def make_standing(settings: Settings) -> Standing:
    """Return what the app of these settings stands on; the private store must be there."""
    store = PrivateStore(settings.private_path)
    jobs = Jobs(store, str(settings.workspace.resolve()))
    return Standing(settings, Ground(settings.workspace), store, Accounts(store), AuditLog(store), jobs)


def standing() -> Standing:
    """Return what the app of this request stands on."""
    return cast(Standing, current_app.extensions["gridmap"])
