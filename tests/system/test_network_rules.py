"""Who may connect from where: changed through the API, in force within a second, on live connections too."""

import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.iotcentral import IotCentralClient
from azure.mgmt.iotcentral.models import App, AppPatch, AppSkuInfo, OperationInputs

from tests.support.running import RunningInstance, running

OUTSIDE = "127.200.0.9"
"""An address of this machine that the tests put outside every private network."""


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInstance]:
    with running(tmp_path_factory.mktemp("network") / "data") as instance:
        yield instance


@pytest.fixture(autouse=True)
def reset(instance: RunningInstance) -> Iterator[None]:
    yield
    allow = {"defaultAction": "Allow", "ipRules": []}
    with instance.remote() as remote:
        remote.patch(
            "/api/application",
            {"publicNetworkAccess": "Enabled", "listeners": {"devices": allow, "people": allow}},
        )


def answers_tls(instance: RunningInstance, port: int, source: str) -> bool:
    context = ssl.create_default_context(cafile=str(instance.root_ca))
    with socket.socket() as plain:
        plain.settimeout(5)
        plain.bind((source, 0))
        plain.connect((instance.address, port))
        try:
            with context.wrap_socket(plain, server_hostname=instance.address):
                return True
        except (ssl.SSLError, OSError):
            return False


def eventually(condition: Any, seconds: float = 60.0) -> bool:  # a function without arguments
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("port", [8883, 443, 9443])
def test_with_public_access_disabled_only_private_networks_reach_any_listener(
    instance: RunningInstance, port: int
) -> None:
    assert eventually(lambda: answers_tls(instance, port, OUTSIDE))
    with instance.remote() as remote:
        patch = {
            "publicNetworkAccess": "Disabled",
            "privateNetworks": [f"{instance.address}/32", "127.0.0.1/32"],
        }
        remote.patch("/api/application", patch)
    assert eventually(lambda: not answers_tls(instance, port, OUTSIDE))
    assert eventually(lambda: answers_tls(instance, port, instance.address))


def test_rules_of_one_listener_leave_the_others_alone(instance: RunningInstance) -> None:
    rule = {"defaultAction": "Deny", "ipRules": [{"filterName": "plant", "ipMask": "127.0.0.1"}]}
    with instance.remote() as remote:
        remote.patch("/api/application", {"listeners": {"devices": rule}})
    assert eventually(lambda: not answers_tls(instance, 8883, OUTSIDE))
    assert eventually(lambda: answers_tls(instance, 8883, "127.0.0.1"))
    assert eventually(lambda: answers_tls(instance, 9443, OUTSIDE))


def test_a_change_that_would_lock_the_caller_out_is_refused(instance: RunningInstance) -> None:
    with instance.remote() as remote, pytest.raises(Exception, match="could not connect any more"):
        remote.patch("/api/application", {"listeners": {"people": {"defaultAction": "Deny", "ipRules": []}}})


