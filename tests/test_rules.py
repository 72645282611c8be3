"""Profiles of rules: read, extended, refused with every fault at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridmap.errors import InputError, RequestError
from gridmap.rules import load_rules, profile_names, rules_from_dict

OWN = """
extends = "nantong"
zh = "本县"
en = "our county"

[grid]
households_min = 180
households_max = 220
source = "county ordinance"
"""


@pytest.fixture
def own_file(tmp_path: Path) -> Path:
    file = tmp_path / "county.toml"
    file.write_text(OWN, encoding="utf-8")
    return file


@pytest.mark.parametrize("profile", profile_names())
def test_every_profile_that_comes_with_the_package_is_sound(profile: str) -> None:
    assert load_rules(profile).grid.households_min <= load_rules(profile).grid.households_max


@pytest.mark.parametrize("profile", profile_names())
def test_every_number_has_a_source(profile: str) -> None:
    rules = load_rules(profile)
    sections = [rules.grid, rules.weights, rules.estimate, rules.community, rules.venue, *rules.walk.values(), *rules.categories.values()]
    assert all(section.source for section in sections)


def test_nantong_has_nine_categories_in_four_circles() -> None:
    categories = load_rules("nantong").categories
    assert len(categories) == 9
    assert {category.circle for category in categories.values()} == {"learning", "leisure", "medical", "shopping"}


def test_own_file_overrides_what_it_extends(own_file: Path) -> None:
    rules = load_rules(str(own_file))
    assert (rules.grid.households_min, rules.grid.households_max) == (180, 220)
    assert rules.weights == load_rules("nantong").weights


def test_floors_are_assumed_by_a_file_of_three_lines(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text('extends = "nantong"\n[estimate]\nfloors_where_unknown = 3\n', encoding="utf-8")
    assert (load_rules().estimate.floors_where_unknown, load_rules(str(file)).estimate.floors_where_unknown) == (0, 3)


def test_stored_rules_come_back(own_file: Path) -> None:
    rules = load_rules(str(own_file))
    assert rules_from_dict(rules.as_dict()) == rules


def test_rules_stored_before_a_key_was_there_take_it_from_base(own_file: Path) -> None:
    rules = load_rules(str(own_file))
    stored = rules.as_dict()
    del stored["estimate"]["floors_where_unknown"], stored["walk"]["elder"]["source"], stored["community"]
    read, base = rules_from_dict(stored), load_rules("compact")
    assert (read.estimate.floors_where_unknown, read.walk["elder"]) == (base.estimate.floors_where_unknown, base.walk["elder"])
    assert read.grid == rules.grid
    assert "community" not in stored


def test_rules_stored_with_a_key_of_a_later_version_are_refused() -> None:
    stored = load_rules().as_dict()
    stored["weights"]["shade"] = 1.0
    with pytest.raises(InputError) as error:
        rules_from_dict(stored)
    assert [(each.code, each.subject) for each in error.value.findings] == [("rules_key_unknown", "weights.shade")]


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(OWN.replace("180", '"many"').replace("220", "-1") + "\nhousholds = 3\n[grids]\na = 1\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_rules(str(file))
    assert {finding.subject for finding in caught.value.findings} == {"grid.households_min", "grid.households_max", "grid.housholds", "grids"}


def test_minimum_above_maximum_in_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(OWN.replace("180", "300"), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_rules(str(file))
    assert [finding.code for finding in caught.value.findings] == ["rules_bounds_senseless"]


def test_circle_of_profiles_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "round.toml"
    file.write_text(f"extends = '{file}'", encoding="utf-8")
    with pytest.raises(RequestError, match="circle"):
        load_rules(str(file))


@pytest.mark.parametrize(("text", "code"), [("not = = toml", "rules_not_toml"), ("zh = '\ud800'", "rules_not_text")])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, text: str, code: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError) as caught:
        load_rules(str(file))
    assert caught.value.code == code


def test_unknown_profile_names_those_that_exist() -> None:
    with pytest.raises(RequestError) as caught:
        load_rules("nantonk")
    assert "nantong" in caught.value.text("en")


@pytest.mark.parametrize("bounds", [(0, 10), (300, 250), (-5, 5)])
def test_senseless_bounds_are_refused(bounds: tuple[int, int]) -> None:
    with pytest.raises(RequestError):
        load_rules("nantong").with_households(*bounds)
