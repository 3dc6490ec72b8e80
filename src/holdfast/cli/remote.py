"""How commands reach a running instance, and how they show what it answers.

`--url`, `--token` and `--ca`, or HOLDFAST_URL, HOLDFAST_TOKEN and HOLDFAST_CA: a token on the command line is
seen by everybody on the machine, so scripts take the environment.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from holdfast.api.client import Remote
from holdfast.kernel.errors import InvalidError

Url = Annotated[str, typer.Option(envvar="HOLDFAST_URL", help="Where the instance serves people.")]
Token = Annotated[str, typer.Option(envvar="HOLDFAST_TOKEN", help="An API token (whole text).")]
Ca = Annotated[Path | None, typer.Option(envvar="HOLDFAST_CA", help="Its root certificate (root-ca.pem).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]

DEFAULT_URL = "https://localhost:9443"


def connect(context: typer.Context) -> Remote:
    """The client that the group's options name; see `remember`."""
    return open_remote(*context.obj)


def open_remote(url: str, token: str, ca: Path | None) -> Remote:
    """The client for an instance. InvalidError without a token."""
    if not token:
        raise InvalidError("Say who you are: set HOLDFAST_TOKEN to an API token, or pass --token.")
    remote = Remote(url, ca, token)
    remote.on_effect(lambda effect: typer.echo(f"Note: {effect}.", err=True))
    return remote


def remember(context: typer.Context, url: str, token: str, ca: Path | None) -> None:
    """Keep a group's options for its commands."""
    context.obj = (url, token, ca)


def remote_group(help_text: str) -> typer.Typer:
    """A group of commands whose first options say which instance."""
    app = typer.Typer(no_args_is_help=True, help=help_text)

    @app.callback()
    def options(context: typer.Context, url: Url = DEFAULT_URL, token: Token = "", ca: Ca = None) -> None:
        remember(context, url, token, ca)

    return app


Cell = Callable[[Mapping[str, Any]], object]  # from one item of any JSON


def show_table(items: Sequence[Mapping[str, Any]], columns: Mapping[str, Cell], as_json: bool) -> None:
    """Items as a table with these columns, or as JSON."""
    if as_json:
        typer.echo(json.dumps(list(items), indent=2, ensure_ascii=False))
        return
    table = Table(*columns)
    for item in items:
        table.add_row(*(_text(cell(item)) for cell in columns.values()))
    Console().print(table)


def show_object(item: object) -> None:
    """One answer as JSON, which is readable enough for a single thing."""
    typer.echo(json.dumps(item, indent=2, ensure_ascii=False))


def _text(value: object) -> Text:
    """As text without markup: what devices and people wrote must not colour or move the terminal's cursor."""
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    return Text("" if value is None else str(value))


def read_body(text: str) -> Any:  # any JSON
    """JSON from the command line: the text itself, or `@file`."""
    try:
        source = Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text
        return json.loads(source)
    except OSError as error:
        raise InvalidError(f"{text[1:]} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise InvalidError(f"This is not JSON: {error}.") from error
