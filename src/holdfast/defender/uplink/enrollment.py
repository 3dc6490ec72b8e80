"""How a sensor becomes a device of the platform: by a person's token, or by a certificate of the plant's
authority.

With a token the sensor makes its key, asks the platform for a certificate, and is told where to connect.
With a certificate of an enrollment group's authority it provisions itself as every device does.
"""

import datetime
import ssl
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from holdfast.defender.uplink.state import Identity
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject


class KeyAndRequest(NamedTuple):
    """A fresh key, and the request for a certificate of it; both PEM."""

    key: str
    request: str


def make_request(device: str) -> KeyAndRequest:
    """A key that never leaves the sensor, and what the platform signs."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, device[:64])])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return KeyAndRequest(private.decode(), request.public_bytes(Encoding.PEM).decode())


def identity_from(answer: JsonObject, key: str) -> Identity:
    """Who the sensor is, by the platform's answer. InvalidError when it is none."""
    try:
        return Identity(
            device=str(answer["id"]),
            host=str(answer["host"]),
            port=int(str(answer["port"])),
            certificate=str(answer["certificate"]),
            key=key,
            root=str(answer["rootCertificate"]),
        )
    except (KeyError, ValueError) as error:
        raise InvalidError(f"The platform's answer lacks {error}; is it of this version?") from None


def identity_of_files(host: str, port: int, certificate: Path, key: Path, root: Path) -> Identity:
    """Who the sensor is, by a certificate that an authority of the plant issued: its common name.

    InvalidError when a file cannot be read or is not what it should be.
    """
    try:
        chain, private, trusted = (path.read_text(encoding="ascii") for path in (certificate, key, root))
        leaf = x509.load_pem_x509_certificate(chain.encode())
        ssl.create_default_context(cadata=trusted)
        names = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except (OSError, ValueError, ssl.SSLError) as error:
        raise InvalidError(f"The certificate, its key or the root cannot be read: {error}.") from None
    if not names:
        raise InvalidError("The certificate has no common name; it must be the sensor's id.")
    return Identity(str(names[0].value), host, port, chain, private, trusted)


def expires(identity: Identity) -> datetime.datetime:
    """When the sensor's certificate ends."""
    return x509.load_pem_x509_certificate(identity.certificate.encode()).not_valid_after_utc