class Token(SansIOHTTPPolicy[Any, Any]):
    """Sends an API token the way the data plane takes it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def on_request(self, request: PipelineRequest[Any]) -> None:
        request.http_request.headers["Authorization"] = self._token


class NoCredential:
    """The management client insists on one; the policy above does the work."""

    def get_token(self, *_scopes: str, **_rest: Any) -> Any:  # never called
        raise AssertionError


@pytest.fixture
def management(instance: RunningInstance) -> IotCentralClient:
    return IotCentralClient(
        NoCredential(),
        "00000000-0000-0000-0000-000000000000",
        base_url=instance.url,
        authentication_policy=Token(instance.token),
        connection_verify=str(instance.root_ca),
    )


def test_the_management_client_reads_and_changes_the_real_configuration(
    instance: RunningInstance, management: IotCentralClient
) -> None:
    [app] = list(management.apps.list_by_subscription())
    assert [a.name for a in management.apps.list_by_resource_group("anything")] == [app.name]
    patch = AppPatch(display_name="Renamed")
    changed = management.apps.begin_update("anything", str(app.name), patch).result()
    assert changed.display_name == "Renamed"
    with instance.remote() as remote:
        assert remote.get("/api/application")["displayName"] == "Renamed"
    assert {o.name for o in management.operations.list()} >= {"Microsoft.IoTCentral/IoTApps/write"}


def test_the_other_operations_of_the_management_client(management: IotCentralClient) -> None:
    [app] = list(management.apps.list_by_subscription())
    name = str(app.name)
    assert management.apps.get("anything", name).application_id == app.application_id
    body = App(location=str(app.location), sku=AppSkuInfo(name="ST2"), display_name="Put")
    assert management.apps.begin_create_or_update("anything", name, body).result().display_name == "Put"
    [template] = list(management.apps.list_templates())
    assert f"{template.manifest_id}@{template.manifest_version}" == app.template
    asked = OperationInputs(name=name)
    for check in (management.apps.check_name_availability, management.apps.check_subdomain_availability):
        assert (check(asked).name_available, check(asked).reason) == (False, "AlreadyExists")
    with pytest.raises(ResourceExistsError, match="cannot be deleted"):
        management.apps.begin_delete("anything", name).result()
    with pytest.raises(ResourceNotFoundError):
        management.apps.get("anything", "another")


def manage(instance: RunningInstance, method: str, body: Any) -> httpx.Response:
    path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.IoTCentral/iotApps/holdfast"
    context = ssl.create_default_context(cafile=str(instance.root_ca))
    with httpx.Client(verify=context, base_url=instance.url, timeout=60) as client:
        return client.request(
            method,
            path,
            params={"api-version": "2021-11-01-preview"},
            json=body,
            headers={"authorization": instance.token},
        )


def test_public_access_and_rules_set_there_close_the_listeners(instance: RunningInstance) -> None:
    rules = {
        "applyToDevices": True,
        "applyToIoTCentral": False,
        "defaultAction": "Deny",
        "ipRules": [{"filterName": "plant", "ipMask": "127.0.0.1"}],
    }
    answer = manage(instance, "PATCH", {"properties": {"networkRuleSets": rules}})
    assert answer.json()["properties"]["networkRuleSets"] == {
        **rules,
        "ipRules": [{"filterName": "plant", "ipMask": "127.0.0.1/32"}],
    }
    assert eventually(lambda: not answers_tls(instance, 8883, OUTSIDE))
    with instance.remote() as remote:
        remote.patch("/api/application", {"privateNetworks": [f"{instance.address}/32"]})
    answer = manage(instance, "PATCH", {"properties": {"publicNetworkAccess": "Disabled"}})
    assert answer.status_code == 409, "the caller's own address is in no private network"


@pytest.mark.parametrize(
    ("field", "value"),
    [("location", "westeurope"), ("sku", {"name": "ST1"}), ("tags", {"a": "b"}), ("zones", ["1"])],
)
def test_a_field_that_could_do_nothing_is_refused_by_name(
    instance: RunningInstance, field: str, value: Any
) -> None:
    answer = manage(instance, "PUT", {field: value})
    assert answer.status_code == 400
    assert answer.json()["error"]["target"] == f"/{field}"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subdomain", "another"),
        ("template", "iotc-logistics@1.0.0"),
        ("applicationId", "00000000-0000-0000-0000-000000000000"),
        ("state", "suspended"),
        ("privateEndpointConnections", [{"id": "x"}]),
        ("hibernated", True),
    ],
)
def test_a_property_that_could_do_nothing_is_refused_by_name(
    instance: RunningInstance, field: str, value: Any
) -> None:
    answer = manage(instance, "PATCH", {"properties": {field: value}})
    assert answer.status_code == 400
    assert answer.json()["error"]["target"] == f"/properties/{field}"


def test_what_was_read_can_be_sent_back(instance: RunningInstance) -> None:
    read = manage(instance, "GET", None).json()
    assert manage(instance, "PUT", read).json() == read
