"""What a device connects with, as text and as a QR code for its onboarding app."""

import base64

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.responses import Response

from holdfast.api.frame import SIGNED_IN, ApiRequest, Route
from holdfast.console.pages.devices.frame import DEVICE_PATH, device_of, device_page
from holdfast.console.qr import qr_code
from holdfast.console.rendering import SECURITY_HEADERS
from holdfast.devices.attestation import ATTESTATION
from holdfast.devices.enrollment_group import DEFAULT_SAS_GROUP, ENROLLMENT_GROUP, read_group
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.protocol.sas import derive_key
from holdfast.resources.model import Resource
from holdfast.vault.validity import InstanceKeys

CREDENTIALS = Permission.DEVICE_CREDENTIALS


def connection_of(request: ApiRequest, device: Resource) -> JsonObject:
    """What the device is told: host, ID scope, registration id, and its key where a group gives it one."""
    services = request.services
    connection: JsonObject = {
        "host": services.host,
        "idScope": services.id_scope,
        "registrationId": device.id,
    }
    group = services.store.get(ENROLLMENT_GROUP, str(device.body.get("group") or DEFAULT_SAS_GROUP))
    keys = read_group(group).keys if group is not None else ()
    if keys and services.store.get(ATTESTATION, device.id) is None:
        connection["symmetricKey"] = base64.b64encode(derive_key(keys[0], device.id)).decode()
    return connection


def _page(request: ApiRequest) -> Response:
    device = device_of(request, CREDENTIALS)
    request.services.changes.record(request.principal, "device.credentials-read", resource=device.id)
    connection = connection_of(request, device)
    return device_page(
        request,
        "device_credentials.html",
        device,
        connection=connection,
        individual=request.services.store.get(ATTESTATION, device.id) is not None,
        qr=qr_code(msgspec.json.encode(connection).decode(), "What the device connects with"),
    )


def _root_certificate(request: ApiRequest) -> Response:
    """What devices and people check the instance's own certificate against; nothing in it is secret."""
    root = request.services.extension(InstanceKeys).authority().certificate
    headers = {**SECURITY_HEADERS, "content-disposition": 'attachment; filename="root-ca.pem"'}
    return Response(root.public_bytes(Encoding.PEM), 200, headers, "application/x-pem-file")


ROUTES = [
    Route(
        "GET",
        DEVICE_PATH + "/credentials",
        CREDENTIALS,
        _page,
        "What the device connects with",
        is_page=True,
    ),
    Route("GET", "/root-ca.pem", SIGNED_IN, _root_certificate, "The root certificate: open to whoever is in"),
]
