"""Block lists and the signatures of addresses, against Azure's own client."""

import base64
import datetime

import pytest
from azure.storage.blob import generate_blob_sas
from hypothesis import given
from hypothesis import strategies as st

from holdfast.protocol.https.blocks import (
    Block,
    BlockError,
    block_id,
    encode_block_list,
    encode_error,
    parse_block_list,
)
from holdfast.protocol.https.server import Head, HttpServer
from holdfast.protocol.https.signatures import (
    Blob,
    SignatureError,
    encode_query,
    sign_blob,
    verify_blob,
)

KEY = b"k" * 64
BLOB = Blob("account", "container", "dev-1/a b/ü.txt")
EXPIRES = "2027-01-15T08:00:00Z"
BEFORE, AFTER = 1_800_000_000.0, 1_800_004_000.0


def id_of(name: bytes) -> str:
    return base64.b64encode(name).decode()


def test_a_list_is_its_blocks_in_order() -> None:
    body = (
        f"<?xml version='1.0'?>\n<BlockList><Latest>{id_of(b'b')}</Latest>"
        f"<Committed> {id_of(b'a')} </Committed></BlockList>"
    )
    assert parse_block_list(body.encode()) == [Block("62", "Latest"), Block("61", "Committed")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<BlockList",
        b"<Other/>",
        b"<BlockList><New>YQ==</New></BlockList>",
        b"<BlockList><Latest></Latest></BlockList>",
        b"<BlockList><Latest>*</Latest></BlockList>",
        b"<BlockList><Latest><a/></Latest></BlockList>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><BlockList><Latest>&a;</Latest></BlockList>',
        b"<BlockList>" + b"<Latest>YQ==</Latest>" * 50_001 + b"</BlockList>",
        b"<?xml version='1.0' encoding='none'?><BlockList/>",
    ],
)
def test_what_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(BlockError):
        parse_block_list(body)


@given(st.binary(max_size=100))
def test_anything_is_a_list_or_a_block_error(data: bytes) -> None:
    for body in (data, b"<BlockList><Latest>" + data + b"</Latest></BlockList>"):
        try:
            parse_block_list(body)
        except BlockError:
            continue


@given(st.binary(min_size=1, max_size=64))
def test_ids_survive_a_list(name: bytes) -> None:
    hexadecimal = block_id(id_of(name))
    assert bytes.fromhex(hexadecimal) == name
    assert id_of(name).encode() in encode_block_list([(hexadecimal, 5)], [])


def test_errors_hold_their_message_as_text() -> None:
    assert b"<Message>a &lt; b</Message>" in encode_error("Code", "a < b")


def query_of(text: str) -> dict[str, str]:
    """The query as our HTTP server reads it."""
    server = HttpServer()
    server.receive(f"PUT /x{text} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head = next(iter(server.events()))
    assert isinstance(head, Head)
    return head.query


def test_a_signature_holds_until_its_expiry() -> None:
    query = query_of(encode_query(sign_blob(BLOB, KEY, EXPIRES)))
    verify_blob(query, BLOB, KEY, "w", BEFORE)
    with pytest.raises(SignatureError):
        verify_blob(query, BLOB, KEY, "w", AFTER + 10 * 86_400)
    with pytest.raises(SignatureError):
        verify_blob(query, BLOB, KEY, "r", BEFORE)


@given(st.sampled_from(["sv", "sr", "se", "sp", "spr", "sig"]), st.text(max_size=12))
def test_no_part_of_an_address_can_be_changed(name: str, value: str) -> None:
    query = sign_blob(BLOB, KEY, EXPIRES)
    if query[name] == value:
        return
    with pytest.raises(SignatureError):
        verify_blob({**query, name: value}, BLOB, KEY, "w", BEFORE)


@given(st.text(max_size=20), st.text(max_size=20))
def test_an_address_is_for_its_blob_alone(container: str, name: str) -> None:
    other = Blob("account", container, name)
    if other == BLOB:
        return
    with pytest.raises(SignatureError):
        verify_blob(sign_blob(BLOB, KEY, EXPIRES), other, KEY, "w", BEFORE)


def test_signatures_are_those_of_azure_s_client() -> None:
    expiry = datetime.datetime(2027, 1, 15, 8, tzinfo=datetime.UTC)
    theirs = generate_blob_sas(
        BLOB.account,
        BLOB.container,
        BLOB.name,
        account_key=base64.b64encode(KEY).decode(),
        permission="cw",
        expiry=expiry,
        protocol="https",
    )
    query = query_of(f"?{theirs}")
    assert query["sig"] == sign_blob(BLOB, KEY, EXPIRES, version=query["sv"])["sig"]
    verify_blob(query, BLOB, KEY, "w", BEFORE)
