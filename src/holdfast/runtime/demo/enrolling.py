"""Enrolls the demo's five thermostats through the REST API, in the three ways that fleets use."""

import base64
import datetime
import tempfile
from pathlib import Path

from azure.iot.device import X509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from holdfast.api.client import ApiClient
from holdfast.kernel.json import JsonObject
from holdfast.protocol.sas import decode_key, derive_key
from holdfast.runtime.demo.thermostat import TEMPLATE, Identity

TEMPLATE_ID = "dtmi:holdfast:demo:ThermostatTemplate;1"
KEY_GROUP = "demo-keys"
CERTIFICATE_GROUP = "demo-certificates"


class DemoAuthority:
    """A CA of the demo's own, which stands for the one of a plant."""

    def __init__(self, now: float) -> None:
        self._now = datetime.datetime.fromtimestamp(now, tz=datetime.UTC)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign("Demo plant CA", self.key.public_key(), None, self.key)

    def _sign(
        self,
        name: str,
        public: ec.EllipticCurvePublicKey,
        issuer: x509.Name | None,
        signer: ec.EllipticCurvePrivateKey,
    ) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer or subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - datetime.timedelta(minutes=5))
            .not_valid_after(self._now + datetime.timedelta(days=30))
        )
        if issuer is None and signer is getattr(self, "key", None):
            builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        return builder.sign(signer, hashes.SHA256())

    def issue(self, name: str) -> tuple[str, str]:
        """A certificate for `name` signed by this CA, and its key, as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        return _pem(self._sign(name, key.public_key(), self.certificate.subject, self.key), key)

    def self_signed(self, name: str) -> tuple[str, str]:
        """A certificate that nobody but its owner signed."""
        key = ec.generate_private_key(ec.SECP256R1())
        return _pem(self._sign(name, key.public_key(), None, key), key)

    @property
    def pem(self) -> str:
        """The CA's certificate."""
        return self.certificate.public_bytes(Encoding.PEM).decode()


def _pem(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> tuple[str, str]:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM).decode(), private.decode()


async def enroll(api: ApiClient, folder: Path, now: float) -> list[Identity]:
    """Make the template, the groups and the single enrollment; who the five thermostats are.

    `folder` takes the certificates' files, which the SDK wants.
    """
    await api.put(f"/api/deviceTemplates/{TEMPLATE_ID}", TEMPLATE)
    authority = DemoAuthority(now)
    identities = await _with_keys(api)
    identities += await _with_certificates(api, authority, folder)
    identities.append(await _with_thumbprint(api, authority, folder))
    return identities


async def _with_keys(api: ApiClient) -> list[Identity]:
    body: JsonObject = {"displayName": "Demo keys", "type": "iot", "attestation": {"type": "symmetricKey"}}
    group = await api.put(f"/api/enrollmentGroups/{KEY_GROUP}", body)
    key = decode_key(str(group["attestation"]["symmetricKey"]["primaryKey"]))
    return [
        Identity(name, "key derived from a group's", base64.b64encode(derive_key(key, name)).decode())
        for name in ("thermostat-1", "thermostat-2")
    ]


async def _with_certificates(api: ApiClient, authority: DemoAuthority, folder: Path) -> list[Identity]:
    entry = f"/api/enrollmentGroups/{CERTIFICATE_GROUP}/certificates/primary"
    body: JsonObject = {"displayName": "Demo certificates", "type": "iot", "attestation": {"type": "x509"}}
    await api.put(f"/api/enrollmentGroups/{CERTIFICATE_GROUP}", body)
    await api.put(entry, {"certificate": authority.pem})
    answer = await api.post(f"{entry}/generateVerificationCode")
    proof, _key = authority.issue(str(answer["verificationCode"]))
    await api.post(f"{entry}/verify", {"certificate": proof})
    return [
        Identity(
            name, "certificate of a verified CA", certificate=_files(folder, name, *authority.issue(name))
        )
        for name in ("thermostat-3", "thermostat-4")
    ]


async def _with_thumbprint(api: ApiClient, authority: DemoAuthority, folder: Path) -> Identity:
    name = "thermostat-5"
    certificate, key = authority.self_signed(name)
    await api.put(f"/api/devices/{name}", {"displayName": name})
    primary: JsonObject = {"certificate": certificate}
    attestation: JsonObject = {"type": "x509", "x509": {"clientCertificates": {"primary": primary}}}
    await api.put(f"/api/devices/{name}/attestation", attestation)
    how = "self-signed certificate, by thumbprint"
    return Identity(name, how, certificate=_files(folder, name, certificate, key))


def _files(folder: Path, name: str, certificate: str, key: str) -> X509:
    certificate_file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    certificate_file.write_text(certificate, encoding="ascii")
    key_file.touch(mode=0o600)
    key_file.write_text(key, encoding="ascii")
    return X509(str(certificate_file), str(key_file))  # type: ignore[no-untyped-call]  # the SDK's


def certificate_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder for the certificates' files that is gone afterwards."""
    return tempfile.TemporaryDirectory(prefix="holdfast-demo-")
