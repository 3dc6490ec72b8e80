"""`holdfast device`: devices of a running instance, their properties, commands and telemetry."""

import json
import time
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer
from rich.console import Console
from rich.live import Live
from rich.progress import track
from rich.table import Table
from rich.text import Text

from holdfast.api.client import Remote
from holdfast.cli.remote import (
    AsJson,
    connect,
    read_body,
    remote_group,
    show_object,
    show_table,
)
from holdfast.devices.bulk.csv_files import read_devices, write_devices
from holdfast.kernel.errors import InvalidError, NotFoundError

app = remote_group("Devices: list, create, block, ask, watch.")

Device = Annotated[str, typer.Argument(help="The device's id.")]
Json = Annotated[str, typer.Argument(help="JSON, or @file.")]
FOLLOW_SECONDS = 0.5
LINES_AT_ONCE = 5_000
"""Lines of a CSV file that are sent in one request."""

COLUMNS = {
    "id": lambda d: d["id"],
    "name": lambda d: d["displayName"],
    "template": lambda d: d.get("template"),
    "enabled": lambda d: d["enabled"],
    "provisioned": lambda d: d["provisioned"],
    "organization": lambda d: ", ".join(d["organizations"]),
}


@app.command("list")
def list_devices(context: typer.Context, as_json: AsJson = False) -> None:
    """List every device that you may see."""
    with connect(context) as remote:
        show_table(remote.pages("/api/devices"), COLUMNS, as_json)


@app.command()
def show(context: typer.Context, device: Device) -> None:
    """Show one device."""
    with connect(context) as remote:
        show_object(remote.get(f"/api/devices/{device}"))


@app.command()
def create(
    context: typer.Context,
    device: Device,
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    template: Annotated[str, typer.Option(help="The id of its template.")] = "",
) -> None:
    """Create a device. It gets its keys from the default enrollment group."""
    body = {"displayName": name or device} | ({"template": template} if template else {})
    with connect(context) as remote:
        show_object(remote.put(f"/api/devices/{device}", body))


@app.command()
def block(context: typer.Context, device: Device) -> None:
    """Block a device. Its session ends within a second and it is refused from then on."""
    with connect(context) as remote:
        show_object(remote.patch(f"/api/devices/{device}", {"enabled": False}))


@app.command()
def approve(context: typer.Context, device: Device) -> None:
    """Approve a waiting device, or let a blocked one in again."""
    with connect(context) as remote:
        show_object(remote.patch(f"/api/devices/{device}", {"enabled": True}))


@app.command()
def delete(context: typer.Context, device: Device) -> None:
    """Delete a device with its credentials, twin and values."""
    with connect(context) as remote:
        remote.delete(f"/api/devices/{device}")


@app.command()
def credentials(context: typer.Context, device: Device) -> None:
    """Show what the device connects with. The audit log has that you looked."""
    with connect(context) as remote:
        show_object(remote.get(f"/api/devices/{device}/credentials"))


@app.command()
def attest(context: typer.Context, device: Device, attestation: Json) -> None:
    """Give the device an enrollment of its own. {"type": "symmetricKey"}, or "x509" with certificates."""
    with connect(context) as remote:
        show_object(remote.put(f"/api/devices/{device}/attestation", read_body(attestation)))


@app.command()
def properties(
    context: typer.Context,
    device: Device,
    patch: Annotated[str, typer.Argument(help="JSON merge patch, or @file; without it they are shown.")] = "",
) -> None:
    """Show the properties, or ask the device to change some."""
    with connect(context) as remote:
        path = f"/api/devices/{device}/properties"
        show_object(remote.patch(path, read_body(patch)) if patch else remote.get(path))


@app.command()
def command(
    context: typer.Context,
    device: Device,
    name: Annotated[str, typer.Argument(help="The command.")],
    request: Annotated[str, typer.Argument(help="Its request as JSON, or @file.")] = "null",
    timeout: Annotated[int, typer.Option(help="Seconds to wait for the answer.")] = 30,
) -> None:
    """Call a command and show the device's answer."""
    body = {"request": read_body(request), "responseTimeout": timeout}
    with connect(context) as remote:
        show_object(remote.post(f"/api/devices/{device}/commands/{name}", body))


