"""Nothing can be edited, dropped, reordered or cut off unnoticed."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.baseline.evidence.bundle import (
    public_key_pem,
    read_public_key,
    verify_bundle,
    write_bundle,
)
from holdfast.baseline.evidence.chain import START, open_item
from holdfast.baseline.evidence.envelope import EvidenceError
from tests.baseline.evidence.items import INSTANCE, KEY, NOW, bundle, chain, key


def refusal(lines: list[bytes]) -> str:
    with pytest.raises(EvidenceError) as error:
        verify_bundle(lines, KEY.public)
    return str(error.value)


def test_a_sound_bundle_is_verified() -> None:
    verified = verify_bundle(bundle(), KEY.public)
    assert (verified.instance, verified.until, len(verified.items)) == (INSTANCE, NOW, 5)
    assert verified.items[0].content["expected"] == "a TLS alert"


def test_a_bundle_from_the_middle_of_the_chain_is_verified() -> None:
    envelopes = chain(6)
    before = open_item(envelopes[2], KEY.public).link
    assert len(verify_bundle(write_bundle(envelopes[3:], before, INSTANCE, NOW, KEY), KEY.public).items) == 3


def test_a_bundle_of_nothing_says_so() -> None:
    assert verify_bundle(write_bundle([], START, INSTANCE, NOW, KEY), KEY.public).items == ()
    assert "The bundle is empty" in refusal([])


def test_a_dropped_item_is_named() -> None:
    lines = bundle()
    assert "sealed with 5 items and has 4" in refusal(lines[:2] + lines[3:])


def test_a_dropped_item_is_found_even_under_a_new_seal() -> None:
    envelopes = chain(5)
    with pytest.raises(EvidenceError, match="Item 3 is missing or out of order: 4 follows 2"):
        verify_bundle(write_bundle([*envelopes[:2], *envelopes[3:]], START, INSTANCE, NOW, KEY), KEY.public)


def test_reordered_items_are_named() -> None:
    lines = bundle()
    lines[1], lines[2] = lines[2], lines[1]
    assert "Item 2 is missing or out of order: 3 follows 1" in refusal(lines)


def test_an_item_twice_is_noticed() -> None:
    lines = bundle()
    assert "has 6" in refusal([*lines[:3], lines[2], *lines[3:]])


def test_a_cut_end_is_noticed() -> None:
    assert "does not seal the bundle; the end is cut off" in refusal(bundle()[:-1])


def test_an_edited_item_is_named() -> None:
    lines = bundle()
    envelope = json.loads(lines[3])
    payload = base64.b64decode(envelope["payload"]).replace(b"passed", b"failed")
    envelope["payload"] = base64.b64encode(payload).decode()
    lines[3] = json.dumps(envelope).encode()
    assert "Line 4 is not signed by the given key, or was edited after it was signed" in refusal(lines)


def test_an_item_of_another_chain_is_noticed() -> None:
    lines = bundle()
    other = bundle(9)
    assert refusal([*lines[:4], other[5], lines[-1]])


def test_another_key_does_not_verify() -> None:
    with pytest.raises(EvidenceError, match="Line 6, which should seal the bundle"):
        verify_bundle(bundle(), key(2).public)


def test_a_line_that_is_no_envelope_is_named() -> None:
    assert "Line 2 is no envelope" in refusal([bundle()[0], b"{}\n", *bundle()[1:]])


@settings(max_examples=60, deadline=None)
@given(st.permutations(range(6)), st.integers(0, 6))
def test_only_the_whole_in_order_is_accepted(order: list[int], length: int) -> None:
    lines = bundle()
    chosen = [lines[index] for index in order[:length]]
    if chosen == lines:
        assert verify_bundle(chosen, KEY.public)
    else:
        assert refusal(chosen)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_edit_of_a_byte_or_of_several_changes_what_is_verified(data: st.DataObject) -> None:
    """Refused, or, where only what is not signed was touched (blanks, hints), the same in every word."""
    whole = b"".join(bundle())
    start = data.draw(st.integers(0, len(whole)))
    gone = data.draw(st.integers(0, 40))
    damaged = whole[:start] + data.draw(st.binary(max_size=40)) + whole[start + gone :]
    try:
        found = verify_bundle(damaged.splitlines(keepends=True), KEY.public)
    except EvidenceError:
        return
    assert found == verify_bundle(bundle(), KEY.public)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_field_of_a_signed_item_can_be_exchanged(data: st.DataObject) -> None:
    """Whoever edits what an item says, or takes the signature of another one, is found."""
    lines, number = bundle(), data.draw(st.integers(0, 4))
    envelope, other = json.loads(lines[number]), json.loads(lines[(number + 1) % 5])
    statement = json.loads(base64.b64decode(envelope["payload"]))
    name = data.draw(
        st.sampled_from(["payload", "signatures", "payloadType", *statement, *statement["predicate"]])
    )
    if name in envelope:
        envelope[name] = other[name] if name != "payloadType" else "text/plain"
    else:
        place = statement if name in statement else statement["predicate"]
        place[name] = data.draw(st.text() | st.integers() | st.none())
        envelope["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()
    lines[number] = json.dumps(envelope).encode()
    assert f"Line {number + 1} " in refusal(lines)


def test_the_public_key_is_handed_over_as_pem() -> None:
    assert read_public_key(public_key_pem(KEY.public)) == KEY.public
    with pytest.raises(EvidenceError, match="cannot be read"):
        read_public_key(b"nonsense")
