"""`holdfast review`: access reviews, in which somebody answers for each role that is assigned."""

from typing import Annotated, Any

import typer

from holdfast.cli.remote import AsJson, connect, remote_group, show_object, show_table
from holdfast.kernel.clock import parse_isoformat
from holdfast.kernel.errors import ConflictError, InvalidError

app = remote_group("Access reviews: begin, answer, close.")

Review = Annotated[str, typer.Argument(help="Its id.")]
_REVIEWS = "/api/access/reviews"


@app.command("list")
def list_reviews(context: typer.Context, as_json: AsJson = False) -> None:
    """List the reviews that you may see."""
    columns = {
        "id": lambda item: item["id"],
        "name": lambda item: item["displayName"],
        "state": lambda item: item["state"],
        "not answered": lambda item: sum(one["decision"] == "pending" for one in item["items"]),
    }
    with connect(context) as remote:
        show_table(remote.pages(_REVIEWS), columns, as_json)


@app.command()
def begin(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is called.")],
    due: Annotated[str, typer.Option(help="Until when, such as 2027-01-31T12:00:00Z.")],
    reviewer: Annotated[
        list[str], typer.Option(help="The id of a person who answers; several are possible.")
    ],
    role: Annotated[list[str] | None, typer.Option(help="Only assignments of this role.")] = None,
    organization: Annotated[str, typer.Option(help="Only at and below it.")] = "",
    keep: Annotated[bool, typer.Option("--keep", help="Keep what nobody answered.")] = False,
    repeat: Annotated[int, typer.Option(min=0, max=366, help="Again after so many days.")] = 0,
) -> None:
    """Begin a review of what is assigned now."""
    try:
        moment = parse_isoformat(due)
    except ValueError:
        raise InvalidError(f"{due!r} is no moment; write it as 2027-01-31T12:00:00Z.") from None
    body = {
        "displayName": name,
        "due": moment,
        "reviewers": reviewer,
        "roles": role or [],
        "organization": organization,
        "unanswered": "keep" if keep else "remove",
        "repeatDays": repeat,
    }
    with connect(context) as remote:
        show_object({"id": remote.post(_REVIEWS, body)["id"]})


@app.command()
def show(context: typer.Context, review: Review, as_json: AsJson = False) -> None:
    """Show each assignment of a review with its number and answer."""
    with connect(context) as remote:
        items: list[dict[str, Any]] = remote.get(f"{_REVIEWS}/{review}")["items"]  # JSON
    columns = {
        "number": lambda item: item["number"],
        "kind": lambda item: item["holderKind"],
        "who": lambda item: item["holder"],
        "role": lambda item: item["role"],
        "at": lambda item: item.get("organization") or "the application",
        "answer": lambda item: item["decision"],
        "by": lambda item: item.get("by", ""),
    }
    show_table([{"number": number, **item} for number, item in enumerate(items)], columns, as_json)


@app.command()
def answer(
    context: typer.Context,
    review: Review,
    number: Annotated[int, typer.Argument(min=0, help="The assignment's number.")],
    decision: Annotated[str, typer.Argument(help="keep or remove")],
    remark: Annotated[str, typer.Option(help="What you say to it.")] = "",
) -> None:
    """Answer for one assignment, as a reviewer. That takes an account of your own."""
    with connect(context) as remote:
        remote.post(f"{_REVIEWS}/{review}/items/{number}", {"decision": decision, "remark": remark})


@app.command()
def close(context: typer.Context, review: Review) -> None:
    """Take away what was answered with remove. Exit code 1 when something could not be."""
    with connect(context) as remote:
        problems = remote.post(f"{_REVIEWS}/{review}/close")["problems"]
    if problems:
        raise ConflictError(" ".join(problems))
