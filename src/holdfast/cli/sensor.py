"""`holdfast sensor`: analyze captures and watch a network."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from holdfast.alerts.exclusion import parse_network
from holdfast.alerts.model import Severity
from holdfast.cli.sensor_live import enroll
from holdfast.cli.sensor_live import run as run_live
from holdfast.defender.catalogue.table import catalogue
from holdfast.defender.dissect.registry import PROTOCOLS
from holdfast.defender.inventory.model import Name
from holdfast.defender.learned.stages import Stage
from holdfast.defender.rules.file import read_rules
from holdfast.defender.sensor.analysis import Analysis, Request, known_alerts, run
from holdfast.defender.sensor.results import sensor_json
from holdfast.defender.sensor.sensor import Sensor
from holdfast.defender.sensor.settings import SensorSettings

app = typer.Typer(no_args_is_help=True)

_COLOURS = {Severity.HIGH: "red", Severity.MEDIUM: "yellow", Severity.LOW: "cyan"}
_SHOWN = 200
"""Lines of a table; --json has everything."""

_Names = Annotated[list[str] | None, typer.Option(help="Id of an alert; see docs/alerts.md.")]


app.command("run")(run_live)
app.command()(enroll)


@app.callback()
def group() -> None:
    """Analyze captures and watch a network."""


@app.command()
def analyze(
    paths: Annotated[list[Path], typer.Argument(help="Captures (pcap, pcapng, gzip), or folders of them.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document for scripts.")] = False,
    learned: Annotated[
        Path | None,
        typer.Option(
            "--learned",
            help="Learned traffic. The first run with a new file learns and writes it; later runs read it "
            "and report what is not in it.",
        ),
    ] = None,
    stage: Annotated[
        Stage | None,
        typer.Option("--stage", help="Learn into the file again, or judge without having learned."),
    ] = None,
    records: Annotated[
        Path | None, typer.Option("--records", help="Write every dissected record as a line of JSON.")
    ] = None,
    pcaps: Annotated[
        Path | None, typer.Option("--pcaps", help="Write the packets of each alert into this folder.")
    ] = None,
    rules: Annotated[
        Path | None, typer.Option("--rules", help="Custom rules (JSON); see docs/defender.md.")
    ] = None,
    indicators: Annotated[
        list[Path] | None, typer.Option(help="Indicators of compromise (TOML) beside our own.")
    ] = None,
    enable: _Names = None,
    disable: _Names = None,
    local: Annotated[
        list[str] | None, typer.Option(help="Public range that belongs to the plant, such as 203.0.113.0/24.")
    ] = None,
    office: Annotated[
        list[str] | None, typer.Option(help="IT subnet: only malware is reported within it.")
    ] = None,
    scanner: Annotated[list[str] | None, typer.Option(help="Address of an approved scanner.")] = None,
    name: Annotated[str, typer.Option(help="What the sensor is called in alerts.")] = "local",
) -> None:
    """Read captures and print inventory, conversations and alerts."""
    types = catalogue()
    settings = SensorSettings(
        name=name,
        local=tuple(parse_network(text) for text in local or ()),
        office=tuple(parse_network(text) for text in office or ()),
        scanners=frozenset(scanner or ()),
        enabled=dict.fromkeys(known_alerts(enable or (), types), True)
        | dict.fromkeys(known_alerts(disable or (), types), False),
        indicators=tuple(indicators or ()),
        rules=read_rules(rules, PROTOCOLS) if rules else (),
    )
    request = Request(tuple(paths), settings, learned, stage, records, pcaps)
    with _progress() as progress:
        task = progress.add_task("Reading", total=None)
        analysis = run(request, lambda done, total: progress.update(task, completed=done, total=total))
    if json:
        document = sensor_json(analysis.sensor, list(analysis.problems))
        typer.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
    else:
        _print(analysis, learned)
    for problem in analysis.problems:
        typer.echo(f"holdfast: {problem}", err=True)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _print(analysis: Analysis, learned: Path | None) -> None:
    console = Console()
    sensor = analysis.sensor
    console.print(_assets(sensor))
    console.print(_conversations(sensor))
    console.print(_alerts(sensor))
    counters = sensor.counters
    console.print(
        f"{counters.packets} packets, {len(sensor.inventory)} assets, "
        f"{len(sensor.conversations)} conversations, {len(sensor.alerts)} alerts"
    )
    if sensor.learned.stages.stage is Stage.LEARNING:
        console.print("The sensor is learning: policy violations are reported once there is learned traffic.")
    if analysis.learned_saved:
        console.print(
            f"Learned {sensor.learned.size} entries into {learned}; the next run reports what is not there."
        )


def _assets(sensor: Sensor) -> Table:
    table = _table("Assets", "Name", "Address", "Type", "Vendor", "Model", "Firmware", "Protocols")
    for asset in list(sensor.inventory)[:_SHOWN]:
        known = (asset.value(name) for name in (Name.VENDOR, Name.MODEL, Name.FIRMWARE))
        _row(table, asset.name, asset.address, asset.type.value, *known, ", ".join(sorted(asset.protocols)))
    return table


def _conversations(sensor: Sensor) -> Table:
    table = _table("Conversations", "Client", "Server", "Service", "Packets", "Bytes", "Commands")
    items = sorted(
        sensor.conversations.items(), key=lambda item: -(item[1].client_octets + item[1].server_octets)
    )
    for key, conversation in items[:_SHOWN]:
        service = key.protocol or key.transport
        _row(
            table,
            key.client,
            key.server,
            f"{service} {key.port}" if key.port else service,
            str(conversation.client_packets + conversation.server_packets),
            str(conversation.client_octets + conversation.server_octets),
            ", ".join(sorted(conversation.commands)[:6]),
        )
    return table


def _alerts(sensor: Sensor) -> Table:
    table = _table("Alerts", "Severity", "Alert", "Source", "Destination", "Count", "Observed")
    ordered = sorted(sensor.alerts, key=lambda alert: (-alert.severity.rank, alert.first))
    for alert in ordered[:_SHOWN]:
        observed = alert.violations[0].observed if alert.violations else ""
        more = len(alert.violations) - 1
        table.add_row(
            Text(alert.severity.value, style=_COLOURS[alert.severity]),
            Text(alert.type.title),
            Text(alert.source),
            Text(alert.destination),
            str(alert.count),
            Text(observed + (f" (and {more} more)" if more > 0 else "")),
        )
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", show_edge=False)
    for column in columns:
        table.add_column(column)
    return table


def _row(table: Table, *cells: str) -> None:
    """Names come from the wire: as text, so that nothing in them is taken as markup."""
    table.add_row(*(Text(cell) for cell in cells))
