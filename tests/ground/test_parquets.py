from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from gridmap.errors import InputError
from gridmap.ground.files import read_layers


def test_crs_and_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    gpd.GeoDataFrame({"编号": ["007"]}, geometry=[shapely.Point(40_500_000, 3_500_000)], crs=4528).to_parquet(path)
    (layer,) = read_layers(path)
    assert layer.frame["编号"].tolist() == ["007"]
    assert layer.frame.crs.to_epsg() == 4528


def test_plain_parquet_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": [1, None]}), path)
    (layer,) = read_layers(path)
    assert not layer.has_geometry
    assert layer.frame["a"].dtype == "Int64"


def test_damage_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1 and then nothing")
    with pytest.raises(InputError) as caught:
        read_layers(path)
    assert caught.value.code == "file_unreadable"
