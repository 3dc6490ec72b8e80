"""The provisioning service: who is admitted, as what, and who is refused with which code."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.access.settings import KIND as SETTINGS
from holdfast.devices.attestation import ATTESTATION, ATTESTATION_KIND, new_key, with_keys
from holdfast.devices.certificates import sha1
from holdfast.devices.common_credentials import CommonCredentials
from holdfast.devices.device import DEVICE, DEVICE_KIND
from holdfast.devices.directory import Attempt, Registration
from holdfast.devices.enrollment_group import (
    ENROLLMENT_GROUP,
    ENROLLMENT_GROUP_KIND,
    certificate_patch,
    check_proof,
    signing_certificate,
)
from holdfast.devices.provisioning import ProvisioningService
from holdfast.devices.registry import Registry
from holdfast.devices.shared_access import SHARED_ACCESS_POLICY_KIND
from holdfast.kernel.errors import ConflictError, InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.protocol.dps import Code
from holdfast.protocol.sas import decode_key, derive_key, sign_sas
from holdfast.resources.model import Action
from tests.support.pki import Identity, issue
from tests.support.world import World, open_world

SCOPE = "0ne00000001"
KINDS = [DEVICE_KIND, ENROLLMENT_GROUP_KIND, ATTESTATION_KIND, SHARED_ACCESS_POLICY_KIND]


class Fleet:
    """An instance with the provisioning service and the directory."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sas_allowed = True
        allowed = lambda _organization: self.sas_allowed  # noqa: E731 - one switch for both
        self.common = CommonCredentials(world.store, sas_allowed=allowed)
        world.changes.observe(self.common.changed)
        self.service = ProvisioningService(
            world.store, world.changes, self.common, world.clock, id_scope=SCOPE, hub="hub.test"
        )
        self.registry = Registry(world.store, sas_allowed=allowed)

    def forbid_sas(self) -> None:
        self.sas_allowed = False
        self.common.changed(SETTINGS, "application")

    def key_group(self, name: str = "keys", **fields: object) -> bytes:
        attestation = with_keys({"type": "symmetricKey"}, self.world.randomness)
        self.group(name, attestation, **fields)
        keys = attestation["symmetricKey"]
        assert isinstance(keys, dict)
        return decode_key(str(keys["primaryKey"]))

    def certificate_group(
        self, name: str, authority: Identity, *, verified: bool = True, **fields: object
    ) -> None:
        entry: JsonObject = {"certificate": authority.pem, "verified": verified}
        self.group(name, {"type": "x509", "x509": {"signingCertificates": {"primary": entry}}}, **fields)

    def group(self, name: str, attestation: JsonObject, **fields: object) -> None:
        body = {"displayName": name, "type": "iot", "attestation": attestation, **fields}
        self.world.put(ENROLLMENT_GROUP, name, body)  # type: ignore[arg-type]  # fields are JSON

    def with_key(self, id: str, key: bytes, *, scope: str = SCOPE, ttl: int = 3600) -> Registration:
        sas = sign_sas(f"{scope}/registrations/{id}", key, int(self.world.clock.now()) + ttl)
        return self.service.register(Attempt(id, scope, {}, "192.0.2.7", sas=sas))

    def with_chain(self, id: str, *chain: Identity) -> Registration:
        return self.service.register(Attempt(id, SCOPE, {}, "192.0.2.7", chain=tuple(c.der for c in chain)))


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with open_world(tmp_path, KINDS) as world:
        yield Fleet(world)


def looked_up(fleet: Fleet, id: str, key: bytes) -> Registration:
    sas = sign_sas(f"{SCOPE}/registrations/{id}", key, int(fleet.world.clock.now()) + 600)
    return fleet.service.register(Attempt(id, SCOPE, {}, "192.0.2.7", sas=sas, look_up=True))


