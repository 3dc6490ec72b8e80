"""The provisioning service over HTTPS decides as it does over MQTT."""

import json

import pytest

from holdfast.protocol.dps import Code
from holdfast.protocol.sas import derive_key, sign_sas
from tests.gateway.https.client import Answer, once, open_https
from tests.gateway.platform import SCOPE, Platform
from tests.support.pki import issue

VERSION = "api-version=2019-03-31"
REGISTRATION = f"/{SCOPE}/registrations/Dev-1"


def token(platform: Platform, key: bytes, registration: str = "Dev-1", scope: str = SCOPE) -> str:
    expiry = int(platform.clock.now() + 600)
    return sign_sas(f"{scope}/registrations/{registration}", key, expiry, "registration")


async def register(platform: Platform, proof: str, body: object = None, path: str = REGISTRATION) -> Answer:
    text = json.dumps(body or {"registrationId": "Dev-1"}).encode()
    return await once(platform, "PUT", f"{path}/register?{VERSION}", text, proof)


async def test_a_device_registers_polls_and_looks_itself_up(platform: Platform) -> None:
    proof = token(platform, derive_key(platform.key_group(), "Dev-1"))
    accepted = await register(platform, proof)
    assert (accepted.status, accepted.json["status"]) == (202, "assigning")
    assert int(accepted.headers["retry-after"]) == 1
    operation = accepted.json["operationId"]
    assert accepted.headers["location"].endswith(f"{REGISTRATION}/operations/{operation}")
    result = await once(platform, "GET", f"{REGISTRATION}/operations/{operation}?{VERSION}", b"{}", proof)
    assert (result.status, result.json["status"]) == (200, "assigned")
    state = result.json["registrationState"]
    assert (state["assignedHub"], state["deviceId"]) == (platform.address, "Dev-1")
    found = await once(platform, "POST", f"{REGISTRATION}?{VERSION}", b'{"registrationId":"dev-1"}', proof)
    assert (found.status, found.json["deviceId"]) == (200, "Dev-1")


async def test_a_certificate_registers(platform: Platform) -> None:
    root = issue("root", authority=True)
    platform.certificate_group("certificates", root)
    context = platform.context_for(issue("Dev-1", root))
    async with await open_https(platform, context) as client:
        accepted = await client.request("PUT", f"{REGISTRATION}/register?{VERSION}")
        assert accepted.status == 202
        operation = accepted.json["operationId"]
        result = await client.request("GET", f"{REGISTRATION}/operations/{operation}?{VERSION}")
        assert result.json["registrationState"]["status"] == "assigned"


async def test_whoever_proves_nothing_learns_nothing(platform: Platform) -> None:
    key = derive_key(platform.key_group(), "Dev-1")
    operation = (await register(platform, token(platform, key))).json["operationId"]
    wrong = [
        "",
        "SharedAccessSignature x",
        token(platform, bytes(32)),
        token(platform, key, scope="0ne99"),
        token(platform, key, registration="dev-2"),
    ]
    for proof in wrong:
        for answer in (
            await register(platform, proof),
            await once(platform, "GET", f"{REGISTRATION}/operations/{operation}", token=proof),
            await once(platform, "POST", REGISTRATION, b"{}", proof),
        ):
            assert (answer.status, answer.json["errorCode"]) == (401, Code.UNAUTHORIZED)
            assert answer.json["message"] == "Unauthorized"
        platform.clock.advance(60)  # before the address is locked out


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        (REGISTRATION, {"registrationId": "other"}, Code.BAD_REQUEST),
        (REGISTRATION, {"payload": []}, Code.BAD_REQUEST),
        (REGISTRATION, {"payload": {"x": "y" * 100_000}}, 413000),
        (f"/{SCOPE}/registrations/-%20x-", None, Code.BAD_REQUEST),
    ],
)
async def test_a_bad_registration_is_refused(platform: Platform, path: str, body: object, code: int) -> None:
    answer = await register(platform, token(platform, derive_key(platform.key_group(), "Dev-1")), body, path)
    assert (answer.status, answer.json["errorCode"]) == (code // 1000, code)


async def test_a_look_up_changes_nothing(platform: Platform) -> None:
    proof = token(platform, derive_key(platform.key_group(), "Dev-1"))
    for method, path in (("POST", REGISTRATION), ("GET", f"{REGISTRATION}/operations/5.{'0' * 32}")):
        answer = await once(platform, method, path, b"{}", proof)
        assert (answer.status, answer.json["errorCode"]) == (404, Code.UNKNOWN_REGISTRATION)
    assert platform.world.store.get("device", "Dev-1") is None
    assert (await once(platform, "GET", f"{REGISTRATION}/operations/x", token=proof)).status == 404


async def test_a_blocked_device_is_told_to_wait(platform: Platform) -> None:
    key = derive_key(platform.key_group(), "Dev-1")
    operation = (await register(platform, token(platform, key))).json["operationId"]
    await platform.change("device", "Dev-1", {"enabled": False, "group": "keys", "registration": {"a": 1}})
    for answer in (
        await register(platform, token(platform, key)),
        await once(platform, "GET", f"{REGISTRATION}/operations/{operation}", token=token(platform, key)),
    ):
        assert (answer.status, answer.json["errorCode"]) == (400, Code.WAITING_OR_BLOCKED)
