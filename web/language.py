"""In which language a page speaks: what its address asks for, else what the visitor chose before, else what his browser prefers."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, request
from flask_babel import Babel, get_locale

from gridmap.texts import Language, Word, render

COOKIE = "gridmap_language"
COOKIE_SECONDS = 365 * 86_400


def _asked() -> str | None:
    value = request.args.get("lang")
    return value if value in ("zh", "en") else None


def _choose() -> str:
    kept = request.cookies.get(COOKIE)
    return _asked() or (kept if kept in ("zh", "en") else None) or request.accept_languages.best_match(("zh", "en"), default="zh") or "zh"


def language() -> Language:
    """Return the language of this request."""
    locale = get_locale()
    return "zh" if locale is None or locale.language == "zh" else "en"


def say(code: str, /, **words: Word) -> str:
    """Return a text of the catalogues in the language of this request."""
    return render(code, language(), words)


def in_language(chosen: Language) -> str:
    """Return the address of this page in a language, with all else that its address asks for; of the page before where this one answers a form."""
    if request.method == "GET":
        return f"?{urlencode([*((name, value) for name, value in request.args.items(multi=True) if name != 'lang'), ('lang', chosen)])}"
    return f"/{urlsplit(request.referrer or '').path.lstrip('/')}?lang={chosen}"


def _keep(response: Response) -> Response:
    asked = _asked()
    if asked is not None and asked != request.cookies.get(COOKIE):
        response.set_cookie(COOKIE, asked, max_age=COOKIE_SECONDS, samesite="Lax", httponly=True)
    return response


def init_language(app: Flask) -> None:
    """Let pages say texts of the catalogues: ``{{ say("start_title") }}``."""
    Babel(app, locale_selector=_choose)
    app.after_request(_keep)
    app.jinja_env.globals.update(say=say, language=language, in_language=in_language)
