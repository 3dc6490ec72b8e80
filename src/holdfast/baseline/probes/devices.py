"""Devices of the probes: made through the front door, and gone afterwards."""

import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote

from holdfast.baseline.probes.context import Persona, ProbeContext
from holdfast.baseline.probes.http import Answer, ask, in_place
from holdfast.kernel.json import JsonObject, JsonValue

VERSION = "api-version=2022-07-31"


class ProbeDevice(NamedTuple):
    """A device that belongs to a probe."""

    id: str
    key: bytes
    """Its shared access key; empty for one with a certificate."""

    def signature(self, resource: str, expires: float, key: bytes = b"") -> str:
        """A shared access signature for `resource`, by the device's key or another."""
        target = quote(resource, safe="")
        signed = f"{target}\n{int(expires)}".encode()
        mac = base64.b64encode(hmac.digest(key or self.key, signed, hashlib.sha256)).decode()
        return f"SharedAccessSignature sr={target}&sig={quote(mac, safe='')}&se={int(expires)}"


def demand(answer: Answer, what: str) -> JsonObject:
    """The body of a good answer. RuntimeError otherwise: the probe cannot go on."""
    if answer.status not in (200, 201):
        raise RuntimeError(f"{what} was refused: {answer.status} {answer.text[:300]}")
    body: JsonValue = json.loads(answer.text)
    return body if isinstance(body, dict) else {"value": body}


@contextlib.contextmanager
def probe_device(context: ProbeContext, certificate: str = "") -> Iterator[ProbeDevice]:
    """A device with keys of its own, or known by a certificate (PEM). RuntimeError when it is refused."""
    id_ = f"probe-{context.randomness.bytes(8).hex()}"
    path = f"/api/devices/{id_}"
    body = in_place(context, {"displayName": f"Drill {id_}"})
    demand(ask(context, "PUT", f"{path}?{VERSION}", Persona.KEEPER, body), "a device of the probes")
    try:
        enrolled = _enrollment(certificate)
        attestation = ask(context, "PUT", f"{path}/attestation?{VERSION}", Persona.KEEPER, enrolled)
        demand(attestation, "its enrollment")
        yield ProbeDevice(id_, b"" if certificate else _key(context, path))
    finally:
        ask(context, "DELETE", f"{path}?{VERSION}", Persona.KEEPER)


def _enrollment(certificate: str) -> JsonObject:
    if not certificate:
        return {"type": "symmetricKey"}
    entry: JsonObject = {"primary": {"certificate": certificate}}
    return {"type": "x509", "x509": {"clientCertificates": entry}}


def _key(context: ProbeContext, path: str) -> bytes:
    answer = ask(context, "GET", f"{path}/credentials?{VERSION}", Persona.KEEPER)
    keys = demand(answer, "its key")["symmetricKey"]
    assert isinstance(keys, dict)
    return base64.b64decode(str(keys["primaryKey"]))
