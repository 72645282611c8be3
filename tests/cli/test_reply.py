"""How findings are told to people."""

from __future__ import annotations

import click
import pytest

from gridmap.cli.main import application
from gridmap.cli.reply import findings_lines
from gridmap.cli.words import Session
from gridmap.findings import finding


@pytest.mark.parametrize(("number", "lines"), [(8, 8 + 1), (11, 5 + 1 + 1)], ids=["short list", "long list"])
def test_a_short_list_is_told_one_by_one_and_a_long_one_is_cut(number: int, lines: int) -> None:
    made = [finding("area_too_large", f"a{each}", value=301, limit=300) for each in range(number)]
    with click.Context(application, obj=Session("en")):
        assert len(findings_lines(made)) == lines
