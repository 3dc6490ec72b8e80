"""`holdfast token`: API tokens."""

from contextlib import suppress
from typing import Annotated

import typer

from holdfast.cli.remote import AsJson, Cell, connect, remote_group, show_table
from holdfast.cli.user import assignment, role_text
from holdfast.kernel.clock import SystemClock, isoformat
from holdfast.kernel.errors import ForbiddenError

app = remote_group("API tokens: list, create, delete.")

Token = Annotated[str, typer.Argument(help="The token's id.")]
DAY = 86_400


@app.command("list")
def list_tokens(context: typer.Context, as_json: AsJson = False) -> None:
    """List every API token that you may see. With its last use, if you may read how access is controlled."""
    columns: dict[str, Cell] = {
        "id": lambda t: t["id"],
        "roles": lambda t: ", ".join(map(role_text, t["roles"])),
        "expires": lambda t: t.get("expiry"),
    }
    with connect(context) as remote:
        tokens = remote.pages("/api/apiTokens")
        with suppress(ForbiddenError):
            used = remote.get("/api/access/localMethods/apiTokens/usage")["value"]
            last = {item["id"]: item["lastUsed"] for item in used}
            columns["last used"] = lambda t: last.get(t["id"]) or "never"
    show_table(tokens, columns, as_json)


@app.command()
def create(
    context: typer.Context,
    token: Token,
    role: Annotated[list[str], typer.Option(help="A role's id; `ROLE@ORGANIZATION` for one in it.")],
    days: Annotated[int, typer.Option(min=1, help="How long it lives.")] = 365,
) -> None:
    """Create an API token and print it; it is shown this once."""
    expiry = isoformat(SystemClock().now() + days * DAY)
    body = {"roles": [assignment(text) for text in role], "expiry": expiry}
    with connect(context) as remote:
        typer.echo(remote.put(f"/api/apiTokens/{token}", body)["token"])


@app.command()
def delete(context: typer.Context, token: Token) -> None:
    """Delete an API token; it is refused from the next request on."""
    with connect(context) as remote:
        remote.delete(f"/api/apiTokens/{token}")
