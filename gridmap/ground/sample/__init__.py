"""A made-up but lifelike district of any size, and the same district as an office's raw files."""

from __future__ import annotations

from gridmap.ground.sample.district import sample_district as sample_district
from gridmap.ground.sample.office import PlantedDefect as PlantedDefect
from gridmap.ground.sample.office import office_options as office_options
from gridmap.ground.sample.office import write_office as write_office
