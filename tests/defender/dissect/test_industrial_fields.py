"""What messages of Modbus and DNP3 say, function by function and object by object."""

import struct

import pytest

from holdfast.defender.dissect.dnp3.objects import OBJECTS, Layout
from holdfast.defender.dissect.dnp3.points import read_objects
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import MalformedError
from holdfast.defender.record import Fields, Role
from tests.defender.dissect.feeding import Exchange, Message, dissector, feed
from tests.support.traffic import dnp3 as dnp3_frames

READ, RESPONSE = 1, 129


def modbus(request: bytes, response: bytes) -> tuple[Fields, Fields]:
    """The fields of a request and of its response, both without their headers."""
    said = [
        Message(asked, struct.pack(">HHHB", 5, 0, 1 + len(pdu), 17) + pdu)
        for asked, pdu in ((True, request), (False, response))
    ]
    exchange = Exchange("modbus", "tcp", tuple(said))
    first, second = feed(dissector(exchange), "tcp", exchange.messages)
    assert (first.role, second.request) == (Role.REQUEST, first)
    assert first.fields["unit"] == second.fields["unit"] == 17
    return first.fields, second.fields


@pytest.mark.parametrize(
    ("request_pdu", "response_pdu", "asked", "answered"),
    [
        ("0100130005", "010115", {"address": 19, "quantity": 5}, {"response_values": [1, 0, 1, 0, 1]}),
        ("0200000002", "020102", {"func": "READ_DISCRETE_INPUTS"}, {"response_values": [0, 1]}),
        ("03006b0002", "0304022b0064", {"address": 107}, {"response_values": [555, 100]}),
        ("0400080001", "0402000a", {"func": "READ_INPUT_REGISTERS"}, {"response_values": [10]}),
        ("0500acff00", "0500acff00", {"address": 172, "request_values": [1]}, {"response_values": [1]}),
        ("0600010003", "0600010003", {"address": 1, "request_values": [3]}, {"response_values": [3]}),
        ("07", "076d", {"func": "READ_EXCEPTION_STATUS"}, {"response_values": [0x6D]}),
        (
            "080000a537",
            "080000a537",
            {"request_subfunction_code": "Return Query Data", "request_data": "a537"},
            {"response_subfunction_code": "Return Query Data", "response_data": "a537"},
        ),
        (
            "0f0013000a02cd01",
            "0f0013000a",
            {"request_values": [1, 0, 1, 1, 0, 0, 1, 1, 1, 0]},
            {"quantity": 10},
        ),
        ("100001000204000a0102", "1000010002", {"request_values": [10, 258]}, {"address": 1, "quantity": 2}),
        ("11", "1103010aff", {"func": "REPORT_SLAVE_ID"}, {"response_data": "010aff"}),
        (
            "140706000400010002",
            "140605060dfe0020",
            {"records": [{"file": 4, "record": 1, "length": 2}], "quantity": 1},
            {"func": "READ_FILE_RECORD"},
        ),
        (
            "150906000400070001" + "06af",
            "150906000400070001" + "06af",
            {"records": [{"file": 4, "record": 7, "length": 1, "values": [0x06AF]}]},
            {"func": "WRITE_FILE_RECORD"},
        ),
        (
            "16000400f20025",
            "16000400f20025",
            {"address": 4, "and_mask": 0xF2, "or_mask": 0x25},
            {"or_mask": 0x25},
        ),
        (
            "1700030002000e00010200ff",
            "170400fe0acd",
            {
                "read_start_address": 3,
                "read_quantity": 2,
                "write_start_address": 14,
                "write_registers": [255],
            },
            {"read_registers": [254, 2765]},
        ),
        ("1804de", "180006000201b81284", {"address": 1246}, {"quantity": 2, "response_values": [440, 4740]}),
        (
            "2b0e0100",
            "2b0e010100000200" + "0441636d65" + "0102" + "5031",
            {"mei_type": "Read Device Identification", "device_id_code": 1, "object_id_code": 0},
            {"objects": {"VendorName": "Acme", "ProductCode": "P1"}, "conformity_level_code": 1},
        ),
        (
            "2b0d0102",
            "2b0d0304",
            {"mei_type": "unknown-13", "request_data": "0102"},
            {"response_data": "0304"},
        ),
        ("0300000001", "8302", {"quantity": 1}, {"exception_code": "ILLEGAL_DATA_ADDRESS", "matched": True}),
        ("6401", "6402", {"func": "unknown-100", "request_data": "01"}, {"response_data": "02"}),
    ],
)
def test_modbus_functions(request_pdu: str, response_pdu: str, asked: Fields, answered: Fields) -> None:
    first, second = modbus(bytes.fromhex(request_pdu), bytes.fromhex(response_pdu))
    assert {name: first.get(name) for name in asked} == asked
    assert {name: second.get(name) for name in answered} == answered
    assert "malformed" not in first | second


