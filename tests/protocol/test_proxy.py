"""PROXY protocol version 2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kernel.network import parse_address
from holdfast.protocol.proxy import (
    MAXIMUM_BODY,
    SIGNATURE,
    ProxyError,
    ProxyHeader,
    encode_proxy,
    missing,
    parse_proxy,
)

ports = st.integers(0, 0xFFFF)


@given(st.ip_addresses(v=4), st.ip_addresses(v=6), ports, st.sampled_from([4, 6]), st.binary(max_size=20))
def test_a_header_reads_as_it_was_written(four: object, six: object, port: int, v: int, rest: bytes) -> None:
    address = str(four if v == 4 else six)
    header = encode_proxy(address, port, address, 8883)
    assert parse_proxy(header + rest) == ProxyHeader(len(header), str(parse_address(address)), port)
    for length in range(len(header)):
        assert parse_proxy(header[:length]) is None


def test_an_ipv4_client_behind_a_balancer_of_both_families_keeps_its_address() -> None:
    header = parse_proxy(encode_proxy("::ffff:192.0.2.7", 5000, "::ffff:192.0.2.1", 443))
    assert header is not None
    assert header.address == "192.0.2.7"


def test_the_header_has_the_bytes_of_the_specification() -> None:
    assert encode_proxy("10.0.0.1", 256, "10.0.0.2", 8883) == (
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x0a\0\0\x01\x0a\0\0\x02\x01\0\x22\xb3"
    )


def test_type_length_values_are_passed_over() -> None:
    header = SIGNATURE + b"\x21\x11\0\x10\x0a\0\0\x01\x0a\0\0\x02\x01\0\x22\xb3\x04\0\x01\0"
    assert parse_proxy(header + b"x") == ProxyHeader(len(header), "10.0.0.1", 256)


def test_a_health_check_speaks_for_the_balancer_itself() -> None:
    assert parse_proxy(SIGNATURE + b"\x20\0\0\0") == ProxyHeader(16)


@pytest.mark.parametrize(
    "data",
    [
        b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n",
        b"\x16\x03\x01",
        SIGNATURE + b"\x11\x11\0\x0c" + bytes(12),
        SIGNATURE + b"\x22\x11\0\x0c" + bytes(12),
        SIGNATURE + b"\x21\x12\0\x0c" + bytes(12),
        SIGNATURE + b"\x21\x11\0\x0b" + bytes(11),
        SIGNATURE + b"\x21\x21\0\x0c" + bytes(12),
        SIGNATURE + b"\x21\x11" + (MAXIMUM_BODY + 1).to_bytes(2, "big"),
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ProxyError):
        parse_proxy(data)


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda tail: SIGNATURE + tail))
def test_any_bytes_are_a_header_or_a_proxy_error(data: bytes) -> None:
    try:
        header = parse_proxy(data)
    except ProxyError:
        return
    assert header is None or header.length <= len(data)


@given(st.ip_addresses(v=6), st.binary(max_size=20), st.integers(1, 30))
def test_reading_what_is_missing_takes_the_header_and_no_more(
    address: object, rest: bytes, stride: int
) -> None:
    header = encode_proxy(str(address), 1, "::1", 2)
    stream, data = header + rest, b""
    while (found := parse_proxy(data)) is None:
        data = stream[: len(data) + min(stride, missing(data))]
    assert found.length == len(data) == len(header)
