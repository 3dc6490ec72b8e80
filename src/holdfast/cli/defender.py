"""`holdfast defender`: what sensors see, on a running instance."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from holdfast.api.client import Remote
from holdfast.cli import alert, defender_collections
from holdfast.cli.remote import AsJson, connect, read_body, remote_group, show_object, show_table
from holdfast.defender.learned.stages import Stage
from holdfast.kernel.errors import InvalidError

app = remote_group("Networks: assets, sensors, captures, weak points, alerts, and what is not to be told.")
app.add_typer(alert.app, name="alert")
for _name, _group in defender_collections.GROUPS.items():
    app.add_typer(_group, name=_name)

_BASE = "/api/defender"
_PAGE = 500
_POLL_SECONDS = 0.5

Asset = Annotated[int, typer.Argument(help="The asset's number.")]
Sensor = Annotated[str, typer.Argument(help="The sensor's id.")]
Capture = Annotated[str, typer.Argument(help="The capture's id.")]
Organization = Annotated[str, typer.Option(help="Only at or below this path, such as /north/.")]
Limit = Annotated[int, typer.Option(help="How many at most.", min=1, max=50_000)]

_ASSETS = {
    "asset": lambda each: each["id"],
    "name": lambda each: each["name"] or each["address"],
    "type": lambda each: each["type"],
    "vendor": lambda each: each["vendor"],
    "address": lambda each: each["address"],
    "zone": lambda each: each["zone"],
    "authorized": lambda each: each["authorized"],
    "score": lambda each: each["risk"] and each["risk"]["score"],
    "device": lambda each: each["device"],
    "last seen": lambda each: each["last_seen"],
}
_CONNECTIONS = {
    "client": lambda each: each["client"],
    "server": lambda each: each["server"],
    "protocol": lambda each: each["protocol"] or each["transport"],
    "port": lambda each: each["port"],
    "octets": lambda each: each["client_octets"] + each["server_octets"],
    "zone": lambda each: each["zone"],
    "last seen": lambda each: each["last_seen"],
}
_EVENTS = {
    "time": lambda each: each["time"],
    "severity": lambda each: each["severity"],
    "what": lambda each: each["title"],
    "devices": lambda each: " ".join(each["devices"]),
    "sensor": lambda each: each["sensor"],
}
_SENSORS = {
    "sensor": lambda each: each["id"],
    "name": lambda each: each["displayName"],
    "site": lambda each: each["site"],
    "zone": lambda each: each["zone"],
    "connected": lambda each: each["connected"],
    "stage": lambda each: (each["health"] or {}).get("stage"),
    "packets": lambda each: (each["health"] or {}).get("packets"),
    "lost": lambda each: (each["health"] or {}).get("dropped"),
    "last message": lambda each: each["lastMessage"],
}
_CAPTURES = {
    "capture": lambda each: each["id"],
    "name": lambda each: each["displayName"],
    "zone": lambda each: each["zone"],
    "octets": lambda each: each["octets"],
    "analysis": lambda each: each["analysis"]["status"],
}
_FINDINGS = {
    "weak point": lambda each: each["title"],
    "points": lambda each: each["weight"],
    "assets": lambda each: len({asset["asset"] for asset in each["assets"]}),
}
_SCORES = {
    "where": lambda each: each.get("organization") or each.get("site"),
    "score": lambda each: each["score"],
    "grade": lambda each: each["grade"],
    "assets": lambda each: each["assets"],
}


@app.command()
def assets(
    context: typer.Context,
    search: Annotated[str, typer.Option(help="Words that occur in what is known of it.")] = "",
    type: Annotated[str, typer.Option(help="Only of this type, such as PLC.")] = "",
    zone: Annotated[str, typer.Option(help="Only in the zone of this id.")] = "",
    grade: Annotated[str, typer.Option(help="secure, needs improvement or vulnerable.")] = "",
    unauthorized: Annotated[bool, typer.Option("--unauthorized", help="Only those nobody allowed.")] = False,
    sort: Annotated[str, typer.Option(help="risk, name, last, …; downwards with a - before it.")] = "risk",
    organization: Organization = "",
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """List assets, the one that is worst off first."""
    asked = {"search": search, "type": type, "zone": zone, "grade": grade, "sort": sort}
    asked |= {"organization": organization, "authorized": "false" if unauthorized else ""}
    with connect(context) as remote:
        show_table(_listed(remote, f"{_BASE}/assets", asked, limit), _ASSETS, as_json)


@app.command()
def asset(context: typer.Context, asset: Asset) -> None:
    """Show an asset and where each fact comes from.

    With its weak points, and why its score is what it is.
    """
    with connect(context) as remote:
        show_object(remote.get(f"{_BASE}/assets/{asset}"))


@app.command("set")
def say(
    context: typer.Context,
    asset: Asset,
    body: Annotated[str, typer.Argument(help='JSON such as {"authorized": true}, or @file.')],
) -> None:
    """Say what an asset is.

    Name, type, authorized, important, device, …; null takes a word back.
    """
    with connect(context) as remote:
        show_object(remote.patch(f"{_BASE}/assets/{asset}", read_body(body)))


@app.command()
def forget(context: typer.Context, asset: Asset) -> None:
    """Forget an asset; if it is still there, it is found again."""
    with connect(context) as remote:
        remote.delete(f"{_BASE}/assets/{asset}")


@app.command()
def connections(
    context: typer.Context,
    asset: Annotated[int | None, typer.Option(help="Only of this asset.")] = None,
    address: Annotated[str, typer.Option(help="Only from or to this address.")] = "",
    protocol: Annotated[str, typer.Option(help="Only of this protocol.")] = "",
    organization: Organization = "",
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """List who talks to whom, those that were active last first."""
    asked = {"asset": "" if asset is None else str(asset), "address": address, "protocol": protocol}
    asked["organization"] = organization
    with connect(context) as remote:
        show_table(_listed(remote, f"{_BASE}/connections", asked, limit), _CONNECTIONS, as_json)


@app.command()
def events(
    context: typer.Context,
    address: Annotated[str, typer.Option(help="Only those that name this address.")] = "",
    type: Annotated[str, typer.Option(help="Only of this type, such as PROGRAM_DEVICE.")] = "",
    search: Annotated[str, typer.Option(help="Words of the title.")] = "",
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """Read the timeline, newest first."""
    asked = {"address": address, "type": type, "search": search}
    with connect(context) as remote:
        show_table(_listed(remote, f"{_BASE}/events", asked, limit), _EVENTS, as_json)


@app.command()
def findings(context: typer.Context, organization: Organization = "", as_json: AsJson = False) -> None:
    """List the kinds of weak points, heaviest first."""
    with connect(context) as remote:
        found = remote.get(_with(f"{_BASE}/findings", {"organization": organization}))["value"]
    show_table(found, _FINDINGS, as_json)


@app.command()
def risk(context: typer.Context, organization: Organization = "", as_json: AsJson = False) -> None:
    """Show the scores of zones and sites, worst first."""
    with connect(context) as remote:
        known = remote.get(_with(f"{_BASE}/risk", {"organization": organization}))
    if as_json:
        show_object(known)
        return
    overall = {"organization": "everything", "assets": known["assets"], **known["overall"]}
    show_table([overall, *known["sites"], *known["zones"]], _SCORES, as_json=False)


@app.command()
def sensors(context: typer.Context, as_json: AsJson = False) -> None:
    """List sensors and how they are."""
    with connect(context) as remote:
        show_table(remote.get(f"{_BASE}/sensors")["value"], _SENSORS, as_json)


@app.command()
def sensor(
    context: typer.Context,
    sensor: Sensor,
    setup: Annotated[str, typer.Option(help="A new setup: JSON, or @file; see docs/defender.md.")] = "",
) -> None:
    """Show a sensor, or change how it works."""
    path = f"{_BASE}/sensors/{quote(sensor, safe='')}"
    with connect(context) as remote:
        show_object(remote.patch(path, {"setup": read_body(setup)}) if setup else remote.get(path))


@app.command()
def captures(context: typer.Context, as_json: AsJson = False) -> None:
    """List uploaded captures and how their analysis stands."""
    with connect(context) as remote:
        show_table(remote.get(f"{_BASE}/captures")["value"], _CAPTURES, as_json)


@app.command()
def upload(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A capture (pcap, pcapng, gzip).")],
    name: Annotated[str, typer.Option("--as", help="Its id; by default the file's name.")] = "",
    organization: Annotated[str, typer.Option(help="Id of the organization that is its zone.")] = "",
    stage: Annotated[
        Stage | None, typer.Option(help="Without it the first capture of a zone is learned, others judged.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until it is analyzed, with a progress bar.")] = False,
) -> None:
    """Upload a capture to be analyzed on the instance."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InvalidError(f"{file} cannot be read: {error.strerror}.") from error
    identity = name or file.name.partition(".")[0]
    path = f"{_BASE}/captures/{quote(identity, safe='')}"
    asked = {"organization": organization, "name": file.name, "stage": stage or ""}
    with connect(context) as remote:
        answer = remote.upload(_with(path, asked), content, "application/octet-stream", method="PUT")
        if wait:
            answer = _analyzed(remote, path)
    show_object(answer)
    if answer["analysis"]["status"] == "failed":
        raise typer.Exit(1)