def dnp3(octets: bytes, function: int = RESPONSE) -> list[Fields]:
    """The objects of a fragment."""
    objects: list[Fields] = []
    read_objects(Reader(octets), function, objects)
    return objects


SIZED = [(key, layout) for key, layout in OBJECTS.items() if layout.parts]


@pytest.mark.parametrize(
    ("key", "layout"), SIZED, ids=[f"{group}-{variation}" for (group, variation), _ in SIZED]
)
def test_each_dnp3_object_has_the_length_that_its_layout_says(key: tuple[int, int], layout: Layout) -> None:
    group, variation = key
    octets = layout.octets
    head = bytes((group, variation, 0x28)) + struct.pack("<HH", 2, 7)
    one, other = bytes(octets), b"\xff" * octets
    (found,) = dnp3(head + one + struct.pack("<H", 9) + other)
    assert [point["index"] for point in found["points"]] == [7, 9]
    assert len(found["points"][1]) > 2
    with pytest.raises(MalformedError):
        dnp3(head + one + struct.pack("<H", 9) + other[:-1])


@pytest.mark.parametrize(
    ("octets", "points"),
    [
        ("0101000003" + "0d", [(0, {"state": 1}), (1, {"state": 0}), (2, {"state": 1}), (3, {"state": 1})]),
        ("0301000002" + "1b", [(0, {"state": 3}), (1, {"state": 2}), (2, {"state": 1})]),
        ("0102000505" + "81", [(5, {"online": 1, "state": 1, "restart": 0})]),
        ("0302000505" + "c1", [(5, {"online": 1, "state": 3})]),
        ("1e01000202" + "01" + "feffffff", [(2, {"value": -2, "online": 1})]),
        ("1e05000202" + "01" + "0000c03f", [(2, {"value": 1.5})]),
        ("1401000202" + "21" + "05000000", [(2, {"count": 5, "rollover": 1})]),
        ("1605280100" + "0300" + "01" + "05000000" + "0100000000 00", [(3, {"count": 5, "timestamp": 1})]),
        ("320107" + "01" + "0a0000000000", [(0, {"timestamp": 10})]),
        ("340207" + "01" + "2c01", [(0, {"delay_ms": 300})]),
        ("6e04000101" + "74657374", [(1, {"value": "test"})]),
        ("00fc000000" + "0104" + "41636d65", [(0, {"value": "Acme"})]),
    ],
)
def test_dnp3_points(octets: str, points: list[tuple[int, Fields]]) -> None:
    (found,) = dnp3(bytes.fromhex(octets))
    shown = [(point["index"], point) for point in found["points"]]
    assert [
        (index, {name: point.get(name) for name in wanted})
        for (index, point), (_, wanted) in zip(shown, points, strict=True)
    ] == points


def test_a_read_names_points_without_their_data() -> None:
    found = dnp3(bytes.fromhex("3c0206" + "1e0001" + "00000300" + "01001702" + "0507"), READ)
    assert [(each["group"], each["object_count"]) for each in found] == [(60, 0), (30, 4), (1, 2)]
    assert (found[1]["range_low"], found[1]["range_high"]) == (0, 3)
    assert found[2]["points"] == [{"index": 5}, {"index": 7}]


@pytest.mark.parametrize(
    "octets", ["1e010005", "0100000501", "01ff000000", "0101700a", "01015f0000", "1e010a"]
)
def test_broken_dnp3_objects_are_malformed(octets: str) -> None:
    with pytest.raises(MalformedError):
        dnp3(bytes.fromhex(octets))


def test_a_dnp3_request_that_wants_to_be_confirmed_says_something_else() -> None:
    asked = (dnp3_frames.request(READ, confirm=confirm) for confirm in (False, True, False))
    exchange = Exchange("dnp3", "tcp", tuple(Message(True, each) for each in asked))
    first, second, third = feed(dissector(exchange), "tcp", exchange.messages)
    assert first.key == third.key != second.key
