"""`holdfast policy instance`: definitions, assignments and compliance of a running instance."""

from pathlib import Path
from typing import Annotated, Any

import typer

from holdfast.cli.remote import AsJson, connect, remote_group, show_object, show_table
from holdfast.policy.imports import Kind, kind_of
from holdfast.policy.kinds.names import ASSIGNMENT, COLLECTIONS, DEFINITION, INITIATIVE, PROVIDER
from holdfast.policy.reading import json_files, read_document

app = remote_group("Policies of a running instance: upload, assign, and who complies.")

_STATES = "/providers/Microsoft.PolicyInsights/policyStates/latest"
_STORED = {Kind.DEFINITION: DEFINITION, Kind.INITIATIVE: INITIATIVE}
_COLUMNS = {
    "state": lambda each: each["complianceState"],
    "policy": lambda each: each["policyDefinitionReferenceId"] or each["policyDefinitionName"],
    "resource": lambda each: each["resourceId"],
    "because": lambda each: each["complianceReason"],
}


def _path(kind: str, name: str) -> str:
    return f"{PROVIDER}/{COLLECTIONS[kind]}/{name.lower()}"


@app.command()
def upload(
    context: typer.Context, paths: Annotated[list[Path], typer.Argument(help="Files, or folders of them.")]
) -> None:
    """Store definitions and then the initiatives over them, each as it was published."""
    documents = [document for path in json_files(paths) if isinstance(document := read_document(path), dict)]
    with connect(context) as remote:
        for kind, stored in _STORED.items():
            for document in documents:
                if kind_of(document) is kind and "name" in document:
                    remote.put(_path(stored, str(document["name"])), document)
                    typer.echo(f"{kind}  {document['name']}")


@app.command()
def assign(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What the assignment is called.")],
    definition: Annotated[str, typer.Argument(help="The id of a definition or an initiative.")],
    audit_only: Annotated[
        bool, typer.Option("--audit-only", help="Judge, but change and refuse nothing.")
    ] = False,
) -> None:
    """Put a definition or an initiative in force for the application."""
    properties: dict[str, Any] = {  # any JSON
        "displayName": name,
        "policyDefinitionId": definition,
        "enforcementMode": "DoNotEnforce" if audit_only else "Default",
    }
    with connect(context) as remote:
        show_object(remote.put(_path(ASSIGNMENT, name), {"properties": properties}))


@app.command()
def summary(context: typer.Context) -> None:
    """How much complies: of everything, of each assignment, of each policy."""
    with connect(context) as remote:
        show_object(remote.post(f"{_STATES}/summarize")["value"][0])


@app.command()
def states(
    context: typer.Context,
    state: Annotated[
        str, typer.Option(help="Compliant, NonCompliant, Error, Exempt or Unknown.")
    ] = "NonCompliant",
    as_json: AsJson = False,
) -> None:
    """Which resources are in a state, and why; up to 1,000."""
    with connect(context) as remote:
        found = remote.post(f"{_STATES}/queryResults?$top=1000&complianceState={state}")
        show_table(found["value"], _COLUMNS, as_json)
