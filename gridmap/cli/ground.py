"""Commands about what is on the ground: ``sample``, ``import``, ``check``."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

import click

from gridmap.cli.reply import Answer, give, progress_bars
from gridmap.cli.words import Command, option, say

PATH = click.Path(path_type=Path)
WORKSPACE = click.argument("workspace", type=PATH)
JSON = option("--json", "as_json", is_flag=True)
RULES = option("--rules", "profile", default="nantong", show_default=True)
SEED_MOST = 2**63 - 1
"""The largest whole number that a workspace can keep."""
SEED = click.IntRange(min=0, max=SEED_MOST)
LANG = option("--lang", type=click.Choice(("zh", "en")), expose_value=False)


def login_name() -> str:
    """Return the name that the user logged in with; empty where the system has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


@click.command("sample", cls=Command)
@click.argument("out", type=PATH)
@option("--households", type=click.IntRange(min=1), default=6000, show_default=True)
@option("--seed", type=SEED, default=1, show_default=True)
@option("--communities", "communities_wanted", type=click.IntRange(min=1))
@option("--street-offices", type=click.IntRange(min=1))
@option("--office", type=PATH)
@option("--overwrite", is_flag=True)
@JSON
@LANG
def sample(
    out: Path,
    households: int,
    seed: int,
    communities_wanted: int | None,
    street_offices: int | None,
    office: Path | None,
    overwrite: bool,
    as_json: bool,
) -> int:
    """The text stands in the catalogue."""
    from gridmap.errors import RequestError
    from gridmap.ground.sample import sample_district, write_office
    from gridmap.store.workspace import Workspace

    workspace = Workspace(out)
    if workspace.exists() and not overwrite:
        raise RequestError("cli_exists", path=str(out))
    if office is not None:
        _check_office(office, overwrite=overwrite)
    district = sample_district(households, seed=seed, communities=communities_wanted, street_offices=street_offices)
    history = [{"table": "district", "source": f"sample --households {households} --seed {seed}"}]
    workspace.write_ground(district, [], imports=history, based_on=None, afresh=overwrite)
    counts = {name: len(table) for name, table in district.tables().items()}
    total = int(district.buildings.households.sum())
    lines = [say("cli_sample_done", path=str(out), households=total, buildings=counts["buildings"], communities=counts["communities"])]
    data: dict[str, Any] = {"workspace": str(out), "households": total, "tables": counts}
    if office is not None:
        defects = write_office(district, office, seed=seed)
        data["office"] = {"folder": str(office), "defects": [{"file": each.file, "kind": each.kind, "row": each.row} for each in defects]}
        lines.append(say("cli_office_done", folder=str(office), defects=len(defects)))
    lines.append(say("cli_next_plan", path=str(out)))
    return give(Answer(data, lines), as_json=as_json)


def _check_office(folder: Path, *, overwrite: bool) -> None:
    """Raise ``RequestError`` when the office's raw files have no place in ``folder``, or would replace files that may be anybody's."""
    from gridmap.errors import RequestError
    from gridmap.ground.sample.office import FILES

    if folder.exists() and not folder.is_dir():
        raise RequestError("cli_office_is_file", folder=str(folder))
    taken = [file for file in FILES.values() if (folder / file).exists()]
    if taken and not overwrite:
        raise RequestError("cli_office_taken", folder=str(folder), file=taken[0])


@click.command("import", cls=Command)
@WORKSPACE
@option("--communities", type=PATH)
@option("--buildings", type=PATH)
@option("--streets", type=PATH)
@option("--barriers", type=PATH)
@option("--gates", type=PATH)
@option("--venues", type=PATH)
@option("--osm", type=PATH)
@option("--ledger", type=PATH)
@option("--grids", type=PATH)
@option("--plan")
@option("--field", "fields", multiple=True, metavar="TABLE.COLUMN=SOURCE")
@option("--crs", metavar="wgs84|gcj02|bd09|EPSG:n")
@option("--cells", type=click.Choice(("auto", "given", "build")), default="auto", show_default=True)
@RULES
@option("--author")
@JSON
@LANG
def import_(workspace: Path, fields: tuple[str, ...], profile: str, author: str | None, as_json: bool, **sources: Any) -> int:
    """The text stands in the catalogue."""
    from gridmap.cli.importing import field_options, import_answer
    from gridmap.ground.importing import ImportRequest

    request = ImportRequest(fields=field_options(fields), name=workspace.stem, **sources)
    with progress_bars() as progress:
        answer = import_answer(workspace, request, profile=profile, author=author or login_name(), progress=progress)
    return give(answer, as_json=as_json)


@click.command("check", cls=Command)
@WORKSPACE
@RULES
@JSON
@LANG
def check(workspace: Path, profile: str, as_json: bool) -> int:
    """The text stands in the catalogue."""
    from gridmap.ground.checks import check_datum, check_district
    from gridmap.rules import load_rules
    from gridmap.store.workspace import Workspace

    rules = load_rules(profile)
    store = Workspace(workspace)
    district = store.read_district()
    findings = [*check_datum(district), *check_district(district, rules)]
    counts = {name: len(table) for name, table in district.tables().items()}
    households = int(district.buildings.households.sum())
    data = {"workspace": str(workspace), "tables": counts, "households": households, "crs": district.crs.to_string()}
    lines = [say("cli_check_done", households=households, buildings=counts["buildings"], communities=counts["communities"])]
    return give(Answer(data, lines, findings), as_json=as_json)


COMMANDS = (sample, import_, check)
