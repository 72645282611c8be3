"""The audit log in words: on a page, as a workbook, as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from gridmap.outputs.plain_files import harmless
from gridmap.outputs.sheets import new_workbook
from gridmap.store.audit import AuditEntry
from gridmap.texts import Language, Word, catalogue, render

COLUMNS = ("number", "at", "actor", "action", "subject", "details", "request_id")
WIDTHS = (9, 21, 16, 26, 30, 60, 20)
"""Of the sheet's columns, in characters."""
_CODES = ("role", "role_before", "territory", "territory_before", "walk")
"""Details whose value is a code of ours."""


def audit_words(entry: AuditEntry, language: Language) -> dict[str, Word]:
    """Return a row of the audit log for people, by :data:`COLUMNS`; the time is that of this computer's zone."""
    return {
        "number": entry.number,
        "at": datetime.fromisoformat(entry.at).astimezone().strftime("%Y-%m-%d %H:%M:%S"),
        "actor": entry.actor,
        "action": action_word(entry.action, language),
        "subject": entry.subject,
        "details": _details(entry.details, language),
        "request_id": entry.request_id,
    }


def action_word(action: str, language: Language) -> str:
    """Return what an action is called.

    >>> action_word("login", "en"), action_word("something", "en")
    ('logged in', 'something')
    """
    return render(f"audit_action_{action}", language, {}) if f"audit_action_{action}" in catalogue() else action


def _details(details: Mapping[str, Word], language: Language) -> str:
    colon, between = ("：", "；") if language == "zh" else (": ", "; ")
    told = []
    for name, value in details.items():
        if value not in ("", None):
            code = f"audit_detail_{name}"
            word = render(f"audit_code_{value}", language, {}) if name in _CODES and f"audit_code_{value}" in catalogue() else str(value)
            told.append(f"{render(code, language, {}) if code in catalogue() else name}{colon}{word}")
    return between.join(told)


def audit_workbook(entries: Iterable[AuditEntry], *, told: Sequence[tuple[str, str]], language: Language) -> bytes:
    """Return rows of the audit log as an XLSX workbook; ``told`` stands first: who took it, when, what was asked for. No cell is a formula."""
    content = io.BytesIO()
    with new_workbook() as book:
        sheet = book.create_sheet(render("audit_title", language, {}))
        for number, width in enumerate(WIDTHS):
            sheet.column_dimensions["ABCDEFG"[number]].width = width
        for pair in told:
            sheet.append([harmless(value) for value in pair])
        sheet.append([])
        for row in _table(entries, language):
            sheet.append(row)
        book.save(content)
    return content.getvalue()


def audit_csv(entries: Iterable[AuditEntry], *, language: Language) -> bytes:
    """Return rows of the audit log as CSV for Excel: UTF-8 with a byte order mark, texts that would be formulas made harmless."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(_table(entries, language))
    return text.getvalue().encode("utf-8-sig")


def _table(entries: Iterable[AuditEntry], language: Language) -> Iterable[list[object]]:
    yield [render(f"audit_column_{name}", language, {}) for name in COLUMNS]
    for entry in entries:
        words = audit_words(entry, language)
        yield [harmless(words[name]) for name in COLUMNS]
