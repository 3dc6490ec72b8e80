"""Whoever reads a secret is recorded, however it was read."""

from pathlib import Path

import pytest

from holdfast.resources.events import AuditFeed
from tests.api.in_memory import open_api

VERSION = {"api-version": "2022-07-31"}


@pytest.mark.parametrize("path", ["/api/enrollmentGroups", "/api/enrollmentGroups/keys"])
def test_reading_a_group_reads_its_keys_and_is_recorded_where_it_has_some(tmp_path: Path, path: str) -> None:
    with open_api(tmp_path) as api:
        for group, kind in (("keys", "symmetricKey"), ("authority", "x509")):
            body = {"displayName": group, "type": "iot", "attestation": {"type": kind}}
            made = api.client.put(f"/api/enrollmentGroups/{group}", params=VERSION, json=body)
            assert made.status_code == 200, made.text
        assert "primaryKey" in api.client.get(path, params=VERSION).text
        told = AuditFeed(api.world.database, api.world.clock).search(limit=100)
    reads = [(event.name, event.resource) for event in told if event.name.endswith("-read")]
    assert reads == [("enrollmentGroup.keys-read", "keys")]


def test_a_shared_access_policy_shows_its_keys_alone_and_is_recorded(tmp_path: Path) -> None:
    with open_api(tmp_path) as api:
        one = "/api/sharedAccessPolicies/pool"
        made = api.client.put(one, json={"enabled": True}).json()
        assert made["primaryKey"] != made["secondaryKey"]
        listed = api.client.get("/api/sharedAccessPolicies")
        assert [policy["id"] for policy in listed.json()["value"]] == ["pool"]
        assert "primaryKey" not in listed.text
        assert api.client.get(one).json() == made
        rotated = api.client.post(f"{one}/rotate").json()
        assert rotated["secondaryKey"] == made["primaryKey"]
        assert rotated["primaryKey"] not in (made["primaryKey"], made["secondaryKey"])
        assert api.client.delete(one).status_code == 204
        assert api.client.get(one).status_code == 404
        told = AuditFeed(api.world.database, api.world.clock).search(limit=100)
    assert [event.name for event in told if event.name.endswith("-read")] == ["sharedAccessPolicy.keys-read"]
    assert made["primaryKey"] not in str(told)
