"""`holdfast access`: conditions, settings, providers, elevations and explanations."""

import json
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from holdfast.access.settings import LocalMethod
from holdfast.api.client import VERSION
from holdfast.cli.remote import AsJson, connect, read_body, remote_group, show_object, show_table
from holdfast.kernel.errors import ConflictError

app = remote_group("Conditional access, providers, local methods, elevations, explanations.")

Id = Annotated[str, typer.Argument(help="Its id.")]
Body = Annotated[str, typer.Argument(help="JSON, or @file.")]
Collection = Annotated[
    str,
    typer.Argument(
        help="conditionalAccessPolicies, identityProviders, managedIdentities, eligibleAssignments, "
        "riskSignals, settings, elevations, supportRequests, reviews"
    ),
]


@app.command()
def me(context: typer.Context) -> None:
    """Show who you are here, and what you may do."""
    with connect(context) as remote:
        show_object(remote.get("/api/access/me"))


@app.command("list")
def list_collection(context: typer.Context, collection: Collection, as_json: AsJson = False) -> None:
    """List a collection."""
    columns = {
        "id": lambda item: item["id"],
        "name": lambda item: item.get("displayName") or item.get("reason") or item.get("user"),
        "state": lambda item: item.get("state") or item.get("enabled"),
    }
    with connect(context) as remote:
        show_table(remote.pages(f"/api/access/{collection}"), columns, as_json)


@app.command()
def show(context: typer.Context, collection: Collection, identity: Id) -> None:
    """Show one item of a collection."""
    with connect(context) as remote:
        show_object(remote.get(f"/api/access/{collection}/{identity}"))


@app.command()
def put(context: typer.Context, collection: Collection, identity: Id, body: Body) -> None:
    """Make or replace one item of a collection."""
    with connect(context) as remote:
        show_object(remote.put(f"/api/access/{collection}/{identity}", read_body(body)))


@app.command()
def patch(context: typer.Context, collection: Collection, identity: Id, body: Body) -> None:
    """Change one item of a collection, such as a policy's state."""
    with connect(context) as remote:
        show_object(remote.patch(f"/api/access/{collection}/{identity}", read_body(body)))


@app.command()
def delete(context: typer.Context, collection: Collection, identity: Id) -> None:
    """Delete one item of a collection."""
    with connect(context) as remote:
        remote.delete(f"/api/access/{collection}/{identity}")


@app.command()
def why(
    context: typer.Context,
    principal: Annotated[str, typer.Argument(help="A user or an API token.")],
    permission: Annotated[str, typer.Argument(help="Such as organization:device:update.")],
    organization: Annotated[str, typer.Option(help="Where; the application when left out.")] = "",
) -> None:
    """Say why somebody may do something, or may not. Exit code 1 when they may not."""
    question = {"principal": principal, "permission": permission, "organization": organization}
    with connect(context) as remote:
        answer = remote.post("/api/access/why", question)
    typer.echo(answer["sentence"])
    if not answer["allowed"]:
        raise typer.Exit(1)


@app.command("what-if")
def what_if(
    context: typer.Context,
    principal: Annotated[str, typer.Argument(help="A user or an API token.")],
    address: Annotated[str, typer.Argument(help="The IP address that it would come from.")],
    time: Annotated[str, typer.Option(help="When, such as 2027-01-31T12:00:00Z; now when left out.")] = "",
    method: Annotated[list[str] | None, typer.Option(help="How it signed in: pwd, otp, …")] = None,
    client: Annotated[str, typer.Option(help="browser, bearer or apiToken.")] = "browser",
) -> None:
    """Say whether conditions would let somebody in. Exit code 1 when they would not."""
    question: dict[str, Any] = {"principal": principal, "address": address, "client": client}  # JSON
    question |= {"methods": method or []} | ({"time": time} if time else {})
    with connect(context) as remote:
        answer = remote.post("/api/access/conditionalAccessPolicies/whatIf", question)
    show_object(answer)
    if not answer["allowed"]:
        raise typer.Exit(1)


_USED_COLUMNS: dict[str, Any] = {  # how a value is read from JSON
    "kind": lambda item: item["kind"],
    "id": lambda item: item["id"],
    "name": lambda item: item["name"],
    "last used": lambda item: item["lastUsed"] or "never",
}

Place = Annotated[str, typer.Option(help="An organization; the application when left out.")]

Minutes = Annotated[int, typer.Option(min=5, help="For how long.")]
Until = Annotated[str, typer.Option(help="Until this moment at the latest, such as 2027-01-31T12:00:00Z.")]


@app.command()
def usage(
    context: typer.Context, method: LocalMethod, organization: Place = "", as_json: AsJson = False
) -> None:
    """List what still uses a local method."""
    with connect(context) as remote:
        show_table(remote.get(_usage(method, organization))["value"], _USED_COLUMNS, as_json)


@app.command("switch-off")
def switch_off(
    context: typer.Context,
    method: LocalMethod,
    organization: Place = "",
    anyway: Annotated[bool, typer.Option("--anyway", help="Although something uses it.")] = False,
) -> None:
    """Switch a local method off. What still uses it is listed first, and then it takes --anyway."""
    with connect(context) as remote:
        found = remote.get(_usage(method, organization))
        if found["count"] and not anyway:
            show_table(found["value"], _USED_COLUMNS, as_json=False)
            raise ConflictError(
                f"{found['count']} still use it; pass --anyway to switch it off nevertheless."
            )
        body = {"organization": organization, "on": False, "confirm": found["count"]}
        show_object({"on": remote.post(_switch(method), body)["on"]})


