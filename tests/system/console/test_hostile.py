"""That hostile strings stand in every kind of thing that people can name: a new kind is not forgotten."""

import pytest

from holdfast.runtime.kinds import KINDS
from tests.support.hostile import HOSTILE
from tests.support.waiting import Aside

WITHOUT_TEXT = {
    "accessSettings": "switches",
    "apiToken": "roles and moments",
    "credential": "made by the product",
    "deviceAttestation": "keys and certificates",
    "deviceRelationship": "ids",
    "eligibleAssignment": "ids and moments",
    "federatedIdentity": "of the identity provider, checked elsewhere",
    "fileUpload": "the container has letters and digits alone",
    "issuerKey": "made by the product",
    "jobDevice": "made by the product",
    "policyAttestation": "no page shows it",
    "policyDefinitionVersion": "copies of definitions",
    "policySetDefinitionVersion": "copies of initiatives",
    "remediation": "ids and states",
    "riskSignal": "ids",
    "sharedAccessPolicy": "keys",
    "signInLink": "ids",
    "user": "an e-mail address",
}
"""Kinds into which nobody writes a text of his own that a page shows, and why."""
OF_JOURNEYS = {"asset", "elevation", "supportRequest"}
"""Kinds that the journeys fill with hostile strings, field by field."""


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - WITHOUT_TEXT.keys() - OF_JOURNEYS))
def test_hostile_strings_stand_in_every_kind(aside: Aside, known: dict[str, str], kind: str) -> None:
    events = aside.get(f"/api/audit/events?kind={kind}&limit=1000")["value"]
    texts = [text.replace('"', '\\"') for text in HOSTILE]
    assert any(text in str(event["data"]) for event in events for text in (*HOSTILE, *texts))
