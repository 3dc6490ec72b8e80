"""`holdfast baseline`: documents of service baselines, comparison, assessment."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

import msgspec
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from holdfast.api.baseline_client import RUN_SECONDS, assessment_table, assessments_path, live_states, summary
from holdfast.baseline.comparison import NOT_ASSESSED, Cell, Comparison, as_json, compare
from holdfast.baseline.data.catalog import BenchmarkKey
from holdfast.baseline.documents.conversion import Format, read_document, write_document
from holdfast.baseline.documents.document import DocumentError
from holdfast.baseline.documents.files import read_file, write_file
from holdfast.baseline.evidence.archive import unpack_archive
from holdfast.baseline.model.oddity import Oddity
from holdfast.baseline.model.service import ServiceBaseline
from holdfast.baseline.model.vocabulary import Standing
from holdfast.baseline.model.wording import Wording
from holdfast.baseline.publishing.markdown import check_page
from holdfast.baseline.publishing.publish import PublicationFormat
from holdfast.baseline.service import WHOLE
from holdfast.baseline.services import find_service, import_service, is_ours
from holdfast.cli import baseline_decisions, baseline_evidence
from holdfast.cli.remote import DEFAULT_URL, Ca, Token, Url, open_remote
from holdfast.kernel.errors import HoldfastError

app = typer.Typer(no_args_is_help=True)
app.add_typer(baseline_decisions.app)
app.command()(baseline_evidence.control)

_DEFAULT_STORE = Path("data/baselines")

_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
_Store = Annotated[Path, typer.Option("--store", help="Folder of the baselines that you have imported.")]


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(help="Workbook, Markdown page, copied page text or our YAML.")],
    to: Annotated[Format, typer.Option("--to", help="What to write.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    like: Annotated[
        Path | None, typer.Option("--like", help="A published page whose standing sentences are used.")
    ] = None,
    benchmark: Annotated[
        BenchmarkKey | None, typer.Option("--benchmark", help="The benchmark to speak of.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="The service's name, where the source lacks or misspells it.")
    ] = None,
) -> None:
    """Read one form of a baseline, write another. What is odd in the source is reported."""
    document = read_document(source)
    baseline = document.baseline.model_copy(update={"name": name}) if name else document.baseline
    written = write_document(baseline, to, _wording_of(like) if like else None, benchmark)
    write_file(output, written.data)
    _report(source, (*document.oddities, *written.oddities))


def _wording_of(page: Path) -> Wording:
    wording = read_document(page).baseline.wording
    if wording is None:
        raise DocumentError(str(page), "", "has no standing sentences to learn from; give a published page")
    return wording


def _report(source: Path, oddities: Iterable[Oddity]) -> None:
    for oddity in oddities:
        typer.echo(f"note: {source.name}, {oddity}", err=True)


@app.command("import")
def import_(
    source: Annotated[Path, typer.Argument(help="Workbook, Markdown page, copied page text or our YAML.")],
    store: _Store = _DEFAULT_STORE,
) -> None:
    """Bring a published baseline into your own store.

    `compare` and `convert` find it there, with its texts.
    """
    document = import_service(source, store)
    _report(source, document.oddities)
    typer.echo(f"{document.baseline.key}: {len(document.baseline.entries)} rows are in {store}")


@app.command()
def check(
    pages: Annotated[list[Path], typer.Argument(help="Pages that `publish --format markdown` wrote.")],
) -> None:
    """Find published pages that were edited afterwards."""
    for page in pages:
        check_page(read_file(page), page.name)
        typer.echo(f"{page.name}: as published")


_Service = Annotated[str, typer.Option("--service", help="holdfast, holdfast-platform or holdfast-defender.")]


@app.command()
def assess(
    url: Url = DEFAULT_URL,
    token: Token = "",
    ca: Ca = None,
    service: _Service = WHOLE,
    feature: Annotated[str, typer.Option("--feature", help="Only this feature (its key).")] = "",
    json: _Json = False,
) -> None:
    """Run the probes; show how every feature stands."""
    with open_remote(url, token, ca) as remote, Console(stderr=True).status("Probing the running system"):
        wanted = {"feature": feature} if feature else None
        assessment = remote.post(assessments_path(service), wanted, RUN_SECONDS)["assessment"]
    if feature:
        assessment["profile"] = []
        assessment["features"] = [item for item in assessment["features"] if item["key"] == feature]
    if json:
        typer.echo(msgspec.json.encode(assessment).decode())
        return
    Console().print(assessment_table(assessment))
    typer.echo(summary(assessment))


@app.command()
def publish(
    form: Annotated[PublicationFormat, typer.Option("--format", help="What to write.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write to.")],
    at: Annotated[str, typer.Option(help="As it stood: 2027-03-03, or 2027-03-03T12:00:00Z.")] = "",
    url: Url = DEFAULT_URL,
    token: Token = "",
    ca: Ca = None,
) -> None:
    """Write the documents of a running instance. Their state is that of its last assessment."""
    with open_remote(url, token, ca) as remote:
        archive = remote.download(f"/api/baseline/publications/{form}?{urlencode({'at': at} if at else {})}")
    for path in unpack_archive(archive, output):
        typer.echo(str(path))


@app.command("compare")
def compare_(
    services: Annotated[list[str], typer.Argument(help="Keys such as iot-central and holdfast.")],
    json: _Json = False,
    store: _Store = _DEFAULT_STORE,
    url: Url = DEFAULT_URL,
    token: Token = "",
    ca: Ca = None,
) -> None:
    """Show services side by side. Each feature is judged by its desired state.

    With the token of a running instance our own services come with how they stand there.
    """
    compared = [find_service(service, store) for service in dict.fromkeys(services)]
    comparison = compare(compared, _live_states(compared, url, token, ca))
    if json:
        typer.echo(msgspec.json.encode(as_json(comparison)).decode())
    else:
        _print_table(comparison)


def _live_states(
    services: Iterable[ServiceBaseline], url: str, token: str, ca: Path | None
) -> Mapping[tuple[str, str], str]:
    """How features of our own services stand; nothing without a token, or where the instance is away."""
    ours = [service.key for service in services if is_ours(service.key)]
    if not (token and ours):
        return {}
    try:
        with open_remote(url, token, ca) as remote:
            return live_states(remote, ours)
    except HoldfastError as error:
        typer.echo(f"note: nothing was assessed: {error}", err=True)
        return {}


def _print_table(comparison: Comparison) -> None:
    table = Table(box=box.MARKDOWN)
    for title in ("Control", "Feature", *(service.name for service in comparison.services)):
        table.add_column(title)
    for line in comparison.lines:
        table.add_row(
            line.feature.control, line.feature.name, *(_words(cell) for cell in line.cells.values())
        )
    counts = [comparison.standings(service.key) for service in comparison.services]
    for standing, title in _STANDINGS.items():
        table.add_row("", title, *(str(count[standing]) for count in counts))
    console = Console(width=_TABLE_WIDTH)
    with console.capture() as capture:
        console.print(table)
    typer.echo(capture.get().strip())


_TABLE_WIDTH = 400
"""Wide enough that no row breaks: the table is Markdown, for terminals and documents alike."""

_STANDINGS = {
    Standing.MEETS: "Desired state from the start",
    Standing.PARTLY: "Desired state after configuration",
    Standing.SHORT: "Short of the desired state",
}


def _words(cell: Cell) -> str:
    """What a cell says, short enough to stand side by side."""
    if cell.supported is None:
        return "–"
    answer = "no" if not cell.supported else "yes, from the start" if cell.enabled_by_default else "yes"
    return answer if cell.state in (None, NOT_ASSESSED) else f"{answer} ({cell.state})"
