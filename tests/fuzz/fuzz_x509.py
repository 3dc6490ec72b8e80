"""Certificate chains: broken ones are refused with their own error, and never verified."""

import base64

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from holdfast.protocol.x509 import (
    CertificateError,
    check_validity,
    common_name,
    parse_certificate,
    thumbprints,
    verify_chain,
)

# A self-signed P-256 certificate with CN "fuzz" (its key was thrown away): something real to break.
_SEED = base64.b64decode(
    "MIIBHzCBxqADAgECAgEHMAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBGZ1enowHhcNMjYwMTAxMDAwMDAwWhcNNDYwMTAxMDAw"
    "MDAwWjAPMQ0wCwYDVQQDDARmdXp6MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZJzqXMy5QVNcNhbiZDksI7W1k5irGo5N"
    "4NuCB3U6TF4Xlxev/k7ygjWEICaLaANekM8aEVcRwFSIRsO8foVrGqMTMBEwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQD"
    "AgNIADBFAiEArjh50vljKfP2fa+JEju0NsbsL72zmlhKgNnXBnBZ1fsCID4Xq5P5zyKRUp4dq+7G2wDpM+WHUsO9s7vrHOQa"
    "y4rZ"
)
_ROOT = x509.load_der_x509_certificate(_SEED)


def target(data: bytes) -> None:
    """The bytes are tried as a certificate, and written over the real one at the place that they name."""
    at = int.from_bytes(data[:2], "little") % len(_SEED)
    broken = _SEED[:at] + data[2:] + _SEED[at + len(data[2:]) :]
    for candidate in (data, broken):
        try:
            certificate = parse_certificate(candidate)
            common_name(certificate)
            check_validity(certificate, 1_800_000_000.0)
            thumbprints(certificate)
            verify_chain([certificate, certificate], [_ROOT], 1_800_000_000.0)
        except CertificateError:
            continue
        assert certificate.public_bytes(Encoding.DER) == _SEED
