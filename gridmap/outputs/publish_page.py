"""The public page as one file: our scripts, the map library, the styles and the content, under a policy that lets nothing else in or out.

Content goes out as JSON in a block that browsers do not execute, and comes in through ``textContent`` alone. The policy lists the checksum of each
script and each style sheet, so that the browser uses no other, and forbids every connection. The map library's worker is made from a block of
text on the page, because a page that was opened from a memory stick may load no other file.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from gridmap.errors import InputError
from gridmap.outputs.basemaps import hosts_of
from gridmap.texts import Language, render

SCRIPTS = (
    "page/tools.js",
    "public_page/icons.js",
    "public_page/model.js",
    "public_page/files.js",
    "public_page/link.js",
    "public_page/panel.js",
    "public_page/card.js",
    "public_page/drawing.js",
    "public_page/start.js",
)
"""Our scripts in the order in which they run."""
LIBRARY = "assets/maplibre/maplibre-gl-csp.js"
WORKER = "assets/maplibre/maplibre-gl-csp-worker.js"
STYLES = ("assets/maplibre/maplibre-gl.css", "public_page/page.css")
BASEMAP = "basemap.js"
LAST = "public_page/map.js"
"""The script that starts the map, after the library: until then the list can be read already."""

CONTENT_ID, WORKER_ID = "gridmap-content", "gridmap-worker"


def map_library_folder() -> Path:
    """Return the folder of the map library, its worker and its style sheet, for servers that hand them out as files."""
    return Path(str(resources.files("gridmap.outputs") / "assets" / "maplibre"))


def page_script(name: str) -> str:
    """Return one of the scripts that pages of files and of the server share."""
    return _text(f"page/{name}")


def page_title(district: str, language: Language) -> str:
    """Return the title of the public page of a district.

    >>> page_title("示范镇", "zh")
    '示范镇便民场所地图'
    """
    return render("public_title", language, {"district": district}) if district else render("public_title_alone", language, {})


def public_page(content: Mapping[str, Any], *, language: Language = "zh") -> str:
    """Return the public page as one HTML text that asks for nothing, in whatever place it is opened.

    ``content`` is what :func:`gridmap.outputs.publish_content.public_content` makes. Raises ``InputError`` when the
    front-end libraries were not built.
    """
    basemap = content.get("basemap")
    scripts, styles = _scripts(basemap), [_text(name) for name in STYLES]
    head = [
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{public_policy(basemap)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{html.escape(page_title(str(content['district']), language))}</title>",
        *(f"<style>{style}</style>" for style in styles),
    ]
    body = [
        page_body(),
        f'<script type="application/json" id="{CONTENT_ID}">{data_block(content)}</script>',
        *(f"<script>{script}</script>" for script in scripts[: len(SCRIPTS)]),
        f'<script type="text/plain" id="{WORKER_ID}">{_text(WORKER)}</script>',
        *(f"<script>{script}</script>" for script in scripts[len(SCRIPTS) :]),
    ]
    tag = "zh-CN" if language == "zh" else "en"
    return "\n".join(["<!DOCTYPE html>", f'<html lang="{tag}">', "<head>", *head, "</head>", "<body>", *body, "</body>", "</html>", ""])


def page_body() -> str:
    """Return the frame of the page, which holds no content."""
    return _text("public_page/page.html").strip()


def data_block(content: Mapping[str, Any]) -> str:
    """Return ``content`` as JSON that no text in it can end early: ``<`` never appears.

    >>> data_block({"name": "</script>"})
    '{"name":"\\\\u003c/script>"}'
    """
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _scripts(basemap: Mapping[str, Any] | None) -> list[str]:
    """Return our scripts, the map library, and what starts the map; only a page with a basemap holds the script for it."""
    return [*map(_text, SCRIPTS), _text(LIBRARY), *([page_script(BASEMAP)] if basemap else []), _text(LAST)]


def public_policy(basemap: Mapping[str, Any] | None = None) -> str:
    """Return the content policy of the public page: exactly its own scripts and style sheets count, and nothing is fetched but a basemap's tiles."""
    scripts, styles, hosts = _scripts(basemap), list(map(_text, STYLES)), " ".join(hosts_of(basemap))
    rules = {
        "default-src": "'none'",
        "script-src": " ".join(map(_digest, scripts)),
        "style-src": " ".join(map(_digest, styles)),
        "img-src": f"data: blob: {hosts}".strip(),
        "worker-src": "blob:",
        "connect-src": hosts or "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _text(name: str) -> str:
    """Return a file of the page; a browser's tools would ask for source maps, so their addresses are left out."""
    try:
        text = resources.files("gridmap.outputs").joinpath(*name.split("/")).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError("page_assets_missing", file=name) from None
    return re.sub(r"\n//# sourceMappingURL=\S+", "", text.replace("\r\n", "\n"))