@app.command("export")
def export_devices(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The CSV file to write; - for standard output.")],
    credentials: Annotated[
        bool, typer.Option("--credentials", help="With keys and thumbprints; the audit log has it.")
    ] = False,
) -> None:
    """Write devices to a CSV file in IoT Central's columns."""
    with connect(context) as remote:
        data = remote.download(f"/api/fleet/devices.csv?credentials={str(credentials).lower()}")
    if str(file) == "-":
        typer.echo(data.decode(), nl=False)
    else:
        file.touch(mode=0o600)
        file.write_bytes(data)


@app.command("import")
def import_devices(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV with IOTC_DEVICEID and more of IoT Central's columns.")],
    template: Annotated[str, typer.Option(help="Template of the devices that are new.")] = "",
    organization: Annotated[str, typer.Option(help="Organization of the devices that are new.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make devices from a CSV file. Those that are there already are updated."""
    lines = _checked_lines(file)
    query = urlencode({"template": template, "organization": organization})
    totals = {"created": 0, "updated": 0, "unchanged": 0}
    with connect(context) as remote:
        begins = range(1, len(lines), LINES_AT_ONCE)
        for begin in track(
            begins, "Importing", console=Console(stderr=True), disable=as_json, transient=True
        ):
            part = b"".join([lines[0], *lines[begin : begin + LINES_AT_ONCE]])
            made = remote.upload(f"/api/fleet/devices.csv?{query}", part, "text/csv")
            totals = {name: count + made[name] for name, count in totals.items()}
    if as_json:
        show_object(totals)
    else:
        typer.echo(", ".join(f"{count} {name}" for name, count in totals.items()))


def _checked_lines(file: Path) -> list[bytes]:
    """The file's lines, after all of it was looked at, so that a mistake at the end changes nothing."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InvalidError(f"{file} cannot be read: {error.strerror}.") from error
    rows = read_devices(data)
    return [line.encode() for line in write_devices(rows, credentials=True)] if rows else [b""]


@app.command()
def raw(
    context: typer.Context,
    device: Device,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many messages, newest first.")] = 20,
    ends: Annotated[str, typer.Option(help="Only what came before, such as 2027-01-31T12:00:00Z.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show messages as they came. What does not fit the template or is not in it is marked."""
    asked = urlencode({"$top": limit, **({"ends": ends} if ends else {})})
    with connect(context) as remote:
        found = remote.get(f"/api/fleet/devices/{device}/rawData?{asked}")
    if as_json:
        show_object(found)
        return
    table = Table("at", "component", "name", "value", "fits")
    for message in found["value"]:
        for value in message["values"]:
            reasons = "; ".join(value.get("reasons", []))
            fit = value["fit"] + (f": {reasons}" if reasons else "")
            cells = (message["time"], value.get("component"), value["name"], json.dumps(value["value"]), fit)
            table.add_row(*(Text(cell or "") for cell in cells))
    Console().print(table)
    if "readBackTo" in found:
        back = found["readBackTo"]
        typer.echo(f"The log was read back to {back}. Go on with --ends {back}.", err=True)


@app.command("propose-template")
def propose_template(context: typer.Context, device: Device) -> None:
    """Print a template made from what a device said. It is there to look at, change and publish."""
    with connect(context) as remote:
        show_object(remote.post(f"/api/fleet/devices/{device}/templateProposal"))


@app.command()
def telemetry(
    context: typer.Context,
    device: Device,
    names: Annotated[list[str], typer.Argument(help="The telemetry to show.")],
    follow: Annotated[bool, typer.Option("--follow", help="Keep the table up to date until Ctrl-C.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the last values, or watch them live."""
    with connect(context) as remote:
        values = _last_values(remote, device, names)
        if as_json:
            show_object(values)
        elif follow:
            _watch(remote, device, names)
        else:
            Console().print(_table(device, values))


def _last_values(remote: Remote, device: str, names: list[str]) -> dict[str, Any]:  # any JSON
    values: dict[str, Any] = {}
    for name in names:
        try:
            values[name] = remote.get(f"/api/devices/{device}/telemetry/{name}")
        except NotFoundError:
            values[name] = {"value": None, "timestamp": None}
    return values


def _table(device: str, values: dict[str, Any]) -> Table:  # any JSON
    table = Table("telemetry", "value", "at", title=Text(device))
    for name, last in values.items():
        cells = (name, last["value"], last["timestamp"])
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in cells))
    return table


def _watch(remote: Remote, device: str, names: list[str]) -> None:
    with Live(_table(device, {}), refresh_per_second=4) as live:
        try:
            while True:
                live.update(_table(device, _last_values(remote, device, names)))
                time.sleep(FOLLOW_SECONDS)
        except KeyboardInterrupt:
            return
