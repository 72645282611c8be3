"""What the views of one app share: its settings, the ground, the accounts, the audit log and the background work."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import cast

from flask import current_app

from gridmap import Accounts, AuditLog, Basemap, Jobs, Members, PrivateStore, basemap_of
from web.ground import Ground
from web.people import PeopleSeen
from web.settings import Settings


@dataclass(frozen=True, slots=True)
class Standing:
    """One for each app, reached by :func:`standing`."""

    settings: Settings
    ground: Ground
    store: PrivateStore
    accounts: Accounts
    audit: AuditLog
    people: PeopleSeen
    jobs: Jobs
    basemap: Basemap | None
    ready: threading.Event
    """Set while nobody has to wait for what :mod:`web.preparing` does."""


def make_standing(settings: Settings) -> Standing:
    """Return what the app of these settings stands on; the private store must be there. Raises ``RequestError`` for a basemap that cannot be."""
    store = PrivateStore(settings.private_path)
    jobs = Jobs(store, str(settings.workspace.resolve()))
    ready = threading.Event()
    ready.set()
    ground, people = Ground(settings.workspace), PeopleSeen(Members(store))
    return Standing(settings, ground, store, Accounts(store), AuditLog(store), people, jobs, _basemap(settings), ready)


def _basemap(settings: Settings) -> Basemap | None:
    return basemap_of(
        settings.basemap,
        datum=settings.basemap_datum,
        key=settings.basemap_key,
        attribution=settings.basemap_attribution,
        approval=settings.basemap_approval,
        deepest=settings.basemap_zoom,
    )


def standing() -> Standing:
    """Return what the app of this request stands on."""
    return cast(Standing, current_app.extensions["gridmap"])