def test_a_look_up_tells_only_the_device_itself_and_changes_nothing(fleet: Fleet) -> None:
    key = derive_key(fleet.key_group(), "dev-1")
    assert code(looked_up(fleet, "dev-1", key)) == Code.UNKNOWN_REGISTRATION
    assert fleet.world.store.get(DEVICE, "dev-1") is None
    fleet.with_key("dev-1", key)
    before = fleet.world.store.get(DEVICE, "dev-1")
    found = looked_up(fleet, "dev-1", key)
    assert (found.status, found.hub, found.device) == ("assigned", "hub.test", "dev-1")
    assert fleet.world.store.get(DEVICE, "dev-1") == before
    assert code(looked_up(fleet, "dev-1", bytes(32))) == Code.UNAUTHORIZED
    fleet.forbid_sas()
    assert code(looked_up(fleet, "dev-1", key)) == Code.UNAUTHORIZED


def code(registration: Registration) -> int:
    assert registration.status in ("failed", "disabled")
    return registration.error_code


# Groups with keys


def test_a_device_with_a_derived_key_is_made_and_assigned(fleet: Fleet) -> None:
    group_key = fleet.key_group()
    answer = fleet.with_key("Sensor-1", derive_key(group_key, "Sensor-1"))
    assert (answer.status, answer.device, answer.hub) == ("assigned", "Sensor-1", "hub.test")
    device = fleet.world.store.get(DEVICE, "Sensor-1")
    assert device is not None
    assert device.body["provisioned"] is True
    assert fleet.registry.credentials("sensor-1") is not None


def test_the_hub_takes_the_key_derived_from_the_spelling_that_registered(fleet: Fleet) -> None:
    group_key = fleet.key_group()
    fleet.with_key("sensor-1", derive_key(group_key, "sensor-1"))
    answer = fleet.with_key("SENSOR-1", derive_key(group_key, "SENSOR-1"))
    assert answer.device == "sensor-1"
    fleet.registry.invalidate(DEVICE, "sensor-1")
    credentials = fleet.registry.credentials("sensor-1")
    assert credentials is not None
    assert credentials.symmetric_keys[0] == derive_key(group_key, "SENSOR-1")


@pytest.mark.parametrize("fault", ["key", "scope", "expired", "other device"])
def test_a_token_that_is_not_good_is_unauthorized_and_makes_no_device(fleet: Fleet, fault: str) -> None:
    group_key = fleet.key_group()
    key = derive_key(group_key, "d")
    match fault:
        case "key":
            answer = fleet.with_key("d", derive_key(b"x" * 32, "d"))
        case "scope":
            answer = fleet.with_key("d", key, scope="0ne999")
        case "expired":
            answer = fleet.with_key("d", key, ttl=-3600)
        case _:
            answer = fleet.with_key("d", derive_key(group_key, "e"))
    assert code(answer) == Code.UNAUTHORIZED
    assert answer.error_message == "Unauthorized"
    assert fleet.world.store.get(DEVICE, "d") is None


def test_a_disabled_group_admits_nobody_and_shuts_out_its_devices(fleet: Fleet) -> None:
    key = derive_key(fleet.key_group(), "d")
    fleet.with_key("d", key)
    fleet.world.change(Action.MERGE, ENROLLMENT_GROUP, "keys", {"enabled": False})
    fleet.registry.invalidate(ENROLLMENT_GROUP, "keys")
    assert code(fleet.with_key("d", key)) == Code.WAITING_OR_BLOCKED
    credentials = fleet.registry.credentials("d")
    assert credentials is not None
    assert not credentials.enabled


def test_without_automatic_approval_a_new_device_waits_until_somebody_approves(fleet: Fleet) -> None:
    key = derive_key(fleet.key_group(autoApprove=False), "d")
    assert code(fleet.with_key("d", key)) == Code.WAITING_OR_BLOCKED
    device = fleet.world.store.get(DEVICE, "d")
    assert device is not None
    assert (device.body["enabled"], device.body["provisioned"]) == (False, False)
    fleet.world.change(Action.MERGE, DEVICE, "d", {"enabled": True})
    assert fleet.with_key("d", key).status == "assigned"


