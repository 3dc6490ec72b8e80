"""Firmware that can be told to move: a device on `azure-iot-device` that changes its provisioning service.

    python moving_device.py settings.json

`settings.json` holds `deviceId`, `key` (base64), `provisioningHost`, `idScope`, and `rootCa`: the PEM of the
root certificate to trust, or empty for the public ones. The command `DeviceMove` of the component
`migration` brings new values of the last three. The device tries them first, and keeps them only if the new
service admits it; otherwise it stays where it is and says why. So a wrong address loses no device.
"""

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from azure.iot.device import IoTHubDeviceClient, Message, MethodResponse, ProvisioningDeviceClient

MODEL = "dtmi:holdfast:samples:MovingDevice;1"
MOVE = "migration*DeviceMove"
PLACE = ("provisioningHost", "idScope", "rootCa")
SEND_SECONDS = 5.0

Settings = dict[str, str]


def register(settings: Settings) -> str:
    """Ask the provisioning service of the settings for a hub."""
    client = ProvisioningDeviceClient.create_from_symmetric_key(
        provisioning_host=settings["provisioningHost"],
        registration_id=settings["deviceId"],
        id_scope=settings["idScope"],
        symmetric_key=settings["key"],
        server_verification_cert=settings["rootCa"] or None,
    )
    client.provisioning_payload = {"modelId": MODEL}
    result = client.register()
    if result.status != "assigned" or result.registration_state is None:
        raise RuntimeError(f"the provisioning service answered {result.status}")
    return str(result.registration_state.assigned_hub)


def moved(settings: Settings, asked: Any) -> Settings:  # any JSON, from the application
    """The settings after a move. ValueError when the request is not of the known form."""
    if isinstance(asked, str):  # the command of Azure's samples brings only the new ID scope
        return settings | {"idScope": asked}
    if not isinstance(asked, dict) or not all(isinstance(asked.get(name, ""), str) for name in PLACE):
        raise ValueError("the request is an object with the texts " + ", ".join(PLACE))
    return settings | {name: asked[name] for name in PLACE if name in asked}


def keep(path: Path, settings: Settings) -> None:
    """Write the settings so that a power cut leaves the old ones or the new ones."""
    beside = path.with_suffix(".new")
    with beside.open("w", encoding="utf-8") as file:
        json.dump(settings, file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


class Device:
    """One connection to one hub, until a move is due."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._settings: Settings = json.loads(path.read_text(encoding="utf-8"))
        self._leaving = threading.Event()

    def run(self) -> None:
        """Connect, send, answer; returns when the device has been told to move and could."""
        client = IoTHubDeviceClient.create_from_symmetric_key(
            symmetric_key=self._settings["key"],
            hostname=register(self._settings),
            device_id=self._settings["deviceId"],
            server_verification_cert=self._settings["rootCa"] or None,
        )

        def answer(request: Any) -> None:  # the SDK ships no types
            status, payload = self._answer(request.name, request.payload)
            client.send_method_response(MethodResponse.create_from_method_request(request, status, payload))
            if status == 200:
                self._leaving.set()

        client.connect()
        client.on_method_request_received = answer
        try:
            while not self._leaving.is_set():
                message: Any = Message(json.dumps({"temperature": 21.5}))  # type: ignore[no-untyped-call]  # the SDK's
                message.content_type, message.content_encoding = "application/json", "utf-8"
                client.send_message(message)
                self._leaving.wait(SEND_SECONDS)
        finally:
            client.shutdown()

    def _answer(self, name: str, payload: Any) -> tuple[int, dict[str, Any]]:  # any JSON
        if name != MOVE:
            return 404, {"error": f"there is no command {name}"}
        try:
            after = moved(self._settings, payload)
            hub = register(after)
        except Exception as error:  # whatever it is, the device stays
            return 400, {"error": f"{type(error).__name__}: {error}"}
        keep(self._path, after)
        return 200, {"hub": hub}


def main() -> None:
    """Serve one place after the other."""
    path = Path(sys.argv[1])
    while True:
        Device(path).run()


if __name__ == "__main__":
    main()
