"""Headers and batches say what a property bag says."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.protocol.bags import BagError, decode_bag, encode_bag
from holdfast.protocol.https.messages import MessageError, bag_of, decode_batch, headers_of

OWN = "/devices/d/messages/events"


def test_headers_become_properties() -> None:
    headers = [
        ("Host", "hub"),
        ("IOTHUB-TO", OWN),
        ("iothub-messageid", "1"),
        ("iothub-app-Room", "a&b"),
        ("iothub-app-", "nothing"),
        ("IoTHub-CreationTimeUtc", "2027-01-01T00:00:00Z"),
    ]
    assert decode_bag(bag_of(headers, OWN)) == {
        "$.mid": "1",
        "Room": "a&b",
        "iothub-creation-time-utc": "2027-01-01T00:00:00Z",
    }
    assert decode_bag(bag_of([("iothub-to", "/other")], OWN)) == {"$.to": "/other"}


@given(
    st.lists(
        st.tuples(st.text(max_size=20), st.binary(max_size=20), st.text(max_size=20)), min_size=1, max_size=20
    )
)
def test_a_batch_is_its_messages(lines: list[tuple[str, bytes, str]]) -> None:
    batch = [
        {"body": base64.b64encode(body).decode(), "properties": {f"iothub-app-{name}": value}}
        for name, body, value in lines
    ]
    found = decode_batch(json.dumps(batch).encode(), 1000, OWN)
    assert [message.body for message in found] == [body for _, body, _ in lines]
    expected = [{name: value} if name else {} for name, _, value in lines]
    assert [decode_bag(message.properties) for message in found] == expected


@given(st.binary(max_size=200))
def test_anything_else_is_a_message_error(data: bytes) -> None:
    try:
        decode_batch(data, 1000, OWN)
    except (MessageError, BagError):
        return


@pytest.mark.parametrize(
    "value",
    [None, {}, [1], [{"body": 1}], [{"body": "", "properties": []}], [{"body": "*"}], [{"body": "A" * 2000}]],
)
def test_what_is_no_batch_is_refused(value: object) -> None:
    with pytest.raises(MessageError):
        decode_batch(json.dumps(value).encode(), 1000, OWN)


def test_numbers_and_truths_of_a_batch_become_texts() -> None:
    line = {"body": "", "properties": {"iothub-app-a": 1, "iothub-app-b": True, "iothub-app-c": None}}
    (message,) = decode_batch(json.dumps([line]).encode(), 10, OWN)
    assert decode_bag(message.properties) == {"a": "1", "b": "true", "c": ""}


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.none() | st.text(max_size=20), max_size=10))
def test_any_bag_can_be_told_in_headers(bag: dict[str, str | None]) -> None:
    for name, value in headers_of(encode_bag(bag), 1_800_000_000.0, 1):
        assert name.isascii()
        assert not set(name) & set(' \r\n\t:"(),/;<=>?@[]{}\\')
        assert value.isascii()
        assert value.isprintable()
        assert value == value.strip()
