"""The only door to folium: a map page that is one file, asks nothing from outside and lets no text become script.

folium's own ways of showing text (popups, tooltips, layer names) are not used: it puts text into JavaScript template literals, where
``${...}`` runs even when the text is escaped as HTML, and it reads what it has rendered as a template once more, where ``{{...}}`` runs in Python.
So the content of a page goes out as JSON inside a block that browsers do not execute, is written into the file as it stands, and our own
scripts put it on the page through ``textContent`` and ``fillText``. A second lock stands behind the first: the page's content policy lists the
checksum of each of its scripts, so that the browser runs no other, and forbids every connection.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any, Literal

import folium
from branca.element import Element, Figure
from jinja2 import Template

from gridmap.errors import InputError
from gridmap.texts import Language

FoliumMap = folium.Map

SHARED = ("tools.js", "shapes.js", "style.js", "drawing.js")
SCRIPTS = {
    "start": (*SHARED, "panel.js", "start.js"),
    "startCoverage": (*SHARED, "coverage_layer.js", "coverage_panel.js", "coverage_start.js"),
}
"""Our own scripts in the order in which they run, by the function that starts them: a plan's page, a coverage's page."""

EXECUTED = re.compile(r"<script>(.*?)</script>", re.DOTALL)
POLICY_GAP = "<!-- content policy -->"


def safe_map(
    content: Mapping[str, Any],
    *,
    title: str,
    language: Language,
    bounds: tuple[float, float, float, float],
    start: Literal["start", "startCoverage"] = "start",
) -> folium.Map:
    """Return a folium map that shows ``content`` through our page.

    ``content`` is plain data for JSON; whatever text it holds stays text. ``bounds`` are west, south, east and north in degrees, WGS 84. ``start``
    says which page it is for, see :data:`SCRIPTS`. The map has no background tiles: a page that opens with no network has none to ask for.
    Raises ``InputError`` when the front-end libraries were not built.
    """
    west, south, east, north = bounds
    middle = ((south + north) / 2, (west + east) / 2)
    drawn = folium.Map(location=middle, tiles=None, zoom_control="topright", zoom_snap=0.25, max_zoom=21, attribution_control=False)
    # folium keeps these two lists on the class, shared by all maps: give this map its own instead of changing them.
    drawn.default_js = []
    drawn.default_css = []
    page = _Page(title=title, language=language)
    page.header.add_child(_Verbatim(_styles()), name="styles")
    page.header.add_child(_Verbatim(_script(_asset("leaflet/leaflet.js"))), name="leaflet")
    page.html.add_child(_Verbatim(_own("page.html")), name="panel")
    page.add_child(drawn)
    call = f"gridmapPage.{start}({drawn.get_name()}, JSON.parse(document.getElementById('gridmap-content').textContent));"
    page.after = "\n".join((_data_block(content), *(_script(_own(name)) for name in SCRIPTS[start]), _script(call)))
    return drawn


class _Verbatim(Element):
    """A piece of the page that is written as it stands, not read as a template."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def render(self, **kwargs: Any) -> str:
        return self.text


class _Page(Figure):
    """The whole page; ``after`` is what follows the scripts that folium makes."""

    _template = Template(
        "<!DOCTYPE html>\n"
        '<html lang="{{ this.language_tag }}">\n'
        "<head>\n"
        "{{ this.policy_gap }}\n"
        "<title>{{ this.title }}</title>\n"
        "{{ this.header.render(**kwargs) }}\n"
        # folium forbids zooming the page with two fingers; whoever needs larger letters needs it. The last one counts.
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "</head>\n"
        "<body>\n"
        "{{ this.html.render(**kwargs) }}\n"
        "<script>\n{{ this.script.render(**kwargs) }}\n</script>\n"
        "{{ this.after }}\n"
        "</body>\n"
        "</html>\n"
    )

    def __init__(self, *, title: str, language: Language) -> None:
        super().__init__(title=html.escape(title), height="640px")
        self.language_tag = "zh-CN" if language == "zh" else "en"
        self.policy_gap = POLICY_GAP
        self.after = ""

    def render(self, **kwargs: Any) -> str:
        page = str(super().render(**kwargs)).replace("\r\n", "\n")
        return page.replace(POLICY_GAP, f'<meta http-equiv="Content-Security-Policy" content="{_policy(page)}">', 1)


def _policy(page: str) -> str:
    """Return a content policy under which exactly the scripts of ``page`` run and nothing is fetched."""
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in EXECUTED.findall(page)]
    scripts = " ".join(f"'sha256-{digest}'" for digest in digests)
    rules = {
        "default-src": "'none'",
        "script-src": scripts,
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "connect-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _data_block(content: Mapping[str, Any]) -> str:
    """Return ``content`` as a block of JSON that no text in it can end: ``<`` never appears."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    safe = text.replace("<", "\\u003c")
    return f'<script type="application/json" id="gridmap-content">{safe}</script>'


def _script(text: str) -> str:
    return f"<script>{text}</script>"


def _styles() -> str:
    """Return Leaflet's styles with its images inside, then ours."""
    return f"<style>{_inlined(_asset('leaflet/leaflet.css'))}</style>\n<style>{_own('page.css')}</style>"


def _inlined(css: str) -> str:
    def picture(found: re.Match[str]) -> str:
        data = base64.b64encode(_read("assets", f"leaflet/{found[1]}")).decode()
        return f"url(data:image/png;base64,{data})"

    # What is left is a rule for Internet Explorer 8 that names no file.
    return re.sub(r"url\(images/([a-z0-9-]+\.png)\)", picture, css).replace("behavior: url(#default#VML);", "")


def _own(name: str) -> str:
    return _read("page", name).decode("utf-8").replace("\r\n", "\n")


def _asset(name: str) -> str:
    text = _read("assets", name).decode("utf-8").replace("\r\n", "\n")
    # A browser's tools would ask for the source map.
    return re.sub(r"\n//# sourceMappingURL=\S+", "", text)


def _read(folder: str, name: str) -> bytes:
    try:
        return resources.files("gridmap.outputs").joinpath(folder, *name.split("/")).read_bytes()
    except FileNotFoundError:
        raise InputError("page_assets_missing", file=f"{folder}/{name}") from None
