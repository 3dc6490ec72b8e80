"""`holdfast keys`: the keys of an instance, how old they are, and new ones."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from holdfast.kernel.clock import isoformat
from holdfast.runtime import rotation
from holdfast.runtime.settings import Settings, load_settings

app = typer.Typer(no_args_is_help=True)

Data = Annotated[Path | None, typer.Option(help="The data folder of the instance.")]
Config = Annotated[Path | None, typer.Option(help="Its settings, if it has a file of them.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Database = Annotated[str | None, typer.Option(help="postgresql://…, if the instance uses it.")]


@app.command("list")
def list_keys(data: Data = None, config: Config = None, as_json: Json = False) -> None:
    """List every version of every key. The keys themselves are never shown."""
    ages = rotation.ages(load_settings(config, data=data))
    if as_json:
        shown = [
            {"name": age.name, "version": age.version, "created": isoformat(age.created)} for age in ages
        ]
        typer.echo(msgspec.json.encode(shown).decode())
        return
    table = Table("key", "version", "made")
    for age in ages:
        table.add_row(age.name, str(age.version), isoformat(age.created))
    Console().print(table)


@app.command()
def rotate(
    what: Annotated[
        rotation.Rotated,
        typer.Argument(
            help="provider: the key file. root: what wraps all others. secrets: what seals secrets from now "
            "on. signing: what signs from now on. databases: encrypt the database files again."
        ),
    ],
    data: Data = None,
    config: Config = None,
    database: Database = None,
) -> None:
    """Make new keys of one kind, with the instance stopped. The next run finishes one that was cut."""
    settings: Settings = load_settings(config, data=data, database=database)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Encrypting files", total=None)
        rotation.rotate(
            settings, what, lambda done, total: progress.update(task, completed=done, total=total)
        )
    typer.echo(f"Rotated: {what.value}.")
