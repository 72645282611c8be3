"""The public venue map at ``/``: the same page that ``gridmap publish`` writes, made anew when the workspace changes."""

from __future__ import annotations

import gzip
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from gridmap import Publication, date_of_data, load_rules, public_content, public_page, public_policy, public_venues
from web.ground import Sight
from web.headers import permit
from web.language import language, say
from web.security import public_view
from web.standing import standing

blueprint = Blueprint("public", __name__)

RULES = "nantong"
"""The profile whose categories name the venues."""


@blueprint.get("/")
@public_view
def page() -> AnyResponse:
    """Show the public map; with no public venue there is none, and the way leads to the account's page."""
    sight = standing().ground.sight()
    if not sight.district.venues["public"].fillna(False).any():
        return redirect(url_for("accounts.home"))
    spoken = language()
    packed = sight.remember(("public page", spoken), lambda: gzip.compress(_page(sight).encode(), mtime=0))
    # The page is made to be embedded, and its own policy is stricter than that of other pages.
    permit("frame-ancestors", "*")
    takes = request.accept_encodings.quality("gzip") > 0
    response = Response(packed if takes else gzip.decompress(packed), mimetype="text/html")
    if takes:
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    response.headers["Content-Security-Policy"] = f"{public_policy()}; frame-ancestors *"
    response.set_etag(f"{sight.tag}-{spoken}{'-gzip' if takes else ''}")
    return response.make_conditional(request)


def _page(sight: Sight) -> str:
    content = sight.remember("public content", lambda: _content(sight))
    return public_page({**content, "language": language()}, language=language())


def _content(sight: Sight) -> dict[str, Any]:
    settings, rules = standing().settings, load_rules(RULES)
    venues, _ = public_venues(sight.district, rules)
    told = Publication(
        source=settings.public_source or say("public_own_data"),
        date=settings.public_date or date_of_data(standing().ground.workspace),
        approval=settings.public_approval,
        address=settings.public_address,
        staff=url_for("accounts.home"),
    )
    return public_content(sight.district, venues, rules, told)
