"""gridmap: household-balanced grids, ten-minute service circles and maps for urban communities.

The public names, one a line; each is loaded when it is first used, so that ``import gridmap`` costs nothing.

>>> import gridmap
>>> gridmap.load_rules("nantong").grid.households_max
300
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gridmap.circles.coverage import Coverage as Coverage
    from gridmap.circles.coverage import coverage as coverage
    from gridmap.circles.limits import Limit as Limit
    from gridmap.circles.limits import walk_limit as walk_limit
    from gridmap.errors import GridmapError as GridmapError
    from gridmap.errors import InputError as InputError
    from gridmap.errors import RequestError as RequestError
    from gridmap.errors import WorkspaceError as WorkspaceError
    from gridmap.findings import Finding as Finding
    from gridmap.grids.areas import propose_areas as propose_areas
    from gridmap.grids.coarsen import coarsen as coarsen
    from gridmap.grids.compare import Comparison as Comparison
    from gridmap.grids.compare import compare as compare
    from gridmap.grids.measures import report as report
    from gridmap.grids.mending import Repair as Repair
    from gridmap.grids.mending import repair as repair
    from gridmap.grids.mergers import merged_district as merged_district
    from gridmap.grids.mergers import propose_mergers as propose_mergers
    from gridmap.grids.plan import Plan as Plan
    from gridmap.grids.propose import propose as propose
    from gridmap.grids.tiling import Tiling as Tiling
    from gridmap.grids.tiling import tile as tile
    from gridmap.ground.checks import check_district as check_district
    from gridmap.ground.fields import field_names as field_names
    from gridmap.ground.fields import field_title as field_title
    from gridmap.ground.importing import Import as Import
    from gridmap.ground.importing import ImportRequest as ImportRequest
    from gridmap.ground.importing import import_files as import_files
    from gridmap.ground.looking import Look as Look
    from gridmap.ground.looking import look_at_files as look_at_files
    from gridmap.ground.sample import sample_district as sample_district
    from gridmap.ground.tables import District as District
    from gridmap.outputs.audit_sheet import action_word as action_word
    from gridmap.outputs.audit_sheet import audit_csv as audit_csv
    from gridmap.outputs.audit_sheet import audit_words as audit_words
    from gridmap.outputs.audit_sheet import audit_workbook as audit_workbook
    from gridmap.outputs.basemaps import Basemap as Basemap
    from gridmap.outputs.basemaps import basemap_of as basemap_of
    from gridmap.outputs.coverage_export import export_coverage as export_coverage
    from gridmap.outputs.coverage_map import coverage_map as coverage_map
    from gridmap.outputs.coverage_tables import area_table as area_table
    from gridmap.outputs.coverage_tables import band_sums as band_sums
    from gridmap.outputs.coverage_tables import category_sums as category_sums
    from gridmap.outputs.coverage_tables import gap_rows as gap_rows
    from gridmap.outputs.coverage_tables import gap_table as gap_table
    from gridmap.outputs.coverage_tables import reason_sums as reason_sums
    from gridmap.outputs.coverage_tables import shown_workbook as shown_workbook
    from gridmap.outputs.export import export_ground as export_ground
    from gridmap.outputs.export import export_plan as export_plan
    from gridmap.outputs.maps import explore as explore
    from gridmap.outputs.maps import plan_map as plan_map
    from gridmap.outputs.maps import save_map as save_map
    from gridmap.outputs.member_map import building_label as building_label
    from gridmap.outputs.member_map import figures_rows as figures_rows
    from gridmap.outputs.member_map import households_in as households_in
    from gridmap.outputs.member_map import member_map_content as member_map_content
    from gridmap.outputs.member_map import members_workbook as members_workbook
    from gridmap.outputs.places import find_places as find_places
    from gridmap.outputs.publish import date_of_data as date_of_data
    from gridmap.outputs.publish import publish as publish
    from gridmap.outputs.publish_content import Publication as Publication
    from gridmap.outputs.publish_content import public_circles as public_circles
    from gridmap.outputs.publish_content import public_content as public_content
    from gridmap.outputs.publish_content import public_venues as public_venues
    from gridmap.outputs.publish_page import map_library_folder as map_library_folder
    from gridmap.outputs.publish_page import page_script as page_script
    from gridmap.outputs.publish_page import public_page as public_page
    from gridmap.outputs.publish_page import public_policy as public_policy
    from gridmap.outputs.records import building_records as building_records
    from gridmap.outputs.records import community_records as community_records
    from gridmap.outputs.records import grid_records as grid_records
    from gridmap.outputs.records import venue_records as venue_records
    from gridmap.outputs.staff_map import bounds_within as bounds_within
    from gridmap.outputs.staff_map import building_walks as building_walks
    from gridmap.outputs.staff_map import communities_on_map as communities_on_map
    from gridmap.outputs.staff_map import district_walks as district_walks
    from gridmap.outputs.staff_map import propose_sites as propose_sites
    from gridmap.outputs.staff_map import venue_rings as venue_rings
    from gridmap.outputs.staff_map import venues_on_map as venues_on_map
    from gridmap.outputs.tiles import TileLayer as TileLayer
    from gridmap.outputs.tiles import assignment as assignment
    from gridmap.outputs.tiles import grids_layer as grids_layer
    from gridmap.outputs.tiles import ground_layer as ground_layer
    from gridmap.outputs.tiles import ground_layer_names as ground_layer_names
    from gridmap.outputs.tiles import live_tile as live_tile
    from gridmap.outputs.tiles import packed_numbers as packed_numbers
    from gridmap.outputs.tiles import tile_at as tile_at
    from gridmap.outputs.tiles import tile_layer as tile_layer
    from gridmap.outputs.tiles import vector_layer as vector_layer
    from gridmap.outputs.tiles import write_pmtiles as write_pmtiles
    from gridmap.outputs.walks import Walks as Walks
    from gridmap.outputs.walks import packed_homes as packed_homes
    from gridmap.outputs.walks import packed_walks as packed_walks
    from gridmap.people.fields import people_fields as people_fields
    from gridmap.people.reading import read_people as read_people
    from gridmap.people.tables import People as People
    from gridmap.rules import Rules as Rules
    from gridmap.rules import load_rules as load_rules
    from gridmap.rules import profile_names as profile_names
    from gridmap.store.accounts import Accounts as Accounts
    from gridmap.store.accounts import Territory as Territory
    from gridmap.store.accounts import User as User
    from gridmap.store.accounts import made_password as made_password
    from gridmap.store.accounts import role_names as role_names
    from gridmap.store.accounts import territory_kind as territory_kind
    from gridmap.store.audit import AuditLog as AuditLog
    from gridmap.store.audit import AuditReport as AuditReport
    from gridmap.store.jobs import Job as Job
    from gridmap.store.jobs import Jobs as Jobs
    from gridmap.store.members import Members as Members
    from gridmap.store.members import MembersWithin as MembersWithin
    from gridmap.store.members import community_figures as community_figures
    from gridmap.store.members import figures_elsewhere as figures_elsewhere
    from gridmap.store.members import members_within as members_within
    from gridmap.store.private import PrivateStore as PrivateStore
    from gridmap.store.territories import buildings_within as buildings_within
    from gridmap.store.territories import grids_within as grids_within
    from gridmap.store.work import adopt_plan as adopt_plan
    from gridmap.store.work import import_into as import_into
    from gridmap.store.work import plan_into as plan_into
    from gridmap.store.workspace import Workspace as Workspace
    from gridmap.system import limit_process as limit_process

_MODULE_OF = {
    "Accounts": "gridmap.store.accounts",
    "AuditLog": "gridmap.store.audit",
    "AuditReport": "gridmap.store.audit",
    "Basemap": "gridmap.outputs.basemaps",
    "Comparison": "gridmap.grids.compare",
    "Coverage": "gridmap.circles.coverage",
    "District": "gridmap.ground.tables",
    "Finding": "gridmap.findings",
    "GridmapError": "gridmap.errors",
    "Import": "gridmap.ground.importing",
    "ImportRequest": "gridmap.ground.importing",
    "InputError": "gridmap.errors",
    "Job": "gridmap.store.jobs",
    "Jobs": "gridmap.store.jobs",
    "Limit": "gridmap.circles.limits",
    "Look": "gridmap.ground.looking",
    "Members": "gridmap.store.members",
    "MembersWithin": "gridmap.store.members",
    "People": "gridmap.people.tables",
    "Plan": "gridmap.grids.plan",
    "PrivateStore": "gridmap.store.private",
    "Publication": "gridmap.outputs.publish_content",
    "Repair": "gridmap.grids.mending",
    "RequestError": "gridmap.errors",
    "Rules": "gridmap.rules",
    "Territory": "gridmap.store.accounts",
    "TileLayer": "gridmap.outputs.tiles",
    "Tiling": "gridmap.grids.tiling",
    "User": "gridmap.store.accounts",
    "Walks": "gridmap.outputs.walks",
    "Workspace": "gridmap.store.workspace",
    "WorkspaceError": "gridmap.errors",
    "action_word": "gridmap.outputs.audit_sheet",
    "adopt_plan": "gridmap.store.work",
    "area_table": "gridmap.outputs.coverage_tables",
    "assignment": "gridmap.outputs.tiles",
    "audit_csv": "gridmap.outputs.audit_sheet",
    "audit_words": "gridmap.outputs.audit_sheet",
    "audit_workbook": "gridmap.outputs.audit_sheet",
    "band_sums": "gridmap.outputs.coverage_tables",
    "basemap_of": "gridmap.outputs.basemaps",
    "bounds_within": "gridmap.outputs.staff_map",
    "building_label": "gridmap.outputs.member_map",
    "building_records": "gridmap.outputs.records",
    "building_walks": "gridmap.outputs.staff_map",
    "buildings_within": "gridmap.store.territories",
    "category_sums": "gridmap.outputs.coverage_tables",
    "check_district": "gridmap.ground.checks",
    "coarsen": "gridmap.grids.coarsen",
    "communities_on_map": "gridmap.outputs.staff_map",
    "community_figures": "gridmap.store.members",
    "community_records": "gridmap.outputs.records",
    "compare": "gridmap.grids.compare",
    "coverage": "gridmap.circles.coverage",
    "coverage_map": "gridmap.outputs.coverage_map",
    "date_of_data": "gridmap.outputs.publish",
    "district_walks": "gridmap.outputs.staff_map",
    "explore": "gridmap.outputs.maps",
    "export_coverage": "gridmap.outputs.coverage_export",
    "export_ground": "gridmap.outputs.export",
    "export_plan": "gridmap.outputs.export",
    "field_names": "gridmap.ground.fields",
    "field_title": "gridmap.ground.fields",
    "figures_elsewhere": "gridmap.store.members",
    "figures_rows": "gridmap.outputs.member_map",
    "find_places": "gridmap.outputs.places",
    "gap_rows": "gridmap.outputs.coverage_tables",
    "gap_table": "gridmap.outputs.coverage_tables",
    "grid_records": "gridmap.outputs.records",
    "grids_layer": "gridmap.outputs.tiles",
    "grids_within": "gridmap.store.territories",
    "ground_layer": "gridmap.outputs.tiles",
    "ground_layer_names": "gridmap.outputs.tiles",
    "households_in": "gridmap.outputs.member_map",
    "import_files": "gridmap.ground.importing",
    "import_into": "gridmap.store.work",
    "limit_process": "gridmap.system",
    "live_tile": "gridmap.outputs.tiles",
    "load_rules": "gridmap.rules",
    "look_at_files": "gridmap.ground.looking",
    "made_password": "gridmap.store.accounts",
    "map_library_folder": "gridmap.outputs.publish_page",
    "member_map_content": "gridmap.outputs.member_map",
    "members_within": "gridmap.store.members",
    "members_workbook": "gridmap.outputs.member_map",
    "merged_district": "gridmap.grids.mergers",
    "packed_homes": "gridmap.outputs.walks",
    "packed_numbers": "gridmap.outputs.tiles",
    "packed_walks": "gridmap.outputs.walks",
    "page_script": "gridmap.outputs.publish_page",
    "people_fields": "gridmap.people.fields",
    "plan_into": "gridmap.store.work",
    "plan_map": "gridmap.outputs.maps",
    "profile_names": "gridmap.rules",
    "propose": "gridmap.grids.propose",
    "propose_areas": "gridmap.grids.areas",
    "propose_mergers": "gridmap.grids.mergers",
    "propose_sites": "gridmap.outputs.staff_map",
    "public_circles": "gridmap.outputs.publish_content",
    "public_content": "gridmap.outputs.publish_content",
    "public_page": "gridmap.outputs.publish_page",
    "public_policy": "gridmap.outputs.publish_page",
    "public_venues": "gridmap.outputs.publish_content",
    "publish": "gridmap.outputs.publish",
    "read_people": "gridmap.people.reading",
    "reason_sums": "gridmap.outputs.coverage_tables",
    "repair": "gridmap.grids.mending",
    "report": "gridmap.grids.measures",
    "role_names": "gridmap.store.accounts",
    "sample_district": "gridmap.ground.sample",
    "save_map": "gridmap.outputs.maps",
    "shown_workbook": "gridmap.outputs.coverage_tables",
    "territory_kind": "gridmap.store.accounts",
    "tile": "gridmap.grids.tiling",
    "tile_at": "gridmap.outputs.tiles",
    "tile_layer": "gridmap.outputs.tiles",
    "vector_layer": "gridmap.outputs.tiles",
    "venue_records": "gridmap.outputs.records",
    "venue_rings": "gridmap.outputs.staff_map",
    "venues_on_map": "gridmap.outputs.staff_map",
    "walk_limit": "gridmap.circles.limits",
    "write_pmtiles": "gridmap.outputs.tiles",
}

__all__ = list(_MODULE_OF)


def __getattr__(name: str) -> Any:
    """Load a public name from its module when it is first asked for."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'gridmap' has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF})
