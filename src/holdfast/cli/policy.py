"""`holdfast policy`: evaluate, check and import policy definitions, and run conformance cases."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.text import Text
from rich.tree import Tree

from holdfast.cli import policy_instance
from holdfast.kernel.clock import SystemClock
from holdfast.policy.cases.results import Report, Verdict
from holdfast.policy.cases.suite import run_cases
from holdfast.policy.decide import Decision, decide
from holdfast.policy.imports import Imported, Kind, import_folder, kind_of
from holdfast.policy.language.aliases.catalog import Catalog
from holdfast.policy.language.evaluation.reasons import Reason, shown
from holdfast.policy.language.lint import Finding, Severity, lint
from holdfast.policy.reading import (
    json_files,
    read_catalog,
    read_document,
    read_object,
    read_parameters,
    read_resources,
)
from holdfast.policy.types.catalog import own_catalog

app = typer.Typer(no_args_is_help=True)
app.add_typer(policy_instance.app, name="instance")

_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for scripts.")]
_Aliases = Annotated[
    list[Path] | None,
    typer.Option(
        "--aliases", help="An alias catalog: the answer of GET /providers?$expand=resourceTypes/aliases."
    ),
]
_Paths = Annotated[list[Path], typer.Argument(help="Files, or folders of them.")]


def _print_json(document: object) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(document, enc_hook=str), indent=2).decode())


def _with_spinner(quiet: bool) -> tuple[Progress, Callable[[Path], None]]:
    """A line on standard error that shows the file being worked on; nothing when `quiet`."""
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        console=Console(stderr=True),
        transient=True,
        disable=quiet,
    )
    task = progress.add_task("")
    return progress, lambda path: progress.update(task, description=path.name, advance=1)


@app.command()
def cases(paths: _Paths, json: _Json = False) -> None:
    """Run conformance cases (YAML); exit 0 when nothing failed."""
    progress, show = _with_spinner(quiet=json)
    with progress:
        report = run_cases(paths, show)
    if json:
        _print_json(report.to_json())
    else:
        _print_report(report)
    if not report.ok:
        raise typer.Exit(1)


def _print_report(report: Report) -> None:
    for result in report.of(Verdict.FAILED):
        typer.echo(f"FAILED     {result.file}  {result.case}: {result.detail}")
    for result in report.of(Verdict.DEVIATING):
        typer.echo(f"DEVIATING  {result.file}  {result.case}: {result.detail}")
    typer.echo(", ".join(f"{report.number(verdict)} {verdict}" for verdict in Verdict))
    if not report.results:
        typer.echo("No cases were found.", err=True)


@app.command()
def evaluate(
    definition: Annotated[Path, typer.Option("--definition", "-d", help="A policy definition.")],
    resource: Annotated[Path, typer.Option("--resource", "-r", help="A resource, or a list of them.")],
    parameters: Annotated[
        Path | None, typer.Option("--parameters", "-p", help="Values of its parameters.")
    ] = None,
    context: Annotated[
        Path | None,
        typer.Option(
            "--context", help="resourceGroup, subscription, requestContext … for the functions of that name."
        ),
    ] = None,
    related: Annotated[
        Path | None, typer.Option("--related", help="Resources that the *IfNotExists effects look among.")
    ] = None,
    aliases: _Aliases = None,
    api_version: Annotated[
        str | None, typer.Option("--api-version", help="The API version of the resource.")
    ] = None,
    json: _Json = False,
) -> None:
    """Say what a definition decides about a resource, and why."""
    decisions = decide(
        read_document(definition),
        read_resources(resource),
        parameters=read_parameters(parameters),
        context={**_now(), **read_object(context)},
        related=read_resources(related) if related else (),
        catalog=own_catalog().extended(read_catalog(aliases or [])),
        api_version=api_version,
    )
    if json:
        documents = [decision.to_json() for decision in decisions]
        _print_json(documents[0] if len(documents) == 1 else documents)
        return
    for decision in decisions:
        _print_decision(decision)


def _now() -> Mapping[str, object]:
    moment = datetime.fromtimestamp(SystemClock().now(), UTC)
    return {"utcNow": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}


def _print_decision(decision: Decision) -> None:
    console = Console(highlight=False)
    title = Text(decision.resource or "resource", style="bold")
    title.append(
        f"  {decision.outcome.compliance.value}", style=_COLOURS.get(decision.outcome.compliance.value, "")
    )
    if decision.outcome.triggered:
        title.append(f"  → {decision.outcome.effect_name}")
    tree = Tree(title)
    if decision.outcome.reason is not None:
        _add_reason(tree, decision.outcome.reason)
    for fault in (*decision.outcome.faults, decision.outcome.error):
        if fault:
            tree.add(Text(f"fault: {fault}", style="red"))
    for change in decision.changes:
        tree.add(
            Text(f"{change.operation} {change.pointer}: {shown(change.before)!r} → {shown(change.after)!r}")
        )
    console.print(tree)


_COLOURS = {"Compliant": "green", "NonCompliant": "red", "Error": "red", "NotApplicable": "dim"}


def _add_reason(tree: Tree, reason: Reason) -> None:
    mark = Text("✓ " if reason.result else "✗ ", style="green" if reason.result else "red")
    if reason.operator:
        mark.append(f"{reason.expression} {reason.operator} {shown(reason.expected)!r}")
        mark.append(f", found {shown(reason.actual)!r}")
    else:
        mark.append(f"missing {reason.expression}" if reason.kind == "missing" else reason.kind)
    branch = tree.add(mark)
    for child in reason.children:
        _add_reason(branch, child)


@app.command("lint")
def lint_files(paths: _Paths, aliases: _Aliases = None, json: _Json = False) -> None:
    """Check definitions as when they are stored. Exit code 1 when one would be refused."""
    catalog = own_catalog().extended(read_catalog(aliases or []))
    findings = {
        str(path): lint(document, catalog, _is_ours)
        for path in json_files(paths)
        if path.is_file() and (kind_of(document := read_document(path)) is Kind.DEFINITION or path in paths)
    }
    if json:
        _print_json({path: [finding._asdict() for finding in found] for path, found in findings.items()})
    else:
        for path, found in findings.items():
            _print_findings(path, found)
    if any(finding.severity is Severity.ERROR for found in findings.values() for finding in found):
        raise typer.Exit(1)


def _is_ours(alias: str) -> bool:
    return alias.lower().startswith("holdfast.")


def _print_findings(path: str, findings: tuple[Finding, ...]) -> None:
    typer.echo(f"{path}: {'nothing to change' if not findings else f'{len(findings)} findings'}")
    for finding in findings:
        typer.echo(f"  {finding.severity}  {finding.pointer}  {finding.message}")


@app.command("import")
def import_definitions(
    folder: Annotated[Path, typer.Argument(help="A checkout of published definitions, as it is.")],
    library: Annotated[Path, typer.Option("--library", help="Where to keep them.")] = Path("data/policies"),
    json: _Json = False,
) -> None:
    """Take over the policies of a folder. Those that are refused are named."""
    progress, show = _with_spinner(quiet=json)
    with progress:
        imported = list(import_folder(folder, library, own_catalog(), show))
    if json:
        _print_json(
            [_imported_json(each) for each in imported if each.kind is not Kind.OTHER or each.refused]
        )
    else:
        _print_imported(imported, library)
    if any(each.refused for each in imported):
        raise typer.Exit(1)


def _imported_json(imported: Imported) -> Mapping[str, object]:
    return {
        "file": str(imported.path),
        "kind": imported.kind.value,
        "name": imported.name,
        "refused": imported.refused,
        "warnings": list(imported.warnings),
    }


def _print_imported(imported: list[Imported], library: Path) -> None:
    for each in imported:
        if each.refused:
            typer.echo(f"refused  {each.path}: {each.refused}")
    taken = [each for each in imported if not each.refused]
    definitions = sum(each.kind is Kind.DEFINITION for each in taken)
    initiatives = sum(each.kind is Kind.INITIATIVE for each in taken)
    typer.echo(f"{definitions} definitions and {initiatives} initiatives are in {library}")


@app.command()
def aliases(
    of: Annotated[str, typer.Argument(help="Only types whose name contains this.")] = "",
    aliases: _Aliases = None,
    json: _Json = False,
) -> None:
    """List the types that policies judge, with aliases. Each alias names a field."""
    catalog = own_catalog().extended(read_catalog(aliases or []))
    if json:
        _print_json(_aliases_json(catalog, of))
        return
    for kind in catalog.types():
        if of.lower() in kind.resource_type.lower():
            typer.echo(kind.resource_type)
            for alias in kind.aliases.values():
                details = ", ".join(
                    part for part in (alias.kind, "modifiable" if alias.modifiable else "") if part
                )
                typer.echo(f"  {alias.name}  {details}".rstrip())


def _aliases_json(catalog: Catalog, of: str) -> list[Mapping[str, object]]:
    return [
        {
            "name": alias.name,
            "resourceType": kind.resource_type,
            "path": alias.path,
            "type": alias.kind,
            "modifiable": alias.modifiable,
        }
        for kind in catalog.types()
        if of.lower() in kind.resource_type.lower()
        for alias in kind.aliases.values()
    ]
