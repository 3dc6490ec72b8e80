"""What a twin takes, and what a device reads of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.protocol.json import MAXIMUM_DEPTH as JSON_DEPTH
from holdfast.protocol.json import JsonError, decode_json
from holdfast.protocol.twin import (
    MAXIMUM_DEPTH,
    MAXIMUM_PATCH_BYTES,
    MAXIMUM_SECTION_BYTES,
    MAXIMUM_SECTION_TEXT,
    TwinError,
    check_patch,
    check_size,
    decode_patch,
    encode_desired_patch,
    encode_twin,
)

keys = st.text(st.characters(categories=["L", "N"], include_characters="_-@"), min_size=1, max_size=10)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**52), 2**52 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
)
values = st.recursive(
    scalars | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.dictionaries(keys, inner, max_size=4),
    max_leaves=10,
)


def nested(depth: int) -> JsonValue:
    value: JsonValue = 1
    for _ in range(depth):
        value = {"a": value}
    return value


@given(st.dictionaries(keys, values, max_size=5))
def test_a_good_patch_is_taken_as_it_is(patch: JsonObject) -> None:
    assert decode_patch(json.dumps(patch).encode()) == patch


@pytest.mark.parametrize(
    "patch",
    [
        [],
        None,
        "text",
        {"": 1},
        {"a.b": 1},
        {"$version": 1},
        {"a b": 1},
        {"a\n": 1},
        {"a\x85": 1},
        {"k" * 1025: 1},
        {"a": "x" * 4097},
        {"a": "ä" * 2049},
        {"a": 2**52},
        {"a": -(2**52) - 1},
        {"a": [None]},
        {"a": [{"$b": 1}]},
        {"a": {"b": {"c.d": 1}}},
        nested(MAXIMUM_DEPTH + 1),
    ],
    ids=lambda patch: str(patch)[:20],
)
def test_a_patch_is_refused(patch: JsonValue) -> None:
    with pytest.raises(TwinError):
        check_patch(patch)


@pytest.mark.parametrize(
    "patch",
    [
        {},
        {"a": None},
        {"k" * 1024: "x" * 4096},
        {"a": [1, "b", {"c": 2}]},
        {"a#": 1},
        {"thermostat1": {"__t": "c", "target": {"value": 1, "ac": 200, "av": 3, "ad": "done"}}},
        {"a": 2**52 - 1, "b": -(2**52), "c": True, "d": 1.5e300},
        nested(MAXIMUM_DEPTH),
    ],
    ids=lambda patch: str(patch)[:20],
)
def test_a_patch_is_taken(patch: JsonValue) -> None:
    assert check_patch(patch) is patch


BAD_TEXTS = [
    b"",
    b"{",
    b"nul",
    b"{'a':1}",
    b'{"a":NaN}',
    b'"\\ud800"',
    b'{"a":"\xff"}',
    b"{}{}",
    b"\xef\xbb\xbf{}",
]


@pytest.mark.parametrize("body", BAD_TEXTS)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(TwinError):
        decode_patch(body)


def test_a_patch_is_bounded_before_it_is_read() -> None:
    with pytest.raises(TwinError):
        decode_patch(b" " * (MAXIMUM_PATCH_BYTES + 1))


def test_depth_is_bounded_for_every_body() -> None:
    assert decode_json(b"[" * JSON_DEPTH + b"]" * JSON_DEPTH, 1000)
    for depth in (JSON_DEPTH + 1, 100_000):
        with pytest.raises(JsonError):
            decode_json(b"[" * depth + b"]" * depth, 1_000_000)
    assert decode_json(b'"' + b"{" * 100 + b'"', 1000) == "{" * 100


@given(st.binary(max_size=100))
def test_any_bytes_are_a_patch_or_a_twin_error(body: bytes) -> None:
    try:
        assert isinstance(decode_patch(body), dict)
    except TwinError:
        return


FITS: dict[str, JsonObject] = {
    "a text": {"a": "x" * (MAXIMUM_SECTION_BYTES - 1)},
    "texts of other alphabets": {"a": "ä" * (MAXIMUM_SECTION_BYTES // 2 - 1)},
    "short names and texts": {f"{number:04}": "xxxx" for number in range(MAXIMUM_SECTION_BYTES // 8)},
    "long numbers": {f"{n:04}": 1 / (n + 3) for n in range(MAXIMUM_SECTION_BYTES // 12)},
    "truth values": {f"{n:04}": True for n in range(MAXIMUM_SECTION_BYTES // 8)},
    "nested": {"a": {"b": {"c": ["x" * (MAXIMUM_SECTION_BYTES - 3)]}}},
}


@pytest.mark.parametrize("name", FITS)
def test_a_section_is_bounded_by_what_the_hosted_hub_counts(name: str) -> None:
    check_size(FITS[name])
    with pytest.raises(TwinError):
        check_size({**FITS[name], "more": "x" * 13})


def test_a_section_of_empty_texts_is_bounded_too() -> None:
    with pytest.raises(TwinError):
        check_size({"a": [""] * MAXIMUM_SECTION_TEXT})


def test_a_device_reads_both_sections_with_their_versions() -> None:
    twin = json.loads(encode_twin({"target": 20}, {"temp": 19}, (4, 9)))
    assert twin == {"desired": {"target": 20, "$version": 4}, "reported": {"temp": 19, "$version": 9}}


def test_a_device_reads_a_removed_property_as_null() -> None:
    assert json.loads(encode_desired_patch({"target": None}, 5)) == {"target": None, "$version": 5}
