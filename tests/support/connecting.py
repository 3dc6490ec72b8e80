"""A device on the unmodified synchronous SDK, for tests that only need somebody who answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from azure.iot.device import IoTHubDeviceClient, MethodResponse, ProvisioningDeviceClient

from tests.support.running import RunningInstance


def assigned_hub(instance: RunningInstance, device: str, key: str, model: str = "") -> str:
    """Register at the provisioning service; the host that was assigned."""
    client = ProvisioningDeviceClient.create_from_symmetric_key(
        provisioning_host=instance.address,
        registration_id=device,
        id_scope=instance.id_scope,
        symmetric_key=key,
        server_verification_cert=instance.root_ca.read_text(),
    )
    if model:
        client.provisioning_payload = {"modelId": model}
    result = client.register()
    assert result.status == "assigned", result.status
    assert result.registration_state is not None
    return str(result.registration_state.assigned_hub)


@contextmanager
def connected(
    instance: RunningInstance, device: str, key: str, model: str = ""
) -> Iterator[Any]:  # the SDK ships no types
    """A device that is provisioned, connected, and answers every method with its payload."""
    client = IoTHubDeviceClient.create_from_symmetric_key(
        symmetric_key=key,
        hostname=assigned_hub(instance, device, key, model),
        device_id=device,
        server_verification_cert=instance.root_ca.read_text(),
    )

    def answer(request: Any) -> None:  # the SDK ships no types
        client.send_method_response(MethodResponse.create_from_method_request(request, 200, request.payload))

    client.connect()
    client.on_method_request_received = answer
    try:
        yield client
    finally:
        client.shutdown()