def test_a_blocked_device_is_told_so_by_the_code(fleet: Fleet) -> None:
    key = derive_key(fleet.key_group(), "d")
    fleet.with_key("d", key)
    fleet.world.change(Action.MERGE, DEVICE, "d", {"enabled": False})
    assert code(fleet.with_key("d", key)) == Code.WAITING_OR_BLOCKED


def test_where_keys_are_switched_off_a_key_admits_nobody(fleet: Fleet) -> None:
    key = derive_key(fleet.key_group(), "d")
    fleet.with_key("d", key)
    fleet.forbid_sas()
    fleet.registry.invalidate("accessSettings", "")
    assert code(fleet.with_key("d", key)) == Code.UNAUTHORIZED
    credentials = fleet.registry.credentials("d")
    assert credentials is not None
    assert credentials.symmetric_keys == ()


def test_registering_again_writes_nothing(fleet: Fleet) -> None:
    key = derive_key(fleet.key_group(), "d")
    first = fleet.with_key("d", key)
    assert fleet.with_key("d", key).etag == first.etag


# Individual enrollments


def test_an_individual_enrollment_wins_over_the_group(fleet: Fleet) -> None:
    group_key = fleet.key_group()
    fleet.world.put(DEVICE, "d", {})
    own = new_key(fleet.world.randomness)
    keys: JsonObject = {"primaryKey": own, "secondaryKey": own}
    fleet.world.put(ATTESTATION, "d", {"type": "symmetricKey", "symmetricKey": keys})
    assert code(fleet.with_key("d", derive_key(group_key, "d"))) == Code.UNAUTHORIZED
    assert fleet.with_key("d", base64.b64decode(own)).status == "assigned"


@pytest.mark.parametrize("place", ["primary", "secondary"])
def test_a_self_signed_certificate_known_by_its_thumbprint_is_admitted(fleet: Fleet, place: str) -> None:
    device, other = issue("d"), issue("d")
    fleet.world.put(DEVICE, "d", {})
    certificates: JsonObject = {"primary": {"certificate": other.pem}}
    certificates[place] = {"certificate": device.pem}
    fleet.world.put(ATTESTATION, "d", {"type": "x509", "x509": {"clientCertificates": certificates}})
    assert fleet.with_chain("d", device).status == "assigned"
    assert code(fleet.with_chain("d", issue("d"))) == Code.UNAUTHORIZED


def test_a_thumbprint_brought_from_elsewhere_is_enough(fleet: Fleet) -> None:
    device = issue("d")
    fleet.world.put(DEVICE, "d", {})
    info: JsonObject = {"info": {"sha1Thumbprint": sha1(device.certificate)}}
    fleet.world.put(ATTESTATION, "d", {"type": "x509", "x509": {"clientCertificates": {"primary": info}}})
    assert fleet.with_chain("d", device).status == "assigned"


# Groups with certificates


def test_a_leaf_of_a_verified_authority_is_admitted(fleet: Fleet) -> None:
    root = issue("root", authority=True)
    fleet.certificate_group("plant", root)
    assert fleet.with_chain("d", issue("d", root)).status == "assigned"


def test_an_authority_that_is_not_verified_admits_nobody(fleet: Fleet) -> None:
    root = issue("root", authority=True)
    fleet.certificate_group("plant", root, verified=False)
    assert code(fleet.with_chain("d", issue("d", root))) == Code.UNAUTHORIZED


def test_the_group_of_the_nearest_authority_wins(fleet: Fleet) -> None:
    root = issue("root", authority=True)
    line = issue("line", root, authority=True)
    fleet.certificate_group("plant", root)
    fleet.certificate_group("line", line)
    fleet.with_chain("d", issue("d", line), line)
    device = fleet.world.store.get(DEVICE, "d")
    assert device is not None
    assert device.body["group"] == "line"


def test_a_disabled_nearest_group_stops_the_search(fleet: Fleet) -> None:
    root = issue("root", authority=True)
    line = issue("line", root, authority=True)
    fleet.certificate_group("plant", root)
    fleet.certificate_group("line", line, enabled=False)
    assert code(fleet.with_chain("d", issue("d", line), line)) == Code.WAITING_OR_BLOCKED


