"""How far the device is with what it was asked for, from what the API shows of a property."""

import pytest

from holdfast.console.pages.devices.properties import _property
from holdfast.kernel.json import JsonObject, JsonValue

ASKED: JsonObject = {"desiredValue": 7, "desiredVersion": 3}
REPORTED: JsonObject = {"lastUpdateTime": "2026-05-04T06:00:00Z"}


@pytest.mark.parametrize(
    ("value", "metadata", "shown", "state"),
    [
        (7, ASKED, None, "pending"),  # the API shows the wish until the device says something
        (5, ASKED | REPORTED, 5, "pending"),
        (7, ASKED | REPORTED, 7, "accepted"),
        (5, ASKED | REPORTED | {"ackCode": 200, "ackVersion": 2}, 5, "pending"),
        (5, ASKED | REPORTED | {"ackCode": 200, "ackVersion": 3}, 5, "accepted"),
        (5, ASKED | REPORTED | {"ackCode": 400, "ackVersion": 3}, 5, "refused (400)"),
        (5, REPORTED, 5, ""),
    ],
)
def test_a_property_is_pending_until_the_device_answers(
    value: JsonValue, metadata: JsonObject, shown: JsonValue, state: str
) -> None:
    found = _property("speed", None, value, metadata)
    assert (found.value, found.state) == (shown, state)
