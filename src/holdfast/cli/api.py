"""`holdfast api`: the published interface and what serves it."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from holdfast.api.published import operations as operations_of
from holdfast.api.routes import ROUTES

app = typer.Typer(help="The REST API: which published operations are served.")


@app.callback()
def _group() -> None:
    """Keeps `operations` a command of a group."""


@app.command()
def operations(
    spec: Annotated[Path, typer.Option(help="OpenAPI file (JSON).")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List what serves an OpenAPI file's operations. Exit code 1 when one has no route."""
    found = operations_of(spec, ROUTES)
    missing = [operation for operation in found if operation.route is None]
    if as_json:
        rows = [
            {
                "operation": operation.id,
                "method": operation.method,
                "path": operation.path,
                "route": operation.route.path if operation.route else None,
            }
            for operation in found
        ]
        typer.echo(
            json.dumps({"operations": rows, "served": len(found) - len(missing), "missing": len(missing)})
        )
    else:
        table = Table("operation", "method", "path", "served by")
        for operation in found:
            served = operation.route.path if operation.route else "nothing"
            table.add_row(*map(Text, (operation.id, operation.method, operation.path, served)))
        Console().print(table, f"{len(found) - len(missing)} of {len(found)} operations are served.")
    if missing:
        raise typer.Exit(1)
