"""`holdfast session`: who is signed in."""

from typing import Annotated

import typer

from holdfast.cli.remote import AsJson, connect, remote_group, show_table
from holdfast.kernel.clock import isoformat

app = remote_group("Sessions: list, end.")


@app.command("list")
def list_sessions(context: typer.Context, as_json: AsJson = False) -> None:
    """List every session that you may see."""
    columns = {
        "id": lambda s: s["id"],
        "user": lambda s: s["user"],
        "signed in": lambda s: isoformat(s["authenticatedAt"]) if s["authenticatedAt"] else "unknown",
        "by": lambda s: ", ".join(s["methods"]),
        "from": lambda s: s["address"],
        "until": lambda s: isoformat(s["expires"]),
    }
    with connect(context) as remote:
        show_table(remote.pages("/api/access/sessions"), columns, as_json)


@app.command()
def end(
    context: typer.Context,
    session: Annotated[str, typer.Argument(help="The session's id.")] = "",
    user: Annotated[str, typer.Option(help="End every session of this user.")] = "",
) -> None:
    """End a session, or every session of a user. The next request with it is refused."""
    with connect(context) as remote:
        if user:
            remote.delete(f"/api/access/users/{user}/sessions")
        else:
            remote.delete(f"/api/access/sessions/{session}")
