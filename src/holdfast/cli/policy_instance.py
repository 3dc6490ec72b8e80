"""`holdfast policy instance`: definitions, assignments and compliance of a running instance."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from holdfast.cli.remote import AsJson, connect, remote_group, show_object, show_table
from holdfast.kernel.errors import InvalidError
from holdfast.policy.imports import Kind, kind_of
from holdfast.policy.kinds.names import (
    ASSIGNMENT,
    COLLECTIONS,
    DEFINITION,
    EXEMPTION,
    INITIATIVE,
    PROVIDER,
    full_id,
    name_in,
)
from holdfast.policy.reading import json_files, read_document, read_parameters

app = remote_group("Policies of a running instance, and who complies.")

_INSIGHTS = "/providers/Microsoft.PolicyInsights"
_STATES = f"{_INSIGHTS}/policyStates/latest"
_POLL_SECONDS = 0.5
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
    """Store definitions and initiatives as published. Those that are refused are named."""
    documents = [document for path in json_files(paths) if isinstance(document := read_document(path), dict)]
    refused = 0
    with connect(context) as remote:
        for kind, stored in _STORED.items():
            for document in documents:
                if kind_of(document) is kind and "name" in document:
                    try:
                        remote.put(_path(stored, str(document["name"])), document)
                        typer.echo(f"{kind}  {document['name']}")
                    except InvalidError as error:
                        refused += 1
                        typer.echo(f"refused  {document['name']}: {error}", err=True)
    if refused:
        raise typer.Exit(1)


@app.command()
def assign(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What the assignment is called.")],
    definition: Annotated[str, typer.Argument(help="The id of a definition or an initiative.")],
    audit_only: Annotated[
        bool, typer.Option("--audit-only", help="Judge, but change and refuse nothing.")
    ] = False,
    parameters: Annotated[
        Path | None, typer.Option("--parameters", "-p", help="Values of its parameters.")
    ] = None,
    organization: Annotated[str, typer.Option(help="Only there and below, such as north/plant-1.")] = "",
    message: Annotated[str, typer.Option(help="What people are told whom it refuses.")] = "",
) -> None:
    """Put a definition or an initiative in force."""
    values = read_parameters(parameters)
    properties: dict[str, Any] = {  # any JSON
        "displayName": name,
        "policyDefinitionId": definition,
        "enforcementMode": "DoNotEnforce" if audit_only else "Default",
        "parameters": {each: {"value": value} for each, value in values.items()},
        "nonComplianceMessages": [{"message": message}] if message else [],
    }
    scope = f"/organizations/{organization.strip('/')}" if organization.strip("/") else ""
    with connect(context) as remote:
        show_object(remote.put(f"{scope}{_path(ASSIGNMENT, name)}", {"properties": properties}))


@app.command()
def unassign(
    context: typer.Context, name: Annotated[str, typer.Argument(help="The assignment's name.")]
) -> None:
    """Put an assignment out of force."""
    with connect(context) as remote:
        remote.delete(_path(ASSIGNMENT, name))


@app.command()
def exempt(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What the exemption is called.")],
    assignment: Annotated[str, typer.Argument(help="The name of the assignment.")],
    resource: Annotated[str, typer.Argument(help="The id of a resource, or a scope.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    until: Annotated[str, typer.Option(help="When it ends, such as 2027-01-31T00:00:00Z.")] = "",
    policy: Annotated[list[str] | None, typer.Option(help="Only from this policy of the initiative.")] = None,
    mitigated: Annotated[bool, typer.Option(help="The aim is met otherwise; else it is waived.")] = False,
) -> None:
    """Let a resource off an assignment, with a reason and an end."""
    properties: dict[str, Any] = {  # any JSON
        "displayName": reason,
        "policyAssignmentId": full_id(ASSIGNMENT, assignment.lower()),
        "exemptionCategory": "Mitigated" if mitigated else "Waiver",
        "scope": resource,
        **({"expiresOn": until} if until else {}),
        **({"policyDefinitionReferenceIds": policy} if policy else {}),
    }
    with connect(context) as remote:
        show_object(remote.put(_path(EXEMPTION, name), {"properties": properties}))


@app.command()
def attest(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What the attestation is called.")],
    assignment: Annotated[str, typer.Argument(help="The name of the assignment.")],
    resource: Annotated[str, typer.Argument(help="The id of a resource.")],
    state: Annotated[str, typer.Argument(help="Compliant, NonCompliant or Unknown.")],
    policy: Annotated[str, typer.Option(help="The policy of the initiative.")] = "",
    comment: Annotated[str, typer.Option(help="How it is known.")] = "",
    evidence: Annotated[str, typer.Option(help="The address of a proof.")] = "",
    until: Annotated[str, typer.Option(help="When it ends, such as 2027-01-31T00:00:00Z.")] = "",
) -> None:
    """State whether a resource complies with a manual policy."""
    properties: dict[str, Any] = {  # any JSON
        "policyAssignmentId": full_id(ASSIGNMENT, assignment.lower()),
        "policyDefinitionReferenceId": policy,
        "resourceId": resource,
        "complianceState": state,
        "comments": comment,
        **({"evidence": [{"sourceUri": evidence}]} if evidence else {}),
        **({"expiresOn": until} if until else {}),
    }
    with connect(context) as remote:
        show_object(remote.put(f"{_INSIGHTS}/attestations/{name.lower()}", {"properties": properties}))


@app.command()
def judge(context: typer.Context) -> None:
    """Judge everything again now, and wait until that is done."""
    with connect(context) as remote:
        asked = remote.post(f"{_STATES}/triggerEvaluation")
        result = f"{_INSIGHTS}/asyncOperationResults/{asked['name']}"
        while remote.get(result)["status"] != "Succeeded":
            remote.pause(_POLL_SECONDS)


_TASKS = f"{_INSIGHTS}/remediations"


@app.command()
def remediate(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What the task is called.")],
    assignment: Annotated[str, typer.Argument(help="The name of the assignment.")],
    policy: Annotated[str, typer.Option(help="The policy of the initiative.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
) -> None:
    """Set right what does not comply.

    By a policy with the effect modify or deployIfNotExists.
    """
    properties = {
        "policyAssignmentId": full_id(ASSIGNMENT, assignment.lower()),
        "policyDefinitionReferenceId": policy,
        "dryRun": dry_run,
    }
    with connect(context) as remote:
        show_object(remote.put(f"{_TASKS}/{name.lower()}", {"properties": properties}))


@app.command()
def remediation(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The task's name.")],
    action: Annotated[str, typer.Argument(help="show, approve, cancel or undo.")] = "show",
) -> None:
    """Show how far a remediation is, or decide about it."""
    with connect(context) as remote:
        if action == "show":
            show_object(remote.get(f"{_TASKS}/{name.lower()}"))
        elif action in ("approve", "cancel", "undo"):
            show_object(remote.post(f"{_TASKS}/{name.lower()}/{action}"))
        else:
            raise InvalidError("The action is show, approve, cancel or undo.")


@app.command()
def history(
    context: typer.Context,
    resource: Annotated[str, typer.Option(help="Only of this resource's id.")] = "",
    as_json: AsJson = False,
) -> None:
    """What began or ceased to comply, newest first; up to 1,000."""
    columns = {
        "when": lambda each: each["timestamp"],
        "resource": lambda each: each["resourceId"],
        "policy": lambda each: each["policyDefinitionReferenceId"] or name_in(each["policyDefinitionId"]),
        "before": lambda each: each["from"],
        "after": lambda each: each["to"],
    }
    asked = urlencode({"$top": 1000, **({"resourceId": resource} if resource else {})})
    with connect(context) as remote:
        found = remote.get(f"{_INSIGHTS}/policyStates/history?{asked}")
    show_table(found["value"], columns, as_json)


@app.command()
def summary(context: typer.Context) -> None:
    """Say how much complies, in all and of each policy."""
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
