"""`holdfast defender exclusion|window|rule|query`: what people configure of network monitoring."""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote

import typer

from holdfast.cli.remote import AsJson, Cell, connect, read_body, show_object, show_table

_BASE = "/api/defender"
Identity = Annotated[str, typer.Argument(help="Its id.")]
Body = Annotated[str, typer.Argument(help="JSON, or @file; see docs/defender.md for its members.")]


class _Collection(NamedTuple):
    path: str
    """Below `/api/defender`."""
    help: str
    columns: Mapping[str, Cell]


_COLLECTIONS = {
    "exclusion": _Collection(
        "exclusions",
        "Exclusion rules: alerts that are not raised.",
        {"exclusion": lambda e: e["id"], "name": lambda e: e["displayName"]},
    ),
    "window": _Collection(
        "maintenanceWindows",
        "Maintenance windows: nothing is raised while one is open.",
        {"ticket": lambda e: e["id"], "opened": lambda e: e["opened"], "ends": lambda e: e["ends"]},
    ),
    "rule": _Collection(
        "rules",
        "Custom rules over dissected fields.",
        {"rule": lambda e: e["id"], "name": lambda e: e["name"], "protocol": lambda e: e["protocol"]},
    ),
    "query": _Collection(
        "queries",
        "Data mining: saved questions and their answers.",
        {"query": lambda e: e["id"], "name": lambda e: e["displayName"], "about": lambda e: e["subject"]},
    ),
}


def _group(collection: _Collection) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help=collection.help)
    many = f"{_BASE}/{collection.path}"
    columns = {**collection.columns, "organization": lambda each: each.get("organization", "")}

    @app.command("list")
    def list_all(context: typer.Context, as_json: AsJson = False) -> None:
        """List all of them."""
        with connect(context) as remote:
            show_table(remote.pages(many), columns, as_json)

    @app.command()
    def show(context: typer.Context, identity: Identity) -> None:
        """Show one."""
        with connect(context) as remote:
            show_object(remote.get(_one(many, identity)))

    @app.command("set")
    def put(context: typer.Context, identity: Identity, body: Body) -> None:
        """Make or replace one."""
        with connect(context) as remote:
            show_object(remote.put(_one(many, identity), read_body(body)))

    @app.command()
    def remove(context: typer.Context, identity: Identity) -> None:
        """Remove one."""
        with connect(context) as remote:
            remote.delete(_one(many, identity))

    return app


def _one(many: str, identity: str) -> str:
    return f"{many}/{quote(identity, safe='')}"


GROUPS = {name: _group(collection) for name, collection in _COLLECTIONS.items()}
"""The groups by name."""


@GROUPS["query"].command()
def predefined(context: typer.Context, as_json: AsJson = False) -> None:
    """List the questions that everybody has."""
    with connect(context) as remote:
        found = remote.get(f"{_BASE}/predefinedQueries")["value"]
    show_table(found, _COLLECTIONS["query"].columns, as_json)


@GROUPS["query"].command()
def run(context: typer.Context, identity: Identity, as_json: AsJson = False) -> None:
    """Answer a saved or predefined question, as CSV or JSON."""
    one = _one(f"{_BASE}/queries", identity)
    with connect(context) as remote:
        if as_json:
            answer: Any = remote.get(f"{one}/results")  # any JSON
            show_object(answer["value"])
        else:
            typer.echo(remote.download(f"{one}/csv"), nl=False)
