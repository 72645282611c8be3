"""The private tables: no place for numbers of telephones or documents, and the store's columns are theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridmap.people.fields import PEOPLE_FIELDS, is_never_kept
from gridmap.people.tables import PEOPLE_TABLES
from gridmap.store.private import PrivateStore


@pytest.mark.parametrize("name", PEOPLE_TABLES)
def test_the_store_has_the_columns_of_the_table(name: str, tmp_path: Path) -> None:
    store = PrivateStore(tmp_path / "p.sqlite")
    store.make()
    with store.reading() as connection:
        found = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
    assert found == [PEOPLE_TABLES[name].index, *(column.name for column in PEOPLE_TABLES[name].columns)]


def test_no_column_is_for_what_is_never_kept() -> None:
    names = [column.name for table in PEOPLE_TABLES.values() for column in table.columns]
    known = [word for columns in PEOPLE_FIELDS.values() for text in columns.values() for word in text.split()]
    assert [name for name in (*names, *known) if is_never_kept(name)] == []
