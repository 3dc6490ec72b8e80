"""Speaking as a device over HTTPS: one message, and the status of the answer."""

import ssl

import httpx

from holdfast.baseline.probes.context import ProbeContext, Surface
from holdfast.baseline.probes.mqtt import API_VERSION, Login

STORED = 204


def send_telemetry(context: ProbeContext, login: Login) -> int:
    """Post a message as a device; the status, 204 when it is stored. httpx.HTTPError without an answer."""
    endpoint = context.endpoints[Surface.DEVICE_HTTPS]
    trust = ssl.create_default_context(cafile=str(context.authority) if context.authority else None)
    if login.certificate is not None:
        trust.load_cert_chain(login.certificate)
    headers = {"host": endpoint.server_name}
    if login.password:
        headers["authorization"] = login.password
    transport = httpx.HTTPTransport(verify=trust, local_address=context.source)
    with httpx.Client(transport=transport, timeout=context.seconds) as client:
        path = f"/devices/{login.device}/messages/events?api-version={API_VERSION}"
        return client.post(
            f"https://{endpoint.address}:{endpoint.port}{path}",
            headers=headers,
            content=b"{}",
            extensions={"sni_hostname": endpoint.server_name},
        ).status_code
