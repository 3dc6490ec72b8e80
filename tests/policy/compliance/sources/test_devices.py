"""What policies see of devices beyond their configuration."""

from dataclasses import replace
from pathlib import Path

from holdfast.kernel.json import JsonObject
from holdfast.policy.compliance.sources.devices import device_facts
from holdfast.runtime.kinds import KINDS
from tests.support.world import open_world

_KEYS: JsonObject = {
    "type": "symmetricKey",
    "symmetricKey": {
        "primaryKey": "cHJpbWFyeSBrZXkgb2YgcHVtcHM=",
        "secondaryKey": "c2Vjb25kYXJ5IGtleSBvZiBwdW1wcw==",
    },
}


def test_any_number_of_devices_is_looked_up(tmp_path: Path) -> None:
    with open_world(tmp_path, KINDS.values(), seals=False) as world:
        group: JsonObject = {"displayName": "Pumps", "type": "iot", "attestation": {"type": "x509"}}
        world.put("enrollmentGroup", "pumps", group)
        for name in ("pump-0", "pump-1200"):
            world.put("device", name, {"group": "pumps"})
            world.put("deviceAttestation", name, _KEYS)
        first = world.store.get("device", "pump-0")
        assert first is not None
        devices = [replace(first, id=f"pump-{number}") for number in range(1201)]
        facts = device_facts(world.store, lambda names: {})(devices)
    proofs = [name for name, each in facts.items() if each["authentication"] == "sas"]
    assert (len(facts), proofs) == (1201, ["pump-0", "pump-1200"])


def test_devices_show_how_they_prove_themselves_and_when_they_spoke(tmp_path: Path) -> None:
    with open_world(tmp_path, KINDS.values(), seals=False) as world:
        group: JsonObject = {"displayName": "Pumps", "type": "iot", "attestation": {"type": "x509"}}
        world.put("enrollmentGroup", "pumps", group)
        for name in ("member", "individual"):
            world.put("device", name, {"group": "pumps"})
        world.put("deviceAttestation", "individual", _KEYS)
        devices = [
            world.put("device", "loner", {}),
            *(each for name in ("member", "individual") if (each := world.store.get("device", name))),
        ]
        facts = device_facts(world.store, lambda names: {"member": 86_400.0})(devices)
    assert facts == {
        "loner": {},
        "member": {"authentication": "x509", "lastActivity": "1970-01-02T00:00:00.000Z"},
        "individual": {"authentication": "sas"},
    }
