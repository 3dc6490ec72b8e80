"""`holdfast baseline attest`, `exempt`, `decisions`, `withdraw`, `recommendations`: what people decide."""

import base64
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from holdfast.baseline.documents.files import read_file
from holdfast.baseline.service import WHOLE
from holdfast.cli.remote import DEFAULT_URL, AsJson, Ca, Token, Url, open_remote, show_object, show_table

app = typer.Typer()

_Id = Annotated[str, typer.Option("--id", help="Its id; the control or feature unless you name one.")]
_Owner = Annotated[str, typer.Option(help="Who answers for it.")]
_Shown = Literal["open", "accepted", "exempt", "fixed", "unknown", "all"]
_Expires = Annotated[str, typer.Option(help="When it ends, such as 2027-03-03 or 2027-03-03T12:00:00Z.")]


class Reason(StrEnum):
    """Why something is exempt."""

    MITIGATED = "mitigated"
    ACCEPTED = "accepted"


class Decided(StrEnum):
    """What can be taken back."""

    ATTESTATION = "attestation"
    EXEMPTION = "exemption"


@app.command()
def attest(
    control: Annotated[str, typer.Argument(help="The control, such as GS-1.")],
    owner: _Owner,
    statement: Annotated[str, typer.Option(help="How it stands, in your words.")],
    expires: _Expires,
    evidence: Annotated[str, typer.Option(help="A link to what shows it.")] = "",
    file: Annotated[Path | None, typer.Option(help="A file that shows it; it is kept, encrypted.")] = None,
    satisfied: Annotated[bool, typer.Option(help="Whether the control is satisfied.")] = True,
    reminder_days: Annotated[int, typer.Option(help="Days before the end to be reminded at.")] = 14,
    id_: _Id = "",
    url: Url = DEFAULT_URL,
    token: Token = "",
    ca: Ca = None,
) -> None:
    """Say how a control stands that no probe can see."""
    body: dict[str, Any] = {  # JSON
        "control": control,
        "owner": owner,
        "statement": statement,
        "expires": expires,
        "evidence": evidence,
        "satisfied": satisfied,
        "reminderDays": reminder_days,
    }
    if file is not None:
        body["evidenceFile"] = {"name": file.name, "content": base64.b64encode(read_file(file)).decode()}
    with open_remote(url, token, ca) as remote:
        show_object(remote.put(f"/api/baseline/attestations/{id_ or control}", body))


@app.command()
def exempt(
    owner: _Owner,
    reason: Annotated[str, typer.Option(help="Why, in your words.")],
    expires: _Expires,
    control: Annotated[str, typer.Option(help="The control, such as BR-1.")] = "",
    feature: Annotated[str, typer.Option(help="Or only a feature, by its key.")] = "",
    category: Annotated[
        Reason, typer.Option(help="The intent is met in another way, or the risk is taken.")
    ] = Reason.ACCEPTED,
    id_: _Id = "",
    url: Url = DEFAULT_URL,
    token: Token = "",
    ca: Ca = None,
) -> None:
    """Let a control or feature not count for a time. Somebody answers for that, with a reason."""
    body = {"category": category, "owner": owner, "reason": reason, "expires": expires}
    body |= {"control": control} if control else {}
    body |= {"feature": feature} if feature else {}
    with open_remote(url, token, ca) as remote:
        show_object(remote.put(f"/api/baseline/exemptions/{id_ or control or feature}", body))


@app.command()
def decisions(url: Url = DEFAULT_URL, token: Token = "", ca: Ca = None, as_json: AsJson = False) -> None:
    """List attestations and exemptions."""
    with open_remote(url, token, ca) as remote:
        found = [
            {"kind": kind, **item}
            for kind in Decided
            for item in remote.get(f"/api/baseline/{kind}s")["value"]
        ]
    columns = {
        "what": lambda each: each["kind"],
        "id": lambda each: each["id"],
        "about": lambda each: each.get("control") or each.get("feature"),
        "owner": lambda each: each["owner"],
        "says": lambda each: each.get("statement") or each.get("reason"),
        "ends": lambda each: each["expires"],
    }
    show_table(found, columns, as_json)


@app.command()
def withdraw(
    what: Annotated[Decided, typer.Argument(help="What it is.")],
    id_: Annotated[str, typer.Argument(help="Its id.")],
    url: Url = DEFAULT_URL,
    token: Token = "",
    ca: Ca = None,
) -> None:
    """Take an attestation or exemption back. The evidence keeps that it was given."""
    with open_remote(url, token, ca) as remote:
        remote.delete(f"/api/baseline/{what}s/{id_}")
    typer.echo(f"The {what} {id_} does not count any more.")


@app.command("recommendations")
def recommendations_(
    recommendation: Annotated[str, typer.Argument(help="One of them, with its history.")] = "",
    service: Annotated[str, typer.Option(help="holdfast, holdfast-platform or holdfast-defender.")] = WHOLE,
    status: Annotated[_Shown, typer.Option(help="Only those of one status, or all.")] = "open",
    url: Url = DEFAULT_URL,
    token: Token = "",
    ca: Ca = None,
    as_json: AsJson = False,
) -> None:
    """Show what falls short, who fixes it, and how.

    And what became of it.
    """
    with open_remote(url, token, ca) as remote:
        if recommendation:
            show_object(remote.get(f"/api/baseline/recommendations/{recommendation}?service={service}"))
            return
        found = remote.get(f"/api/baseline/recommendations?service={service}")["value"]
    wanted = [item for item in found if status in ("all", item["status"])]
    if as_json:
        show_object(wanted)
        return
    table = Table("severity", "control", "recommendation", "problem", "what to do", "who")
    for item in wanted:
        steps = Text("\n".join([*item["steps"], *([item["command"]] if item["command"] else [])]))
        table.add_row(
            item["severity"], item["control"], item["id"], Text(item["problem"]), steps, item["responsible"]
        )
    Console().print(table)