@pytest.mark.parametrize("fault", ["other name", "expired", "foreign", "leaf as issuer", "revoked"])
def test_a_certificate_that_is_not_good_is_unauthorized(fleet: Fleet, fault: str) -> None:
    root = issue("root", authority=True)
    fleet.certificate_group("plant", root)
    leaf = issue("e", root)
    chain: tuple[Identity, ...] = {
        "other name": (leaf,),
        "expired": (issue("d", root, ends=1_700_100_000),),
        "foreign": (issue("d", issue("root", authority=True)),),
        "leaf as issuer": (issue("d", leaf), leaf),
        "revoked": (issue("d", root),),
    }[fault]
    if fault == "revoked":
        serial = f"{chain[0].certificate.serial_number:x}"
        patch: JsonObject = {"attestation": {"x509": {"revokedSerials": [serial]}}}
        fleet.world.change(Action.MERGE, ENROLLMENT_GROUP, "plant", patch)
    assert code(fleet.with_chain("d", *chain)) == Code.UNAUTHORIZED


def test_possession_of_an_authority_is_proved_with_its_code(fleet: Fleet) -> None:
    root = issue("root", authority=True)
    fleet.certificate_group("plant", root, verified=False)
    code_text = "ABC123"
    group = fleet.world.store.get(ENROLLMENT_GROUP, "plant")
    assert group is not None
    with pytest.raises(ConflictError, match="verification code"):
        check_proof(group.body, "primary", issue(code_text, root).pem)
    entry = {**(signing_certificate(group.body, "primary") or {}), "verificationCode": code_text}
    fleet.world.change(Action.MERGE, ENROLLMENT_GROUP, "plant", certificate_patch("primary", entry))
    group = fleet.world.store.get(ENROLLMENT_GROUP, "plant")
    assert group is not None
    check_proof(group.body, "primary", issue(code_text, root).pem)
    with pytest.raises(InvalidError, match="common name"):
        check_proof(group.body, "primary", issue("OTHER", root).pem)
    with pytest.raises(InvalidError, match="not signed"):
        check_proof(group.body, "primary", issue(code_text, issue("root", authority=True)).pem)


# The directory


def test_anything_that_a_session_depends_on_changes_the_epoch(fleet: Fleet) -> None:
    key = derive_key(fleet.key_group(), "d")
    fleet.with_key("d", key)

    def epoch() -> int:
        fleet.registry.invalidate("anything", "")
        found = fleet.registry.credentials("d")
        assert found is not None
        return found.epoch

    seen = [epoch(), epoch()]
    assert seen[0] == seen[1]
    fleet.world.change(Action.MERGE, ENROLLMENT_GROUP, "keys", {"displayName": "renamed"})
    seen.append(epoch())
    fleet.world.change(Action.MERGE, DEVICE, "d", {"enabled": False})
    seen.append(epoch())
    own = with_keys({"type": "symmetricKey"}, fleet.world.randomness)
    fleet.world.put(ATTESTATION, "d", own)
    seen.append(epoch())
    fleet.forbid_sas()
    seen.append(epoch())
    assert len(set(seen[1:])) == 5


def test_the_cache_answers_until_it_is_invalidated(fleet: Fleet) -> None:
    fleet.key_group("SAS-IoT-Devices")
    assert fleet.registry.credentials("d") is None
    fleet.world.put(DEVICE, "d", {})
    assert fleet.registry.credentials("d") is None
    fleet.registry.invalidate(DEVICE, "D")
    found = fleet.registry.credentials("d")
    assert found is not None
    assert len(found.symmetric_keys) == 2
    assert fleet.registry.cached("D") == found


def test_ids_that_differ_in_letter_case_alone_are_one(fleet: Fleet) -> None:
    fleet.world.put(DEVICE, "Pump", {})
    with pytest.raises(ConflictError, match="Pump"):
        fleet.world.put(DEVICE, "pump", {})
