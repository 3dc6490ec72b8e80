"""What the public command-line client (`az iot central`, extension 0.25.0) sends, and how it reads answers.

The host is made from the application's id and the DNS suffix; a token is sent as it is; `requests` is its
HTTP library. One method here is one of its subcommands.
"""

import uuid
from typing import Any

import requests

from tests.support.running import RunningInstance

GA, PREVIEW = "2022-07-31", "2022-06-30-preview"
Json = Any  # whatever JSON the instance answers


class RefusedError(Exception):
    """The answer has an `error`; the client prints it."""


class CommandLineClient:
    """The client with `--app-id`, `--central-dns-suffix` and `--token`."""

    def __init__(self, instance: RunningInstance) -> None:
        self.app, _, suffix = instance.address.partition(".")
        self.suffix = f"{suffix}:9443"
        self.token = instance.token
        self.ca = str(instance.root_ca)

    def _send(self, method: str, path: str, body: Json = None, version: str = "") -> Any:
        headers = {
            "Authorization": self.token,
            "User-Agent": "IoTPlatformCliExtension/0.25.0",
            "x-ms-client-request-id": str(uuid.uuid1()),
        }
        if body is not None:
            headers["Content-Type"] = "application/json"
        url = path if path.startswith("https:") else f"https://{self.app}.{self.suffix}/{path}"
        params = {"api-version": version} if version else None
        return requests.request(
            method, url, headers=headers, params=params, json=body, verify=self.ca, timeout=60
        )

    @staticmethod
    def _result(response: Any) -> Json:
        if response.status_code in (201, 204):
            return {"result": "success"}
        body = response.json()
        if isinstance(body, dict) and "error" in body:
            raise RefusedError(body["error"])
        return body

    def api(self, method: str, path: str, body: Json = None, version: str = GA) -> Json:
        """One call below `/api`."""
        return self._result(self._send(method, f"api/{path}", body, version))

    def listed(self, path: str, version: str = GA, filter: str = "", *, repeat: bool = True) -> list[Json]:
        """Every page. Most of its lists add the version to `nextLink` once more."""
        found: list[Json] = []
        url = f"https://{self.app}.{self.suffix}/api/{path}"
        first = True
        while url:
            params = {"api-version": version} | ({"$filter": filter} if filter and first else {})
            response = requests.get(
                url,
                headers={"Authorization": self.token},
                params=params if first or repeat else None,
                verify=self.ca,
                timeout=60,
            )
            result = self._result(response)
            found += result["value"]
            url, first = result.get("nextLink"), False
        return found

    def run_command(self, path: str, body: Json) -> Json:
        """`device command run`: reads the body of a 201, unlike everywhere else."""
        response = self._send("POST", f"api/devices/{path}", body, GA)
        return response.json() if response.status_code == 201 else self._result(response)

    def update_device(self, device: str, **fields: Json) -> Json:
        """`device update`: sends back what it read, with the changes."""
        present = self.api("GET", f"devices/{device}")
        kept = ("enabled", "etag", "id", "template", "provisioned", "simulated", "organizations")
        body = {name: present[name] for name in kept if present.get(name) is not None} | fields
        return self.api("PATCH", f"devices/{device}", body)

    def twin(self, device: str) -> Json:
        """`device twin show` of older versions, and every look for edge devices."""
        path = f"system/iothub/devices/{device}/get-twin?extendedInfo=true"
        twin = self._result(self._send("GET", path))
        if twin.get("code") is not None or twin.get("message") == f"Twin for device {device} was not found":
            raise RefusedError(twin)
        for section in ("desired", "reported"):
            assert {"$metadata", "$version"} <= twin["properties"][section].keys()
        return twin

    def system(self, method: str, path: str, body: Json = None) -> Json:
        """One call below `/system`."""
        return self._result(self._send(method, f"system/{path}", body))

    def restart_module(self, device: str, module: str) -> Json:
        """`device edge module restart`: the whole answer is the status."""
        body = {"methodName": "RestartModule", "payload": {"schemaVersion": "1.0", "id": module}}
        path = f"system/iotedge/devices/{device}/modules/$edgeAgent/directmethods"
        return self._send("POST", path, body).json()

    def children(self, device: str) -> list[str]:
        """`device edge children list`: the devices whose twins have the same scope."""
        scope = self.twin(device)["deviceScope"]
        others = [d["id"] for d in self.listed("devices", PREVIEW, repeat=False) if d["id"] != device]
        return [other for other in others if self.twin(other).get("deviceScope") == scope]
