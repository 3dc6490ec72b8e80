"""`holdfast up`: start the platform and keep it running until it is told to stop."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from holdfast.runtime import logs
from holdfast.runtime.launch import launch
from holdfast.runtime.settings import load_settings

app = typer.Typer(invoke_without_command=True)


Data = Annotated[Path | None, typer.Option(help="The data folder; made at the first start.")]
Config = Annotated[Path | None, typer.Option(help="Settings as TOML; docs/settings.md has them all.")]
AsJson = Annotated[bool, typer.Option("--json", help="Say in one line of JSON how it is reached.")]
Database = Annotated[str | None, typer.Option(help="postgresql://… instead of the encrypted files.")]


@app.callback(invoke_without_command=True)
def up(data: Data = None, config: Config = None, database: Database = None, as_json: AsJson = False) -> None:
    """Start the platform on a data folder."""
    settings = load_settings(config, data=data, database=database)
    logs.configure(settings.logging, "supervisor")
    asyncio.run(launch(settings, lambda news: typer.echo(news.json() if as_json else news.text())))
