"""The `holdfast` command: one entry a group of commands, loaded only when it is used."""

import importlib
import sys
from typing import NamedTuple

import typer

from holdfast import COMPILED, __version__
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.loading import loading


class _Entry(NamedTuple):
    module: str
    """Has a Typer application named `app`."""
    summary: str


COMMANDS: dict[str, _Entry] = {
    "device": _Entry("holdfast.cli.device", "Devices: list, create, block, ask, watch"),
    "enrollment-group": _Entry("holdfast.cli.enrollment_group", "Enrollment groups, their keys and CAs"),
    "shared-access-policy": _Entry("holdfast.cli.shared_access", "Keys that sign for every device"),
    "user": _Entry("holdfast.cli.user", "Users, their roles and sign-in links"),
    "role": _Entry("holdfast.cli.role", "Built-in and custom roles"),
    "organization": _Entry("holdfast.cli.organization", "The organization tree"),
    "token": _Entry("holdfast.cli.token", "API tokens"),
    "session": _Entry("holdfast.cli.session", "Who is signed in"),
    "access": _Entry("holdfast.cli.access", "Conditions, providers, elevations, explanations"),
    "review": _Entry("holdfast.cli.review", "Access reviews: who holds what, and an answer to each"),
    "keys": _Entry("holdfast.cli.keys", "The keys of an instance: list, rotate"),
    "import": _Entry("holdfast.cli.importing", "Bring an application of another platform here"),
    "audit": _Entry("holdfast.cli.audit", "Read the audit log and check that nobody changed it"),
    "up": _Entry("holdfast.cli.up", "Start the platform"),
    "demo": _Entry("holdfast.cli.demo", "Start it with five simulated devices and show everything"),
    "alert": _Entry("holdfast.cli.alert", "Alerts, what to do with them, where they are sent"),
    "policy": _Entry("holdfast.cli.policy", "Evaluate, lint and import policy definitions"),
    "baseline": _Entry("holdfast.cli.baseline", "Assess, convert, compare and publish the baseline"),
    "evidence": _Entry("holdfast.cli.evidence", "Check evidence offline"),
    "defender": _Entry("holdfast.cli.defender", "Networks: assets, weak points, sensors, captures"),
    "sensor": _Entry("holdfast.cli.sensor", "Analyze captures and watch a network"),
    "api": _Entry("holdfast.cli.api", "The published REST API and what serves it"),
    "template": _Entry("holdfast.cli.template", "Check device templates and DTDL models"),
}
"""Every command or group of commands and its line in `holdfast --help`."""


def _version(show: bool) -> None:
    if show:
        typer.echo(f"holdfast {__version__}{', hot modules compiled' if COMPILED else ''}")
        raise typer.Exit


def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show it."),
) -> None:
    """An IoT platform that watches its own network and proves its own security baseline."""


def build(wanted: str) -> typer.Typer:
    """The application with the command `wanted` loaded and only the names of the others.

    Importing every command's module would make `holdfast --help` slow.
    """
    app = typer.Typer(
        no_args_is_help=True, rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False
    )
    app.callback()(_root)
    for name, entry in sorted(COMMANDS.items()):
        group = importlib.import_module(entry.module).app if name == wanted else _placeholder()
        app.add_typer(group, name=name, help=entry.summary)
    return app


def _placeholder() -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    return app


def main() -> None:
    """Run the command line; an expected error is one sentence on standard error and exit code 1."""
    wanted = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    try:
        with loading():
            app = build(wanted)
        app()
    except HoldfastError as error:
        typer.echo(f"holdfast: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(141)


if __name__ == "__main__":
    main()
