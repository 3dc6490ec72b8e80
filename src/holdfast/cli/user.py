"""`holdfast user`: people, service principals and groups with their roles."""

from typing import Annotated, Any

import typer

from holdfast.access.roles.builtin import BUILT_IN
from holdfast.cli.remote import AsJson, connect, remote_group, show_object, show_table
from holdfast.kernel.errors import InvalidError

app = remote_group("Users: list, add, give roles, disable, remove, invite.")

User = Annotated[str, typer.Argument(help="The user's id.")]
Roles = Annotated[
    list[str] | None,
    typer.Option("--role", help="A role's id; `ROLE@ORGANIZATION` for one in an organization."),
]

COLUMNS = {
    "id": lambda u: u["id"],
    "type": lambda u: u["type"],
    "who": lambda u: u.get("email") or f"{u.get('tenantId')}/{u.get('objectId')}",
    "roles": lambda u: ", ".join(map(role_text, u["roles"])),
}


def assignment(text: str) -> dict[str, str]:
    """`ROLE` or `ROLE@ORGANIZATION` as the API takes it."""
    role, _, organization = text.partition("@")
    if not role:
        raise InvalidError("A role is written as ROLE or ROLE@ORGANIZATION; see `holdfast role list`.")
    return {"role": role, "organization": organization} if organization else {"role": role}


def role_text(role: dict[str, str]) -> str:
    """An assignment for people: what a built-in role is called, and where."""
    built_in, place = BUILT_IN.get(role["role"]), role.get("organization")
    name = built_in.name if built_in else role["role"]
    return f"{name}@{place}" if place else name


@app.command("list")
def list_users(context: typer.Context, as_json: AsJson = False) -> None:
    """List every user that you may see."""
    with connect(context) as remote:
        show_table(remote.pages("/api/users"), COLUMNS, as_json)


@app.command()
def show(context: typer.Context, user: User) -> None:
    """Show one user."""
    with connect(context) as remote:
        show_object(remote.get(f"/api/access/users/{user}"))


@app.command()
def add(
    context: typer.Context,
    user: User,
    email: Annotated[str, typer.Option(help="For a person.")] = "",
    service_principal: Annotated[str, typer.Option(help="TENANT/OBJECT of a service principal.")] = "",
    group: Annotated[str, typer.Option(help="TENANT/OBJECT of a group of the identity provider.")] = "",
    role: Roles = None,
    name: Annotated[str, typer.Option(help="What people call them.")] = "",
    home: Annotated[str, typer.Option(help="The organization of somebody without roles.")] = "",
    break_glass: Annotated[
        bool, typer.Option("--break-glass", help="For emergencies: conditional access never applies.")
    ] = False,
) -> None:
    """Add a person, a service principal or a group. Without roles for somebody who is only eligible."""
    body = {
        **_who(email, service_principal, group),
        "roles": [assignment(text) for text in role or ()],
        "displayName": name,
        "breakGlass": break_glass,
        **({"home": home} if home else {}),
    }
    with connect(context) as remote:
        show_object(remote.put(f"/api/access/users/{user}", body))


def _who(email: str, service_principal: str, group: str) -> dict[str, Any]:  # members of a user's JSON
    if sum(map(bool, (email, service_principal, group))) != 1:
        raise InvalidError("Say who it is: one of --email, --service-principal and --group.")
    if email:
        return {"type": "email", "email": email}
    tenant, _, identity = (service_principal or group).partition("/")
    kind = "servicePrincipal" if service_principal else "adGroup"
    return {"type": kind, "tenantId": tenant, "objectId": identity}


@app.command()
def roles(
    context: typer.Context,
    user: User,
    role: Roles = None,
) -> None:
    """Set the roles of a user; without any, the user keeps none."""
    with connect(context) as remote:
        body = {"roles": [assignment(text) for text in role or ()]}
        show_object(remote.patch(f"/api/access/users/{user}", body))


@app.command()
def disable(context: typer.Context, user: User) -> None:
    """Disable a user; the next request is refused."""
    with connect(context) as remote:
        show_object(remote.patch(f"/api/access/users/{user}", {"enabled": False}))


@app.command()
def enable(context: typer.Context, user: User) -> None:
    """Let a disabled user in again."""
    with connect(context) as remote:
        show_object(remote.patch(f"/api/access/users/{user}", {"enabled": True}))


@app.command()
def remove(context: typer.Context, user: User) -> None:
    """Remove a user with sessions, credentials and eligibilities."""
    with connect(context) as remote:
        remote.delete(f"/api/access/users/{user}")


@app.command()
def link(context: typer.Context, user: User) -> None:
    """Make a sign-in link, good once and for an hour. It is shown this once."""
    with connect(context) as remote:
        typer.echo(remote.post(f"/api/access/users/{user}/signInLink")["link"])


@app.command()
def reset(context: typer.Context, user: User) -> None:
    """Take away what a user signs in with, and end their sessions."""
    with connect(context) as remote:
        remote.delete(f"/api/access/users/{user}/credential")


@app.command()
def permissions(context: typer.Context, user: User) -> None:
    """Show everything that a user or an API token may do, by place."""
    with connect(context) as remote:
        show_object(remote.get(f"/api/access/principals/{user}/permissions")["permissions"])
