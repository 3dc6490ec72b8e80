"""`holdfast audit`: read the audit log and check that nobody changed it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from holdfast.kernel.clock import SystemClock, SystemRandomness, isoformat
from holdfast.resources.events import AuditFeed
from holdfast.resources.model import Event
from holdfast.resources.verification import Verification, verify
from holdfast.resources.witness import WITNESS_FILE, HeadFile
from holdfast.storage.instance import Instance, open_instance

app = typer.Typer(no_args_is_help=True)

Data = Annotated[Path, typer.Option("--data", help="The data folder of the instance.")]
Database = Annotated[str, typer.Option("--database", help="postgresql://…, if the instance uses it.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Witness = Annotated[
    Path | None, typer.Option("--heads", help="The copy of the signed heads; default: in the data folder.")
]


@app.command("verify")
def verify_command(data: Data, database: Database = "", heads: Witness = None, as_json: Json = False) -> None:
    """Check every audit record against the signed chain. Exit code 1 when something was changed."""
    with _opened(data, database) as instance, _progress() as progress:
        total = AuditFeed(instance.database, instance.clock).last()
        task = progress.add_task("Checking records", total=total)
        result = verify(
            instance.database,
            instance.ring,
            instance.clock,
            HeadFile(heads or data / WITNESS_FILE),
            lambda done: progress.update(task, completed=done),
        )
    typer.echo(_json(result) if as_json else _verdict(result))
    if not result.ok:
        raise typer.Exit(1)


@app.command("list")
def list_command(
    data: Data,
    database: Database = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many records, newest first.")] = 50,
    actor: Annotated[str, typer.Option(help="Only what this principal did (its id).")] = "",
    kind: Annotated[str, typer.Option(help="Only this kind of resource.")] = "",
    resource: Annotated[str, typer.Option(help="Only the resource with this id.")] = "",
    outcome: Annotated[str, typer.Option(help="Only `ok` or only `refused`.")] = "",
    as_json: Json = False,
) -> None:
    """Show the newest audit records."""
    with _opened(data, database) as instance:
        feed = AuditFeed(instance.database, instance.clock)
        events = feed.search(limit=limit, actor=actor, kind=kind, resource=resource, outcome=outcome)
    if as_json:
        for event in events:
            typer.echo(msgspec.json.encode(event).decode())
    else:
        Console().print(_table(events))


@contextmanager
def _opened(data: Path, database: str) -> Iterator[Instance]:
    instance = open_instance(data, SystemClock(), SystemRandomness(), database)
    try:
        yield instance
    finally:
        instance.close()


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _json(result: Verification) -> str:
    findings = [finding._asdict() for finding in result.findings]
    return json.dumps({"ok": result.ok, **asdict(result), "findings": findings})


def _verdict(result: Verification) -> str:
    if result.ok:
        return (
            f"{result.records} records and {result.heads} signed heads are intact; "
            f"{result.unsealed} records wait for the next head."
        )
    lines = [f"{len(result.findings)} findings in {result.records} records:"]
    return "\n".join([*lines, *(f"  {finding.code:<10} {finding.text}" for finding in result.findings)])


def _table(events: list[Event]) -> Table:
    table = Table("Sequence", "Time", "Actor", "Event", "Resource", "Outcome", "Detail", box=None)
    for event in events:
        table.add_row(
            str(event.sequence),
            isoformat(event.time),
            event.actor_name,
            event.name,
            event.resource,
            event.outcome,
            event.detail,
        )
    return table
