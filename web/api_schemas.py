"""What the API takes and gives, field by field: requests are checked against it, replies are cut to it, and the description is made from it."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from web.standing import standing

PAGE_USUAL, PAGE_MOST = 100, 1000
OFFSET_MOST = 100_000_000
TEXT_MOST = 200


def _text(about: str) -> fields.Field[Any]:
    return fields.String(allow_none=True, metadata={"description": about})


def _count(about: str) -> fields.Field[Any]:
    return fields.Integer(allow_none=True, metadata={"description": about})


def _number(about: str) -> fields.Field[Any]:
    return fields.Float(allow_none=True, metadata={"description": about})


def _id(about: str) -> fields.Field[Any]:
    return fields.String(required=True, metadata={"description": about})


HOUSEHOLDS = "Households; null where they are not known or lie outside the account's territory."
LON, LAT = "Longitude, WGS 84, degrees.", "Latitude, WGS 84, degrees."


class OfRules(validate.Validator):
    """Accepts the codes in a ``part`` of the rules that count now: those of the adopted plan."""

    def __init__(self, part: str) -> None:
        self.part = part

    @property
    def choices(self) -> tuple[str, ...]:
        """What is accepted; the description of the API lists it."""
        return tuple(getattr(standing().ground.sight().rules, self.part))

    def __call__(self, value: str) -> str:
        """Return the value; raises ``ValidationError`` for one that the rules do not have."""
        if value not in self.choices:
            raise ValidationError(self.part)
        return value


class Page(Schema):
    """What every list takes."""

    limit = fields.Integer(
        load_default=PAGE_USUAL, validate=validate.Range(1, PAGE_MOST), metadata={"description": f"How many rows, at most {PAGE_MOST}."}
    )
    offset = fields.Integer(load_default=0, validate=validate.Range(0, OFFSET_MOST), metadata={"description": "How many rows to leave out."})


class InCommunity(Page):
    """Lists of what lies in communities."""

    community_id = fields.String(validate=validate.Length(1, TEXT_MOST), metadata={"description": "Only those of this community."})


class Walking(InCommunity):
    """The list of walks."""

    category = fields.String(validate=OfRules("categories"), metadata={"description": "Only this category."})
    walk = fields.String(load_default="default", validate=OfRules("walk"), metadata={"description": "The way of walking."})
    minutes = fields.Integer(load_default=10, validate=validate.Range(1, 60), metadata={"description": "The limit in minutes."})


class Grave(Page):
    """The list of findings."""

    severity = fields.String(validate=validate.OneOf(("error", "warning", "info")), metadata={"description": "Only those of this severity."})


class District(Schema):
    """The district as a whole."""

    name = fields.String(required=True, metadata={"description": "Its name."})
    crs = fields.String(required=True, metadata={"description": "The coordinate system in which it is kept."})
    bounds = fields.List(fields.Float(), required=True, metadata={"description": "West, south, east, north in degrees, WGS 84."})
    plan = _text("The adopted plan; null when there is none.")
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True, metadata={"description": "Rows of each table."})


class Community(Schema):
    """A community."""

    community_id = _id("Its id.")
    division_code = _text("Its official code of 12 digits.")
    name = _text("Its name.")
    street_office = _text("The street office that it belongs to.")
    county = _text("The county.")
    buildings = fields.Integer(required=True, metadata={"description": "Its buildings."})
    households = _count(HOUSEHOLDS)


class Building(Schema):
    """A building."""

    building_id = _id("Its id.")
    community_id = _id("Its community.")
    compound_id = _text("Its compound.")
    name = _text("Its name.")
    use = _text("What it is used for.")
    floors = _count("Floors.")
    households = _count(HOUSEHOLDS)
    grid_id = _text("Its grid in the adopted plan; of a building divided by stairwell the one with most households.")
    lon = _number(LON)
    lat = _number(LAT)


class Grid(Schema):
    """A grid of the adopted plan."""

    grid_id = _id("Its id.")
    code = _text("Its official code.")
    name = _text("Its name.")
    kind = fields.String(required=True, validate=validate.OneOf(("ordinary", "dedicated")), metadata={"description": "Its kind."})
    community_id = _id("Its community.")
    buildings = fields.Integer(required=True, metadata={"description": "Its buildings."})
    households = _count(HOUSEHOLDS)


class Venue(Schema):
    """A venue that is open to the public."""

    venue_id = _id("Its id.")
    name = _text("Its name.")
    categories = fields.List(fields.String(), required=True, metadata={"description": "The codes of its categories."})
    address = _text("Its address.")
    phone = _text("The telephone number that it gives to the public.")
    hours = _text("When it is open.")
    area_m2 = _number("Floor area, square metres.")
    opened_by = _text("Who opened it.")
    accessible = fields.Boolean(allow_none=True, metadata={"description": "Whether a wheelchair can enter; null where that is not known."})
    lon = _number(LON)
    lat = _number(LAT)


class Plan(Schema):
    """A plan."""

    name = _id("Its name.")
    author = _text("Who made it.")
    made_at = _text("When.")
    profile = _text("The rules.")
    bounds = _text("The bounds of households in a grid, as 250:300.")
    grids = fields.Integer(required=True, metadata={"description": "Its grids."})
    in_bounds = fields.Integer(required=True, metadata={"description": "Ordinary grids within the bounds."})
    households = fields.Integer(required=True, metadata={"description": "Households in all of its grids."})
    adopted = fields.Boolean(required=True, metadata={"description": "Whether it is the adopted one."})
    stale = fields.Boolean(required=True, metadata={"description": "Whether the ground has changed since it was made."})


class Walk(Schema):
    """How far it is from a building to the nearest venue of a category."""

    building_id = _id("The building.")
    category = _id("The category.")
    metres = _number("From door to door; null where nothing can be reached.")
    minutes = _number("The same in minutes.")
    venue_id = _text("The nearest venue, where it lies within the limit.")
    nearest_venue_id = _text("The nearest venue, also beyond the limit.")
    reason = _text("Why it is not covered: too_far, island, no_street, walled, no_venue; null where it is covered.")


class Finding(Schema):
    """What is broken or doubtful on the ground or in the adopted plan."""

    code = _id("The rule.")
    subject = _id("The id of what it is about.")
    severity = fields.String(required=True, validate=validate.OneOf(("error", "warning", "info")), metadata={"description": "How grave it is."})
    about = fields.String(required=True, validate=validate.OneOf(("ground", "plan")), metadata={"description": "Of what it was found."})
    text = fields.String(required=True, metadata={"description": "The sentence, in the language of the request."})
    community_id = _text("The community.")
    grid_id = _text("The grid.")


class Failure(Schema):
    """Why a request has failed: the one shape of all failures."""

    code = fields.String(required=True, metadata={"description": "Names the kind of failure."})
    text = fields.String(required=True, metadata={"description": "A sentence, in the language of the request."})
    request_id = fields.String(required=True, metadata={"description": "Names the line of the server's log."})


class Failed(Schema):
    """A failure."""

    error = fields.Nested(Failure, required=True)