@app.command("delete-capture")
def delete_capture(context: typer.Context, capture: Capture) -> None:
    """Delete a capture with what only it showed."""
    with connect(context) as remote:
        remote.delete(f"{_BASE}/captures/{quote(capture, safe='')}")


@app.command()
def export(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(help="assets, connections, events or alerts.")],
    where: Annotated[list[str] | None, typer.Option(help="A filter such as type=PLC.")] = None,
    columns: Annotated[str, typer.Option(help="Columns with commas between them.")] = "",
) -> None:
    """Print a filtered table as CSV."""
    asked = {"columns": columns}
    for text in where or []:
        key, equals, value = text.partition("=")
        if not equals:
            raise InvalidError(f"'{text}' is no filter; write it as type=PLC.")
        asked[key] = value
    with connect(context) as remote:
        typer.echo(remote.download(_with(f"{_BASE}/export/{quote(subject, safe='')}", asked)), nl=False)


def _with(path: str, asked: dict[str, str]) -> str:
    """The path with those parts of a query that are set."""
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{path}?{query}" if query else path


def _listed(remote: Remote, path: str, asked: dict[str, str], limit: int) -> list[Any]:  # any JSON
    found: list[Any] = []  # Any: JSON
    while len(found) < limit:
        part = {"limit": str(min(_PAGE, limit - len(found))), "offset": str(len(found))}
        items = remote.get(_with(path, asked | part))["value"]
        found += items
        if len(items) < _PAGE:
            break
    return found


def _analyzed(remote: Remote, path: str) -> Any:  # any JSON
    """The capture once its analysis ended."""
    columns = TextColumn("analyzing"), BarColumn(), TextColumn("{task.percentage:.0f} %")
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=1.0)
        while True:
            capture = remote.get(path)
            progress.update(task, completed=capture["analysis"]["done"])
            if capture["analysis"]["status"] in ("done", "failed"):
                return capture
            remote.pause(_POLL_SECONDS)
