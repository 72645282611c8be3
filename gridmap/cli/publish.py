"""The command ``publish``: the public venue map."""

from __future__ import annotations

from pathlib import Path

import click

from gridmap.cli.circles import WALK
from gridmap.cli.ground import JSON, LANG, PATH, RULES, WORKSPACE
from gridmap.cli.reply import Answer, give, progress_bars
from gridmap.cli.words import Command, language, option, say


@click.command("publish", cls=Command)
@WORKSPACE
@click.argument("out", type=PATH)
@option("--source")
@option("--date")
@option("--approval")
@option("--address")
@option("--minutes", "publish_minutes", type=click.FLOAT, default=10.0, show_default=True)
@WALK
@RULES
@JSON
@LANG
def publish(
    workspace: Path,
    out: Path,
    source: str | None,
    date: str | None,
    approval: str | None,
    address: str | None,
    publish_minutes: float,
    walk: str,
    profile: str,
    as_json: bool,
) -> int:
    """The text stands in the catalogue."""
    from gridmap.outputs.publish import check_out, date_of_data
    from gridmap.outputs.publish import publish as write
    from gridmap.rules import load_rules
    from gridmap.store.workspace import Workspace
    from gridmap.walking.cache import cached_network

    check_out(out)
    rules, store = load_rules(profile), Workspace(workspace)
    district = store.read_district()
    told = {
        "source": say("public_own_data") if source is None else source,
        "date": date_of_data(store) if date is None else date,
        "approval": approval,
        "address": address,
    }
    with progress_bars() as progress:
        files, findings = write(
            district,
            rules,
            out,
            source=str(told["source"]),
            date=str(told["date"]),
            approval=approval,
            address=address,
            walk=walk,
            minutes=publish_minutes,
            language=language(),
            network=cached_network(district, folder=store.networks_folder),
            progress=progress,
        )
    data = {"workspace": str(workspace), "files": [str(path) for path in files], "bytes": sum(path.stat().st_size for path in files), **told}
    return give(Answer(data, [say("cli_publish_done", path=str(out), date=str(told["date"]))], findings), as_json=as_json)


COMMANDS = (publish,)
