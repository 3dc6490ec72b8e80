"""`holdfast organization`: the organization tree."""

from typing import Annotated, Any

import typer

from holdfast.cli.remote import AsJson, connect, remote_group, show_object, show_table

app = remote_group("Organizations: list, add, rename, move, remove.")

Organization = Annotated[str, typer.Argument(help="The organization's id.")]
Name = Annotated[str, typer.Option(help="What people call it.")]


@app.command("list")
def list_organizations(context: typer.Context, as_json: AsJson = False) -> None:
    """List every organization that you may see, as a tree."""
    with connect(context) as remote:
        found = remote.pages("/api/organizations")
    depth = _depths(found)
    columns = {
        "organization": lambda o: "  " * depth[o["id"]] + o["id"],
        "name": lambda o: o["displayName"],
    }
    show_table(_ordered(found), columns, as_json)


Item = dict[str, Any]  # an organization's JSON


def _depths(found: list[Item]) -> dict[str, int]:
    parents = {item["id"]: item.get("parent", "") for item in found}

    def depth(identity: str) -> int:
        parent = parents.get(identity, "")
        return depth(parent) + 1 if parent in parents else 0

    return {identity: depth(identity) for identity in parents}


def _ordered(found: list[Item]) -> list[Item]:
    """Each organization before those below it."""
    known = {item["id"] for item in found}
    below: dict[str, list[Item]] = {}
    for item in sorted(found, key=lambda item: item["id"]):
        parent = item.get("parent", "")
        below.setdefault(parent if parent in known else "", []).append(item)

    def walk(parent: str) -> list[Item]:
        return [entry for item in below.get(parent, []) for entry in (item, *walk(item["id"]))]

    return walk("")


@app.command()
def add(
    context: typer.Context,
    organization: Organization,
    name: Name,
    parent: Annotated[str, typer.Option(help="The organization above; none for the application.")] = "",
) -> None:
    """Add an organization."""
    body = {"displayName": name, **({"parent": parent} if parent else {})}
    with connect(context) as remote:
        show_object(remote.put(f"/api/organizations/{organization}", body))


@app.command()
def rename(context: typer.Context, organization: Organization, name: Name) -> None:
    """Give an organization another name."""
    with connect(context) as remote:
        show_object(remote.patch(f"/api/organizations/{organization}", {"displayName": name}))


@app.command()
def move(
    context: typer.Context,
    organization: Organization,
    parent: Annotated[str, typer.Argument(help="The organization above; “/” for the application.")],
) -> None:
    """Put an organization below another one. All that lies in it and below it comes along."""
    with connect(context) as remote:
        remote_parent = None if parent == "/" else parent
        show_object(remote.patch(f"/api/organizations/{organization}", {"parent": remote_parent}))


@app.command()
def remove(context: typer.Context, organization: Organization) -> None:
    """Remove an organization that holds nothing any more."""
    with connect(context) as remote:
        remote.delete(f"/api/organizations/{organization}")