@app.command("switch-on")
def switch_on(context: typer.Context, method: LocalMethod, organization: Place = "") -> None:
    """Switch a local method on again."""
    with connect(context) as remote:
        show_object({"on": remote.post(_switch(method), {"organization": organization, "on": True})["on"]})


def _usage(method: LocalMethod, organization: str) -> str:
    query = f"organization={organization}&api-version={VERSION}"
    return f"/api/access/localMethods/{method.value}/usage?{query}"


def _switch(method: LocalMethod) -> str:
    return f"/api/access/localMethods/{method.value}/switch"


@app.command()
def elevate(
    context: typer.Context,
    eligible: Annotated[str, typer.Argument(help="The eligible assignment.")],
    reason: Annotated[str, typer.Option(help="Why you need the role.")],
    minutes: Minutes = 60,
    until: Until = "",
) -> None:
    """Ask for a role that you are eligible for."""
    body = {"eligible": eligible, "reason": reason, "minutes": minutes, "until": until}
    with connect(context) as remote:
        show_object(remote.post("/api/access/elevations", body))


@app.command("ask-support")
def ask_support(
    context: typer.Context,
    role: Annotated[str, typer.Argument(help="The role that the work needs.")],
    reason: Annotated[str, typer.Option(help="What the work is.")],
    organization: Place = "",
    minutes: Minutes = 60,
    until: Until = "",
) -> None:
    """Ask the customer for support access, as their engineer."""
    body = {"role": role, "organization": organization, "reason": reason, "minutes": minutes, "until": until}
    with connect(context) as remote:
        show_object(remote.post("/api/access/supportRequests", body))


@app.command("identity-token")
def identity_token(
    context: typer.Context,
    identity: Annotated[str, typer.Argument(help="A user-assigned managed identity.")],
    audience: Annotated[str, typer.Argument(help="One of its audiences.")],
) -> None:
    """Print a token of a managed identity. It tries whether the other side trusts it."""
    with connect(context) as remote:
        typer.echo(
            remote.post(f"/api/access/managedIdentities/{identity}/token", {"audience": audience})["token"]
        )


@app.command()
def keys(context: typer.Context, as_json: AsJson = False) -> None:
    """List certificates and keys with who renews them, and when."""
    columns = {
        "name": lambda item: item["name"],
        "known by": lambda item: item["detail"],
        "until": lambda item: item["until"] or "",
        "renewed by": lambda item: item["renewedBy"],
    }
    with connect(context) as remote:
        show_table(remote.get("/api/access/keys")["value"], columns, as_json)


@app.command()
def decide(
    context: typer.Context,
    collection: Annotated[str, typer.Argument(help="elevations or supportRequests")],
    identity: Id,
    verb: Annotated[str, typer.Argument(help="approve, deny or end")],
    remark: Annotated[str, typer.Option(help="What you say to it.")] = "",
    until: Annotated[str, typer.Option(help="Approve it for less: until this moment.")] = "",
) -> None:
    """Decide on an elevation or on support access."""
    body = {"decision": remark} | ({"until": until} if until else {})
    with connect(context) as remote:
        show_object(remote.post(f"/api/access/{collection}/{identity}/{verb}", body))


@app.command()
def audit(
    context: typer.Context,
    actor: Annotated[str, typer.Option(help="Only what this principal did (its id).")] = "",
    kind: Annotated[str, typer.Option(help="Only this kind of resource.")] = "",
    event: Annotated[str, typer.Option(help="Only this event, such as session.created.")] = "",
    resource: Annotated[str, typer.Option(help="Only the resource with this id.")] = "",
    outcome: Annotated[str, typer.Option(help="Only `ok` or only `refused`.")] = "",
    since: Annotated[str, typer.Option(help="From this moment on, such as 2027-01-31T12:00:00Z.")] = "",
    until: Annotated[str, typer.Option(help="Before this moment.")] = "",
    follow: Annotated[bool, typer.Option("--follow", help="From now on, until Ctrl-C.")] = False,
    as_json: AsJson = False,
) -> None:
    """Export the audit log, newest first, or follow it."""
    asked = {"actor": actor, "kind": kind, "name": event, "resource": resource, "outcome": outcome}
    query = urlencode(
        {name: value for name, value in {**asked, "since": since, "until": until}.items() if value}
    )
    with connect(context) as remote:
        remote.lines(
            f"/api/audit/{'live' if follow else 'export'}?{query}",
            lambda record: typer.echo(json.dumps(record) if as_json else _sentence(record)),
        )


def _sentence(record: dict[str, Any]) -> str:  # JSON
    why = f": {record['detail']}" if record["detail"] else ""
    on = f" {record['resource']}" if record["resource"] else ""
    source = f" from {record['address']}" if record["address"] else ""
    return f"{record['time']}  {record['actorName']}{source}  {record['event']}{on}  {record['outcome']}{why}"
