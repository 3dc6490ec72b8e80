"""`holdfast baseline control` and `holdfast evidence export`: how a control stood, and what shows it."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from holdfast.baseline.documents.files import write_file
from holdfast.baseline.service import WHOLE
from holdfast.cli.remote import DEFAULT_URL, AsJson, Ca, Token, Url, open_remote, show_object

_Moment = Annotated[str, typer.Option(help="A day, at its end (2027-03-03), or 2027-03-03T12:00:00Z.")]


def control(
    control: Annotated[str, typer.Argument(help="The control, such as DP-4.")],
    at: _Moment = "",
    service: Annotated[str, typer.Option(help="holdfast, or one of its parts.")] = WHOLE,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    ca: Ca = None,
) -> None:
    """Say how a control stands, or stood, and why. Every observation is named with its digest."""
    asked = urlencode({"service": service, **({"at": at} if at else {})})
    with open_remote(url, token, ca) as remote:
        found = remote.get(f"/api/baseline/controls/{control}?{asked}")
    if as_json:
        show_object(found)
        return
    typer.echo(
        f"{found['control']}, {found['title']}: {found['state']} at {found['time']}. {found['reason']}"
    )
    if seen := _observations(found):
        Console().print(_table(seen))


def _observations(control: dict[str, Any]) -> list[dict[str, Any]]:  # JSON of the API
    return [item for each in (*control["features"], *control["policies"]) for item in each["observations"]]


def _table(observations: list[dict[str, Any]]) -> Table:  # likewise
    table = Table("probe", "subject", "expected", "observed", "outcome", "when", "digest")
    columns = ("probe", "subject", "expected", "observed", "outcome", "collected")
    for item in observations:
        table.add_row(*(Text(str(item[name])) for name in columns), str(item["digest"])[:12])
    return table


def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="The ZIP to write.")],
    control: Annotated[str, typer.Option(help="Only this control on the index page.")] = "",
    since: _Moment = "",
    until: _Moment = "",
    url: Url = DEFAULT_URL,
    token: Token = "",
    ca: Ca = None,
) -> None:
    """Write what an auditor asks for, of a period.

    An index page, the signed evidence, and the key for it.
    """
    asked = {"control": control, "since": since, "until": until}
    query = urlencode({name: value for name, value in asked.items() if value})
    with open_remote(url, token, ca) as remote:
        write_file(output, remote.download(f"/api/baseline/audit?{query}"))
    typer.echo(f"{output}: check it with `holdfast evidence verify {output} --key public-key.pem`")
