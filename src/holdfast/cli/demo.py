"""`holdfast demo`: a new instance with five simulated devices, everything shown in a minute."""

import asyncio
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from holdfast.runtime import logs
from holdfast.runtime.demo.assessing import assess
from holdfast.runtime.demo.scenario import Demo
from holdfast.runtime.settings import load_settings

app = typer.Typer(invoke_without_command=True)

Data = Annotated[Path | None, typer.Option(help="A new data folder; a temporary one without it.")]
Config = Annotated[Path | None, typer.Option(help="Settings as TOML; docs/settings.md has them all.")]
Database = Annotated[str | None, typer.Option(help="postgresql://… instead of the encrypted files.")]
Once = Annotated[bool, typer.Option("--once", help="End after the last step; exit code 0 if all happened.")]


@app.callback(invoke_without_command=True)
def demo(data: Data = None, config: Config = None, database: Database = None, once: Once = False) -> None:
    """Start a new instance, connect five thermostats through the device SDK, and show what they can do."""
    os.environ |= {"HOLDFAST_LOGGING__LEVEL": "error", "HOLDFAST_LOGGING__FORMAT": "text"}
    with tempfile.TemporaryDirectory(prefix="holdfast-demo-") as temporary:
        folder = data or Path(temporary) / "data"
        settings = load_settings(config, data=folder, database=database)
        logs.configure(settings.logging, "demo")
        for name in ("azure", "paho"):  # the SDK logs refusals, which the demo provokes, with stack traces
            logging.getLogger(name).setLevel(logging.CRITICAL)
        command = [sys.executable, "-m", "holdfast.cli.main", "up", "--json", "--data", str(folder)]
        for option, value in (("--config", config), ("--database", database)):
            command += [option, str(value)] if value else []
        asyncio.run(Demo(settings, command, Console(), assess).run(once=once))
