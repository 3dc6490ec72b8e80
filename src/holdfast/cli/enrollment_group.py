"""`holdfast enrollment-group`: groups of devices that prove themselves alike, and their CAs."""

from pathlib import Path
from typing import Annotated

import typer

from holdfast.cli.remote import AsJson, connect, remote_group, show_object, show_table
from holdfast.kernel.errors import InvalidError

app = remote_group("Enrollment groups: keys, CAs and the proof that you hold them.")

Group = Annotated[str, typer.Argument(help="The group's id.")]
Certificate = Annotated[Path, typer.Argument(help="File with a certificate in PEM.")]

COLUMNS = {
    "id": lambda g: g["id"],
    "name": lambda g: g["displayName"],
    "proof": lambda g: g["attestation"]["type"],
    "type": lambda g: g["type"],
    "enabled": lambda g: g["enabled"],
}


def _path(group: str, rest: str = "") -> str:
    return f"/api/enrollmentGroups/{group}{rest}"


def _pem(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidError(f"{file} cannot be read as a certificate in PEM: {error}.") from error


@app.command("list")
def list_groups(context: typer.Context, as_json: AsJson = False) -> None:
    """List the groups."""
    with connect(context) as remote:
        show_table(remote.pages("/api/enrollmentGroups"), COLUMNS, as_json)


@app.command()
def show(context: typer.Context, group: Group) -> None:
    """Show a group with its keys. The audit log has that you looked."""
    with connect(context) as remote:
        show_object(remote.get(_path(group)))


@app.command()
def create(
    context: typer.Context,
    group: Group,
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    certificate: Annotated[Path | None, typer.Option(help="The CA; without it devices use keys.")] = None,
    edge: Annotated[bool, typer.Option("--edge", help="For IoT Edge devices.")] = False,
) -> None:
    """Create a group for devices with keys or a CA. Verify the CA next."""
    kind = "x509" if certificate else "symmetricKey"
    body = {
        "displayName": name or group,
        "type": "iotEdge" if edge else "iot",
        "attestation": {"type": kind},
    }
    with connect(context) as remote:
        made = remote.put(_path(group), body)
        if certificate:
            remote.put(_path(group, "/certificates/primary"), {"certificate": _pem(certificate)})
            made = remote.get(_path(group))
        show_object(made)


@app.command()
def code(context: typer.Context, group: Group, entry: str = "primary") -> None:
    """Ask for the code that proves possession. Have the CA sign a certificate with it as common name."""
    with connect(context) as remote:
        show_object(remote.post(_path(group, f"/certificates/{entry}/generateVerificationCode")))


@app.command()
def verify(context: typer.Context, group: Group, certificate: Certificate, entry: str = "primary") -> None:
    """Prove possession with the code's certificate. From then on the CA admits devices."""
    with connect(context) as remote:
        remote.post(_path(group, f"/certificates/{entry}/verify"), {"certificate": _pem(certificate)})


@app.command()
def disable(context: typer.Context, group: Group) -> None:
    """Disable a group: its devices are cut off within a second."""
    with connect(context) as remote:
        show_object(remote.patch(_path(group), {"enabled": False}))


@app.command()
def enable(context: typer.Context, group: Group) -> None:
    """Enable a group again."""
    with connect(context) as remote:
        show_object(remote.patch(_path(group), {"enabled": True}))


@app.command()
def delete(context: typer.Context, group: Group) -> None:
    """Delete a group; its devices cannot connect any more."""
    with connect(context) as remote:
        remote.delete(_path(group))
