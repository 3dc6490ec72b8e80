"""`holdfast template`: check device templates and DTDL models, and run conformance cases."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import track

from holdfast.devices.dtdl import cases as conformance
from holdfast.devices.dtdl.files import FileVerdict, validate_files
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject

app = typer.Typer(no_args_is_help=True)

_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
_Paths = Annotated[list[Path], typer.Argument(help="Files, or folders that are searched for *.json.")]


@app.command()
def validate(
    paths: _Paths,
    json: _Json = False,
    unknown_extensions: Annotated[
        bool | None,
        typer.Option(
            "--allow-unknown-extensions/--refuse-unknown-extensions",
            help="Whether contexts that nobody defines are accepted; by default only in DTDL v2.",
        ),
    ] = None,
) -> None:
    """Say whether models and templates are valid, or why not.

    Models of DTDL v2, v3 and v4, and device templates.
    """
    texts = {str(path): _read(path) for path in _files(paths)}
    verdicts = validate_files(texts, unknown_extensions)
    if json:
        typer.echo(msgspec.json.encode([_as_json(verdict) for verdict in verdicts]).decode())
    else:
        for verdict in verdicts:
            _print(verdict)
    if not all(verdict.valid for verdict in verdicts):
        raise typer.Exit(1)


def _as_json(verdict: FileVerdict) -> JsonObject:
    return {
        "file": verdict.file,
        "valid": verdict.valid,
        "errors": [
            {
                "kind": problem.kind,
                "id": problem.identifier,
                "message": problem.message,
                "element": problem.element,
                "pointer": problem.pointer,
            }
            for problem in verdict.problems
        ],
        "unresolved": list(verdict.unresolved),
    }


def _print(verdict: FileVerdict) -> None:
    typer.echo(f"{verdict.file}: {'valid' if verdict.valid else 'not valid'}")
    for problem in verdict.problems:
        typer.echo(f"  {problem.pointer or '/'}: {problem.message} [{problem.kind}]")
    for identifier in verdict.unresolved:
        typer.echo(f"  {identifier} is referred to, but no file defines it")


@app.command()
def cases(paths: _Paths, json: _Json = False) -> None:
    """Run DTDL conformance cases.

    Those are counted in which the parser does what they say.

    Files of a folder that hold no cases are skipped; a file that is named must hold some.
    """
    files = _files(paths)
    shown = track(files, "Running", console=Console(stderr=True), disable=json, transient=True)
    count, failures, skipped = 0, list[JsonObject](), list[str]()
    for path in shown:
        try:
            outcomes = conformance.run(_read(path))
        except InvalidError as error:
            if path in paths:
                raise InvalidError(f"{path} holds no cases: {error}.") from None
            skipped.append(str(path))
            continue
        for outcome in outcomes:
            count += 1
            if not outcome.passed:
                failures.append({"file": str(path), "number": outcome.number, "failure": outcome.failure})
    if json:
        report = {
            "cases": count,
            "passed": count - len(failures),
            "failed": len(failures),
            "failures": failures,
            "skipped": skipped,
        }
        typer.echo(msgspec.json.encode(report).decode())
    else:
        for failure in failures:
            typer.echo(f"{failure['file']} [{failure['number']}]: {failure['failure']}")
        for name in skipped:
            typer.echo(f"{name}: skipped, it holds no cases")
        typer.echo(f"{count} cases, {count - len(failures)} passed, {len(failures)} failed")
    if failures or not count:
        raise typer.Exit(1)


def _files(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        found += sorted(path.rglob("*.json")) if path.is_dir() else [path]
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidError(f"cannot read {path}: {error.strerror}") from None
