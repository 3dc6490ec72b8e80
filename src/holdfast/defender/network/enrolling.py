"""Making a sensor a device of the platform: template, device, certificate and the sensor itself.

The sensor makes its own key and asks for a certificate; the key never leaves it. The built-in authority
signs, and the certificate is the device's individual enrollment, so that it alone is good for this sensor.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from holdfast.defender.network.kinds import SENSOR
from holdfast.devices.attestation import ATTESTATION
from holdfast.devices.device import DEVICE
from holdfast.devices.templates.kind import DEVICE_TEMPLATE
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import ConflictError, ForbiddenError, InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import SYSTEM, Principal
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.port import ChangePath, ResourceStore
from holdfast.vault.authority import Authority

TEMPLATE: Final = "dtmi:holdfast:defender:SensorTemplate;1"
MODEL: Final = "dtmi:holdfast:defender:Sensor;1"
LIFETIME: Final = 365 * 86_400.0
"""A year; `sensor enroll` again renews it."""
_BACKDATED = 300.0
_MAXIMUM_REQUEST = 16_384

_CONTEXT: Final[list[JsonValue]] = ["dtmi:iotcentral:context;2", "dtmi:dtdl:context;2"]
TEMPLATE_BODY: Final[JsonObject] = {
    "@type": ["ModelDefinition", "DeviceModel"],
    "displayName": "Network sensor",
    "description": "Hears a copy of a network's traffic and reports what it finds.",
    "capabilityModel": {
        "@id": MODEL,
        "@type": "Interface",
        "displayName": "Network sensor",
        "contents": [
            {"@type": "Property", "name": "stage", "displayName": "Stage", "schema": "string"},
            {"@type": "Property", "name": "version", "displayName": "Version", "schema": "string"},
            {
                "@type": "Property",
                "name": "setupVersion",
                "displayName": "Version of its setup",
                "schema": "integer",
            },
        ],
        "@context": _CONTEXT,
    },
    "@context": _CONTEXT,
}


@dataclass(frozen=True)
class SensorPlace:
    """Where sensors connect."""

    host: str
    port: int
    id_scope: str


@dataclass(frozen=True)
class SensorEnrolling:
    """See the module. Blocking."""

    store: ResourceStore
    changes: ChangePath
    authority: Callable[[], Authority]
    clock: Clock
    place: SensorPlace

    def enroll(
        self, principal: Principal, sensor: str, request_pem: str, name: str, organization: OrganizationPath
    ) -> JsonObject:
        """Make or renew a sensor; what it needs to connect.

        Raises InvalidError for a bad request, ForbiddenError, ConflictError when the id is another device's.
        """
        request = _checked(request_pem)
        before = self.store.get(SENSOR, sensor)
        home = before.organization if before is not None else organization
        if not principal.allows(Permission.SENSOR_MANAGE, home):
            raise ForbiddenError(f"Enrolling a sensor takes {Permission.SENSOR_MANAGE.value} at {home}.")
        self._refuse_other_device(sensor, before)
        certificate = self._issue(sensor, request)
        self._store_all(principal, sensor, name, home, certificate, before)
        authority = self.authority()
        return {
            "id": sensor,
            "certificate": certificate,
            "rootCertificate": authority.certificate_pem.decode(),
            "host": self.place.host,
            "port": self.place.port,
            "idScope": self.place.id_scope,
        }

    def remove(self, principal: Principal, sensor: Resource) -> None:
        """Take a sensor away: its connection ends, and it is refused from then on."""
        self.changes.apply(principal, Change(Action.DELETE, SENSOR, sensor.id))
        if self.store.get(DEVICE, sensor.id) is not None:
            self.changes.apply(_for(principal), Change(Action.DELETE, DEVICE, sensor.id))

    def _refuse_other_device(self, sensor: str, before: Resource | None) -> None:
        device = self.store.get(DEVICE, sensor)
        if before is None and device is not None and device.body.get("template") != TEMPLATE:
            raise ConflictError(f"The device {sensor} exists and is no sensor; name the sensor differently.")

    def _store_all(
        self,
        principal: Principal,
        sensor: str,
        name: str,
        home: OrganizationPath,
        certificate: str,
        before: Resource | None,
    ) -> None:
        """The sensor is the person's change; the device behind it is the product's, on their behalf."""
        if self.store.get(DEVICE_TEMPLATE, TEMPLATE) is None:
            template = Change(Action.CREATE, DEVICE_TEMPLATE, TEMPLATE, TEMPLATE_BODY)
            self.changes.apply(_for(principal), template)
        if before is None:
            body: JsonObject = {"displayName": name or sensor}
            self.changes.apply(principal, Change(Action.CREATE, SENSOR, sensor, body, home))
        attestation: JsonObject = {
            "type": "x509",
            "x509": {"clientCertificates": {"primary": {"certificate": certificate}}},
        }
        changes = [Change(Action.PUT, ATTESTATION, sensor, attestation, home)]
        if self.store.get(DEVICE, sensor) is None:
            device: JsonObject = {"displayName": name or sensor, "template": TEMPLATE, "provisioned": True}
            changes.insert(0, Change(Action.CREATE, DEVICE, sensor, device, home))
        self.changes.apply_all(_for(principal), changes)

    def _issue(self, sensor: str, request: x509.CertificateSigningRequest) -> str:
        authority, now = self.authority(), self.clock.now()
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, sensor[:64])]))
            .issuer_name(authority.certificate.subject)
            .public_key(request.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_moment(now - _BACKDATED))
            .not_valid_after(_moment(now + LIFETIME))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False
            )
        )
        return builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def _checked(pem: str) -> x509.CertificateSigningRequest:
    """The request, signed by its own key, which is an elliptic curve's. InvalidError."""
    try:
        request = x509.load_pem_x509_csr(pem[:_MAXIMUM_REQUEST].encode())
        signed = request.is_signature_valid
    except (ValueError, InvalidSignature):
        raise InvalidError("This is no PKCS #10 request in PEM.", "/certificateRequest") from None
    if not signed or not isinstance(request.public_key(), ec.EllipticCurvePublicKey):
        raise InvalidError(
            "The certificate request must be signed by its own elliptic-curve key.", "/certificateRequest"
        )
    return request


def _for(principal: Principal) -> Principal:
    return replace(SYSTEM, on_behalf_of=principal.id, address=principal.address)


def _moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)
