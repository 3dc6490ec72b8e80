"""`holdfast shared-access-policy`: keys that sign for every device."""

from typing import Annotated

import typer

from holdfast.cli.remote import AsJson, connect, remote_group, show_object, show_table

app = remote_group("Shared access policies: keys that sign tokens for every device.")

Policy = Annotated[str, typer.Argument(help="The policy's name, as tokens have it in skn.")]

COLUMNS = {"id": lambda p: p["id"], "enabled": lambda p: p["enabled"]}


def _path(policy: str, rest: str = "") -> str:
    return f"/api/sharedAccessPolicies/{policy}{rest}"


@app.command("list")
def list_policies(context: typer.Context, as_json: AsJson = False) -> None:
    """List the policies, without their keys."""
    with connect(context) as remote:
        show_table(remote.pages("/api/sharedAccessPolicies"), COLUMNS, as_json)


@app.command()
def show(context: typer.Context, policy: Policy) -> None:
    """Show a policy with its keys. The audit has it."""
    with connect(context) as remote:
        show_object(remote.get(_path(policy)))


@app.command()
def create(context: typer.Context, policy: Policy) -> None:
    """Create a policy and show its two keys."""
    with connect(context) as remote:
        show_object(remote.put(_path(policy), {}))


@app.command()
def rotate(context: typer.Context, policy: Policy) -> None:
    """Make a new primary key; the old one is secondary."""
    with connect(context) as remote:
        show_object(remote.post(_path(policy, "/rotate")))


@app.command()
def delete(context: typer.Context, policy: Policy) -> None:
    """Delete a policy: who used it is cut off."""
    with connect(context) as remote:
        remote.delete(_path(policy))
