"""Errors speak both languages, carry every fault, and survive the way between processes."""

from __future__ import annotations

import pickle

from gridmap.errors import InputError, RequestError
from gridmap.findings import finding

FAULT = finding("rules_key_missing", "grid", file="county.toml", row=3, column="户数")


def test_text_says_what_and_what_to_do() -> None:
    text = RequestError("bounds_senseless", minimum=300, maximum=250).text("en")
    assert "300:250" in text
    assert "--households 250:300" in text


def test_text_lists_every_fault_on_a_line_of_its_own() -> None:
    error = InputError("rules_unusable", findings=[FAULT, FAULT], file="county.toml")
    assert len(error.text("zh").splitlines()) == 3


def test_an_error_is_also_the_builtin_that_fits() -> None:
    assert isinstance(InputError("rules_unusable", file="x"), ValueError)


def test_an_error_survives_pickling() -> None:
    error = InputError("rules_unusable", findings=[FAULT], file="county.toml")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.text("en")) == (InputError, error.text("en"))


def test_finding_says_where_in_both_languages() -> None:
    assert FAULT.text("en").startswith('county.toml, row 3, column 户数: "grid" is missing. ')
    assert FAULT.text("zh").startswith("county.toml，第 3 行，“户数”列：")


def test_finding_as_record_leaves_out_what_it_does_not_say() -> None:
    assert set(FAULT.as_dict("en")) == {"code", "subject", "severity", "file", "row", "column", "text"}
