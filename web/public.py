"""The public venue map at ``/``: the same page that ``gridmap publish`` writes, made anew when the workspace changes."""

from __future__ import annotations

import gzip
import hashlib
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from gridmap import Publication, date_of_data, public_content, public_page, public_policy, public_venues
from web.circles import circles_now
from web.ground import Sight
from web.headers import permit
from web.language import language, say
from web.security import public_view
from web.standing import standing

blueprint = Blueprint("public", __name__)


@blueprint.get("/")
@public_view
def page() -> AnyResponse:
    """Show the public map; with no public venue there is none, and the way leads to the account's page."""
    sight = standing().ground.sight()
    if not has_venues(sight):
        return redirect(url_for("accounts.home"))
    circles, spoken = circles_now(standing().settings, sight), language()
    state = f"{spoken}{'' if circles is not None else '-pending'}"
    packed = sight.remember(("public page", state), lambda: gzip.compress(_page(sight, circles).encode(), mtime=0))
    # The page is made to be embedded, and its own policy is stricter than that of other pages.
    permit("frame-ancestors", "*")
    takes = request.accept_encodings.quality("gzip") > 0
    response = Response(packed if takes else gzip.decompress(packed), mimetype="text/html")
    if takes:
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    response.headers["Content-Security-Policy"] = f"{public_policy(_basemap())}; frame-ancestors *"
    # Another setting makes another page of the same workspace.
    etag = sight.remember(("public etag", state), lambda: hashlib.sha256(packed).hexdigest()[:20])
    response.set_etag(f"{etag}{'-gzip' if takes else ''}")
    return response.make_conditional(request)


def _basemap() -> dict[str, Any] | None:
    basemap = standing().basemap
    return None if basemap is None else basemap.content()


def has_venues(sight: Sight) -> bool:
    """Return whether there is anything that the public may see."""
    return bool(sight.district.venues["public"].fillna(False).any())


def _page(sight: Sight, circles: list[Any] | None) -> str:
    content = dict(sight.remember("public content", lambda: _content(sight)))
    content["basemap"] = _basemap()
    content["source"] = standing().settings.public_source or say("public_own_data")
    if circles is not None:
        content |= {"venues": content["venues"] | {"circle": circles}, "circles_pending": False}
    return public_page({**content, "language": language()}, language=language())


def _content(sight: Sight) -> dict[str, Any]:
    """Return what the page holds in whatever language, as long as circles are still computed."""
    settings = standing().settings
    venues, _ = public_venues(sight.district, sight.rules)
    told = Publication(
        source=settings.public_source,
        date=settings.public_date or date_of_data(standing().ground.workspace),
        approval=settings.public_approval,
        address=settings.public_address,
        staff=url_for("accounts.home"),
    )
    return public_content(sight.district, venues, sight.rules, told, None)
