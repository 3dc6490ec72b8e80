"""`holdfast evidence`: hand evidence over, and check what somebody handed over."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from holdfast.baseline.documents.files import read_file
from holdfast.baseline.evidence.archive import bundle_lines
from holdfast.baseline.evidence.bundle import read_public_key, verify_bundle
from holdfast.baseline.evidence.chain import OBSERVATION
from holdfast.baseline.evidence.manifest import check_files
from holdfast.cli import baseline_evidence
from holdfast.kernel.clock import isoformat

app = typer.Typer(no_args_is_help=True)
app.command()(baseline_evidence.export)


@app.command()
def verify(
    bundle: Annotated[
        Path, typer.Argument(help="The bundle: evidence.jsonl, or the auditor's ZIP that holds it.")
    ],
    key: Annotated[Path, typer.Option("--key", help="The public key of the instance (PEM).")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Check a bundle offline.

    Every signature, the chain, that nothing is missing or out of order, and the other files of a ZIP.
    """
    public = read_public_key(read_file(key))
    verified = verify_bundle(bundle_lines(bundle), public)
    files = check_files(bundle, public)
    observations = sum(item.predicate_type == OBSERVATION for item in verified.items)
    if json:
        content = {
            "instance": verified.instance,
            "until": isoformat(verified.until),
            "items": len(verified.items),
            "observations": observations,
            "files": files,
            "first": verified.items[0].link.sequence if verified.items else None,
            "last": verified.items[-1].link.sequence if verified.items else None,
        }
        typer.echo(msgspec.json.encode(content).decode())
        return
    kept = f"kept by instance {verified.instance} until {isoformat(verified.until)}"
    typer.echo(f"Sound: {len(verified.items)} items, {observations} of them observations, {kept}.")
    if files:
        typer.echo(f"The {files} files of the archive are those that the instance signed.")
