"""`holdfast import`: bring an application of another platform here."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from holdfast.api.client import Remote
from holdfast.cli.remote import DEFAULT_URL, AsJson, Ca, open_remote
from holdfast.devices.bulk.csv_files import DeviceRow, read_devices
from holdfast.kernel.errors import InvalidError
from holdfast.operations.iot_central.assets import Options
from holdfast.operations.iot_central.devices import Fleet
from holdfast.operations.iot_central.importing import KINDS, apply_plan, known_roles, make_plan
from holdfast.operations.iot_central.model import Asset, Failure, Plan, Step
from holdfast.operations.iot_central.source import REQUESTS_PER_SECOND, Source

app = typer.Typer(no_args_is_help=True, help="Bring an application of another platform here.")


@app.callback()
def _group() -> None:
    """Keeps `iot-central` a command of a group."""


@app.command("iot-central")
def iot_central(
    source: Annotated[
        str, typer.Option("--from", help="The application that is left: https://APP.azureiotcentral.com.")
    ],
    token: Annotated[str, typer.Option(envvar="IOT_CENTRAL_TOKEN", help="Its API token, whole text.")] = "",
    source_ca: Annotated[
        Path | None, typer.Option("--from-ca", help="Its root certificate, if not a public one.")
    ] = None,
    target: Annotated[str, typer.Option("--to", envvar="HOLDFAST_URL", help="This instance.")] = DEFAULT_URL,
    target_token: Annotated[
        str, typer.Option("--to-token", envvar="HOLDFAST_TOKEN", help="Its API token.")
    ] = "",
    ca: Ca = None,
    csv: Annotated[
        Path | None, typer.Option(help="The exported CSV of devices: saves requests for their keys.")
    ] = None,
    cas: Annotated[
        Path | None, typer.Option(help="Folder with the PEM files of the enrollment groups' CAs.")
    ] = None,
    file_storage: Annotated[
        str, typer.Option(help="Where uploaded files go here, such as Storage=Local.")
    ] = "",
    only: Annotated[list[str] | None, typer.Option(help=f"Only these: {', '.join(KINDS)}.")] = None,
    properties: Annotated[bool, typer.Option(help="Carry cloud properties and desired values.")] = True,
    rate: Annotated[
        float, typer.Option(min=0.1, help="Requests a second to the source.")
    ] = REQUESTS_PER_SECOND,
    progress: Annotated[
        Path | None, typer.Option(help="File of finished devices: a next run does not read them again.")
    ] = None,
    plan_only: Annotated[
        bool, typer.Option("--plan", help="Show what would be done and do nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before applying.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring an IoT Central application here.

    Through both REST APIs: templates, devices with credentials, groups, people and settings.

    It can be run again: what is here as it shall be stays as it is.
    """  # fmt: skip
    wanted = _wanted(only or [])
    if not source.startswith("https://"):
        raise InvalidError("--from is an address that begins with https://.")
    with open_remote(source, token, source_ca) as left, open_remote(target, target_token, ca) as here:
        options = Options(_authorities(cas), file_storage, known_roles(here))
        fleet = Fleet(_rows(csv), _marks(progress), properties)
        plan = _planned(Source(left, rate), here, options, fleet, wanted, as_json)
        failures = (
            [] if plan_only else _applied(plan, here, progress, ask=not (yes or as_json), quiet=as_json)
        )
    if as_json:
        typer.echo(json.dumps(_report(plan, failures), indent=2))
    else:
        _show(plan, failures, applied=not plan_only)
    if failures:
        raise typer.Exit(1)


def _wanted(only: list[str]) -> frozenset[str]:
    if unknown := sorted(set(only) - set(KINDS)):
        raise InvalidError(f"There is nothing called {unknown[0]} to import; there are {', '.join(KINDS)}.")
    return frozenset(only or KINDS)


def _authorities(folder: Path | None) -> dict[str, str]:
    """SHA-1 thumbprint → PEM of every certificate in a folder."""
    found: dict[str, str] = {}
    for path in sorted(folder.iterdir()) if folder else ():
        if not path.is_file():
            continue
        try:
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
        except ValueError:
            continue  # keys and notes lie beside certificates
        found[certificate.fingerprint(hashes.SHA1()).hex().upper()] = path.read_text()  # noqa: S303  # its name
    return found


def _rows(file: Path | None) -> dict[str, DeviceRow]:
    return {row.id.lower(): row for row in read_devices(file.read_bytes())} if file else {}


def _marks(file: Path | None) -> frozenset[str]:
    return frozenset(file.read_text().splitlines()) if file and file.exists() else frozenset()


def _planned(
    source: Source, here: Remote, options: Options, fleet: Fleet, wanted: frozenset[str], quiet: bool
) -> Plan:
    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed}"))
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=quiet) as shown:
        task = shown.add_task("Reading", total=None)

        def told(asset: Asset) -> None:
            shown.update(task, advance=1, description=f"Reading {asset.kind}")

        return make_plan(source, here, options, fleet, wanted, told)


def _applied(plan: Plan, here: Remote, progress: Path | None, *, ask: bool, quiet: bool) -> list[Failure]:
    if ask and plan.due:
        _show(plan, [], applied=False)
        typer.confirm(f"Make these {len(plan.due)} changes?", abort=True)
    with (
        _noting(progress) as note,
        Progress(console=Console(stderr=True), transient=True, disable=quiet) as bar,
    ):
        task = bar.add_task("Importing", total=len(plan.steps))

        def done(step: Step) -> None:
            bar.advance(task)
            note(step.asset.marks)

        return apply_plan(plan, here, done)


class _Notebook:
    """The file of finished devices, written as they are finished."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def __call__(self, mark: str) -> None:
        if mark and self._stream:
            self._stream.write(f"{mark}\n")


@contextmanager
def _noting(file: Path | None) -> Iterator[_Notebook]:
    if file is None:
        yield _Notebook(None)
        return
    with file.open("a", buffering=1, encoding="utf-8") as stream:
        yield _Notebook(stream)


def _report(plan: Plan, failures: list[Failure]) -> dict[str, object]:
    """Everything but the bodies: they hold keys."""
    return {
        "counts": plan.counts(),
        "changes": [
            {"kind": step.asset.kind, "id": step.asset.id, "action": step.action.value, "why": step.why}
            for step in plan.due
        ],
        "notes": [note._asdict() for note in plan.notes],
        "failures": [failure._asdict() for failure in failures],
    }


def _show(plan: Plan, failures: list[Failure], *, applied: bool) -> None:
    table = Table("", "create", "update", "same")
    for kind, counts in plan.counts().items():
        table.add_row(kind, *(str(counts.get(action, "")) for action in ("create", "update", "same")))
    console = Console()
    console.print(table)
    for note in plan.notes:
        console.print(Text(f"{note.kind} {note.id}: {note.text}"))
    for failure in failures:
        console.print(Text(f"refused: {failure.kind} {failure.id}: {failure.reason}"))
    if applied:
        console.print(f"{len(plan.due) - len(failures)} changes made, {len(failures)} refused.")
