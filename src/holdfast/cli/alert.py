"""`holdfast alert`: alerts of a running instance, and where they are sent."""

from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from holdfast.cli.remote import AsJson, connect, read_body, remote_group, show_object, show_table

app = remote_group("Alerts, what to do with them, where they are sent.")
destinations = typer.Typer(no_args_is_help=True, help="Where alerts and audit records are sent.")
app.add_typer(destinations, name="destination")

Alert = Annotated[str, typer.Argument(help="The alert's id.")]
Destination = Annotated[str, typer.Argument(help="The destination's id.")]
Body = Annotated[str, typer.Argument(help="JSON, or @file.")]
Limit = Annotated[int, typer.Option(help="How many at most.", min=1, max=10_000)]

_COLUMNS = {
    "alert": lambda each: each["id"],
    "severity": lambda each: each["severity"],
    "status": lambda each: each["resolution"] or each["status"],
    "title": lambda each: each["title"],
    "source": lambda each: each["source"],
    "destination": lambda each: each["destination"],
    "times": lambda each: each["count"],
    "last seen": lambda each: each["lastTime"],
}
_DESTINATION_COLUMNS = {
    "destination": lambda each: each["id"],
    "name": lambda each: each["displayName"],
    "type": lambda each: each["connection"]["type"],
    "enabled": lambda each: each.get("enabled", True),
    "waiting": lambda each: each["delivery"]["waiting"],
    "given up": lambda each: each["delivery"]["deadLetters"],
    "last error": lambda each: each["delivery"]["lastError"],
}


@app.command("list")
def list_alerts(
    context: typer.Context,
    status: Annotated[str, typer.Option(help="open, new, active or closed; empty for all.")] = "open",
    minimum: Annotated[str, typer.Option(help="low, medium or high.")] = "low",
    engine: Annotated[str, typer.Option(help="Only of this engine, such as policy.")] = "",
    party: Annotated[str, typer.Option(help="Only from or to this address or resource.")] = "",
    organization: Annotated[str, typer.Option(help="Only at or below this path, such as /north/.")] = "",
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """List alerts, the newest first."""
    asked = {
        "status": status,
        "minimumSeverity": minimum,
        "engine": engine,
        "party": party,
        "organization": organization,
        "$top": str(min(limit, 100)),
    }
    path = f"/api/alerts?{urlencode({name: value for name, value in asked.items() if value})}"
    found: list[dict[str, Any]] = []  # Any: JSON
    with connect(context) as remote:
        while path and len(found) < limit:
            page = remote.get(path)
            found += page["value"]
            path = page.get("nextLink", "")
    show_table(found[:limit], _COLUMNS, as_json)


@app.command()
def show(context: typer.Context, alert: Alert) -> None:
    """Show an alert: what was seen, what it means, what to do."""
    with connect(context) as remote:
        show_object(remote.get(f"/api/alerts/{alert}"))


@app.command()
def acknowledge(context: typer.Context, alert: Alert) -> None:
    """Say that somebody works on it."""
    _do(context, alert, "acknowledge")


@app.command()
def close(context: typer.Context, alert: Alert) -> None:
    """Close it as handled; the same seen again opens a fresh alert."""
    _do(context, alert, "close")


@app.command()
def learn(context: typer.Context, alert: Alert) -> None:
    """Close it and allow what it shows from now on."""
    _do(context, alert, "learn")


@app.command()
def mute(context: typer.Context, alert: Alert) -> None:
    """Close it and raise nothing of the kind between these parties."""
    _do(context, alert, "mute")


@app.command()
def unmute(context: typer.Context, alert: Alert) -> None:
    """Let the kind be raised again between these parties."""
    _do(context, alert, "unmute")


@app.command()
def comment(
    context: typer.Context, alert: Alert, text: Annotated[str, typer.Argument(help="What to write.")]
) -> None:
    """Write something beside it."""
    with connect(context) as remote:
        show_object(remote.post(f"/api/alerts/{alert}/comments", {"text": text}))


def _do(context: typer.Context, alert: str, deed: str) -> None:
    with connect(context) as remote:
        done = remote.post(f"/api/alerts/{alert}/{deed}")
    typer.echo(f"{done['id']}  {done['resolution'] or done['status']}  {done['title']}")


_BASE = "/api/alerts/destinations"


@destinations.command("list")
def list_destinations(context: typer.Context, as_json: AsJson = False) -> None:
    """List destinations and how delivery goes."""
    with connect(context) as remote:
        show_table(remote.pages(_BASE), _DESTINATION_COLUMNS, as_json)


@destinations.command("set")
def set_destination(context: typer.Context, destination: Destination, body: Body) -> None:
    """Make or replace a destination. docs/delivery.md has its fields."""
    with connect(context) as remote:
        show_object(remote.put(f"{_BASE}/{destination}", read_body(body)))


@destinations.command("remove")
def remove_destination(context: typer.Context, destination: Destination) -> None:
    """Remove a destination, and what waits for it."""
    with connect(context) as remote:
        remote.delete(f"{_BASE}/{destination}")


@destinations.command("test")
def test_destination(context: typer.Context, destination: Destination) -> None:
    """Send a test message now, and say whether it arrived."""
    with connect(context) as remote:
        remote.post(f"{_BASE}/{destination}/test")
    typer.echo("It arrived.")


@destinations.command("retry")
def retry_destination(context: typer.Context, destination: Destination) -> None:
    """Try the messages again that were given up."""
    with connect(context) as remote:
        remote.post(f"{_BASE}/{destination}/retry")


@destinations.command("given-up")
def given_up(context: typer.Context, destination: Destination, as_json: AsJson = False) -> None:
    """List the messages that were given up, and why."""
    columns = {
        "message": lambda each: each["messageId"],
        "title": lambda each: each["title"],
        "tries": lambda each: each["attempts"],
        "why": lambda each: each["error"],
    }
    with connect(context) as remote:
        show_table(remote.get(f"{_BASE}/{destination}/deadLetters")["value"], columns, as_json)
