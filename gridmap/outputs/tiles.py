"""Vector tiles straight from memory: the one door to the modules beside it.

:func:`tile_layer` packs a table once; :func:`live_tile` cuts one tile of it, :func:`write_pmtiles` writes all tiles of several layers as one file.
Tiles hold what is on the ground. Which building is in which grid is not in them: :func:`assignment` tells it as one array by feature id, so that
an edit of a plan changes no tile and a page colours the buildings anew by one small request.
"""

from __future__ import annotations

from gridmap.outputs.tile_archive import vector_layer as vector_layer
from gridmap.outputs.tile_archive import write_pmtiles as write_pmtiles
from gridmap.outputs.tile_pyramid import TileLayer as TileLayer
from gridmap.outputs.tile_pyramid import live_tile as live_tile
from gridmap.outputs.tile_pyramid import tile_layer as tile_layer
