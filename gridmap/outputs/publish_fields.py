"""The declared list of what a public map may hold; whatever is not in it is not published.

A test makes public files and demands exactly these fields in them, no more and no fewer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gridmap.ground.tables import Kind
from gridmap.store.geopackage import Field, Layer


@dataclass(frozen=True, slots=True)
class PublicField:
    """One field that the public may see, and what it says, in a sentence of each language."""

    name: str
    zh: str
    en: str


VENUE_FIELDS: tuple[PublicField, ...] = (
    PublicField("name", "场所的名称。", "The name of the venue."),
    PublicField("categories", "场所提供的服务类别。", "The categories of service that the venue offers."),
    PublicField("address", "场所的地址。", "The address of the venue."),
    PublicField("phone", "场所对外公布的电话。", "The telephone number that the venue gives to the public."),
    PublicField("hours", "场所的开放时间。", "When the venue is open."),
    PublicField("area_m2", "场所的建筑面积，平方米。", "The floor area of the venue, square metres."),
    PublicField("opened_by", "开放这个场所的单位。", "The organisation that opened the venue."),
    PublicField("accessible", "轮椅能不能进入；不清楚时为空。", "Whether a wheelchair can enter; empty where that is not known."),
)
"""What is told of each venue that is open to the public, on the page and in the files beside it."""

PAGE_VENUE_FIELDS: tuple[PublicField, ...] = (
    *VENUE_FIELDS,
    PublicField("id", "链接里用的编号，由场所编号换算，看不出原来的编号。", "What links call the venue: made from its id, not telling it."),
    PublicField("place", "场所的位置，精确到约 0.1 米。", "Where the venue stands, to about 0.1 m."),
    PublicField(
        "circle",
        "规定时间内能步行到场所的范围，每种走法一个，精确到约 10 米。",
        "From where one walks there in time, to 10 m, for each way.",
    ),
)

FILE_FIELDS: tuple[PublicField, ...] = (
    *VENUE_FIELDS,
    PublicField("longitude", "经度，WGS 84，度。", "Longitude, WGS 84, degrees."),
    PublicField("latitude", "纬度，WGS 84，度。", "Latitude, WGS 84, degrees."),
)
"""The columns of ``venues.csv``; ``venues.geojson`` has the two last ones as its geometry."""

PAGE_FIELDS: Mapping[str, tuple[PublicField, ...]] = {
    "": (
        PublicField("language", "网页打开时的语言。", "The language in which the page opens."),
        PublicField("texts", "网页上的固定文字，中英文。", "The fixed words on the page, in Chinese and English."),
        PublicField("district", "地图所示地区的名称。", "The name of the district that is drawn."),
        PublicField("source", "数据来源。", "Where the data come from."),
        PublicField("date", "数据日期。", "The date of the data."),
        PublicField("approval", "审图号；没有时为空，网页写明“未经审图”。", "Map approval number; empty where there is none, as the page then says."),
        PublicField("address", "网页的网址，发布时给出的。", "The address of the page, where one was given."),
        PublicField("qr", "网址的二维码。", "The QR code of that address."),
        PublicField("staff", "工作人员登录的网址，由服务器给出；文件里为空。", "Where staff log in, when a server shows the page; empty in files."),
        PublicField("origin", "各坐标的起点，度。", "The place from which all places are counted, degrees."),
        PublicField("steps", "一度分成多少步：建筑和场所一种，范围一种。", "Into how many steps a degree is divided, for shapes and for circles."),
        PublicField("bounds", "地图的四至，度。", "West, south, east and north of the map, degrees."),
        PublicField("limits", "步行多少分钟、多少米算能走到，每种走法一行。", "Minutes and metres of walking that count, for each way."),
        PublicField("categories", "服务类别。", "The categories of service."),
        PublicField("venues", "对公众开放的场所。", "The venues that are open to the public."),
        PublicField("circles_pending", "步行范围是不是还在计算。", "Whether the walking ranges are still being computed."),
        PublicField("basemap", "服务器设置的他人底图；文件里没有。", "The map of others that a server's settings ask for; files have none."),
        PublicField("ground", "底图：道路、水面和建筑的形状。", "The ground: shapes of streets, water and buildings."),
    ),
    "categories": (
        PublicField("code", "类别代码。", "The code of the category."),
        PublicField("zh", "类别的中文名。", "Its Chinese name."),
        PublicField("en", "类别的英文名。", "Its English name."),
    ),
    "venues": PAGE_VENUE_FIELDS,
    "limits": (
        PublicField("walk", "走法的代码。", "The code of the way of walking."),
        PublicField("minutes", "分钟数。", "The minutes."),
        PublicField("metres", "能走的米数。", "The metres walked in them."),
        PublicField("flat", "是不是不论快慢的固定距离。", "Whether it is a distance whatever the speed."),
        PublicField("access_metres", "从房屋到最近的道路最多多少米。", "How far a house may lie from the nearest street, metres."),
    ),
    "ground": (
        PublicField("streets", "道路。", "The streets."),
        PublicField("water", "河流湖泊。", "Rivers and lakes."),
        PublicField("railways", "铁路。", "Railways."),
        PublicField("buildings", "建筑的形状，没有任何其他信息。", "Shapes of buildings and nothing else about them."),
    ),
    "ground.streets": (
        PublicField("name", "道路名称。", "The name of the street."),
        PublicField("kind", "道路等级。", "The class of the street."),
        PublicField("walkable", "能不能步行。", "Whether one may walk on it."),
        PublicField("shape", "道路的中心线。", "The middle line of the street."),
    ),
    "ground.water": (
        PublicField("name", "水面名称。", "The name of the water."),
        PublicField("area", "画成面还是线。", "Whether it is an area or a line."),
        PublicField("shape", "水面的形状。", "The shape of the water."),
    ),
    "ground.railways": (PublicField("shape", "铁路的线。", "The line of the railway."),),
    "ground.buildings": (PublicField("shape", "建筑的外形。", "The outline of the building."),),
    "qr": (
        PublicField("size", "二维码每边的格数。", "How many squares the QR code has on a side."),
        PublicField("path", "二维码的黑格。", "The dark squares of the QR code."),
    ),
    "steps": (
        PublicField("shape", "建筑、道路和场所一度的步数。", "Steps to a degree for buildings, streets and venues."),
        PublicField("circle", "步行范围一度的步数。", "Steps to a degree for circles."),
    ),
}
"""Every field of the page's content by the part that it stands in."""

_KINDS: Mapping[str, Kind] = {"area_m2": "number", "accessible": "truth", "longitude": "number", "latitude": "number"}

VENUE_FILE = Layer("venues", tuple(Field(each.name, _KINDS.get(each.name, "text")) for each in FILE_FIELDS))
"""The sheet ``venues.csv``."""
VENUE_POINTS = Layer("venues", tuple(Field(each.name, _KINDS.get(each.name, "text")) for each in VENUE_FIELDS), "POINT")
"""The layer ``venues.geojson``."""
