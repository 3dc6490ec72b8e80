"""`holdfast role`: the built-in roles and those of one's own."""

from typing import Annotated

import typer

from holdfast.access.roles.builtin import Scope
from holdfast.cli.remote import AsJson, connect, remote_group, show_object, show_table

app = remote_group("Roles: list, show, create, delete; every permission there is.")

Role = Annotated[str, typer.Argument(help="The role's id.")]


@app.command("list")
def list_roles(context: typer.Context, as_json: AsJson = False) -> None:
    """List every role."""
    columns = {"id": lambda r: r["id"], "name": lambda r: r["displayName"]}
    with connect(context) as remote:
        show_table(remote.pages("/api/roles"), columns, as_json)


@app.command()
def permissions(context: typer.Context) -> None:
    """List every permission that a role can have."""
    with connect(context) as remote:
        for permission in remote.get("/api/access/permissions")["value"]:
            typer.echo(permission)


@app.command()
def show(context: typer.Context, role: Role) -> None:
    """Show a custom role with its permissions."""
    with connect(context) as remote:
        show_object(remote.get(f"/api/access/roles/{role}"))


@app.command()
def create(
    context: typer.Context,
    role: Role,
    name: Annotated[str, typer.Option(help="What people call it.")],
    permission: Annotated[list[str], typer.Option(help="A permission; may be given several times.")],
    scope: Annotated[Scope, typer.Option(help="Where it may be assigned; fixed afterwards.")] = (
        Scope.APPLICATION
    ),
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
) -> None:
    """Create or replace a custom role. What its permissions need comes along."""
    body = {
        "displayName": name,
        "description": description,
        "scope": scope.value,
        "permissions": permission,
    }
    with connect(context) as remote:
        show_object(remote.put(f"/api/access/roles/{role}", body))


@app.command()
def delete(context: typer.Context, role: Role) -> None:
    """Delete a custom role that nobody holds."""
    with connect(context) as remote:
        remote.delete(f"/api/access/roles/{role}")
