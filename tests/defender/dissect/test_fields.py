"""What messages say, field by field; the messages are scapy's where it speaks the protocol."""

import struct
from typing import Any, NamedTuple

import pytest
from scapy.asn1.asn1 import ASN1_INTEGER, ASN1_IPADDRESS, ASN1_OID, ASN1_STRING, ASN1_TIME_TICKS
from scapy.contrib.coap import CoAP
from scapy.contrib.mqtt import (
    MQTT,
    MQTTConnect,
    MQTTPublish,
    MQTTSubscribe,
    MQTTTopic,
    MQTTTopicQOS,
    MQTTUnsubscribe,
)
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRRMX, DNSRRSRV
from scapy.layers.ntp import NTPHeader
from scapy.layers.snmp import SNMP, SNMPbulk, SNMPresponse, SNMPset, SNMPtrapv1, SNMPvarbind
from scapy.packet import Packet, Raw

from holdfast.defender.record import Fields
from tests.defender.dissect.feeding import Exchange, Message, dissector, feed
from tests.support.traffic import opcua

Expected = dict[str, Any]  # Any: what fields hold
ASKED, ANSWERED = True, False


class Said(NamedTuple):
    """A message and what its record must say."""

    asked: bool
    message: Packet | bytes
    kind: str
    fields: Expected


class Talk(NamedTuple):
    """Messages of one conversation."""

    protocol: str
    transport: str
    said: tuple[Said, ...]


def binding(name: str, value: object) -> SNMPvarbind:
    """An SNMP variable with its value."""
    return SNMPvarbind(oid=ASN1_OID(name), value=value)


HARDWARE = bytes.fromhex("020000000077")
DNS_TALK = Talk(
    "dns",
    "udp",
    (
        Said(
            ASKED,
            DNS(id=7, rd=1, qd=DNSQR(qname="plc.example", qtype="A")),
            "query",
            {"trans_id": 7, "query": "plc.example", "qtype_name": "A", "RD": True, "answers": []},
        ),
        Said(
            ANSWERED,
            DNS(
                id=7,
                qr=1,
                ra=1,
                qd=DNSQR(qname="plc.example", qtype="A"),
                an=[
                    DNSRR(rrname="plc.example", type="CNAME", ttl=60, rdata="a.example"),
                    DNSRR(rrname="a.example", type="A", ttl=60, rdata="10.0.0.7"),
                    DNSRR(rrname="a.example", type="AAAA", ttl=60, rdata="2001:db8::7"),
                    DNSRR(rrname="a.example", type="TXT", ttl=9, rdata=["v=1", "x"]),
                    DNSRRMX(rrname="a.example", preference=5, exchange="mx.example"),
                    DNSRRSRV(rrname="_opc._tcp.example", port=4840, target="opc.example"),
                    DNSRR(rrname="7.0.0.10.in-addr.arpa", type="PTR", rdata="plc.example"),
                ],
            ),
            "response",
            {
                "rcode_name": "NOERROR",
                "RA": True,
                "values": [
                    "a.example",
                    "10.0.0.7",
                    "2001:db8::7",
                    "v=1 x",
                    "mx.example",
                    "opc.example:4840",
                    "plc.example",
                ],
            },
        ),
    ),
)
SNMP_TALK = Talk(
    "snmp",
    "udp",
    (
        Said(
            ASKED,
            SNMP(
                version=0,
                community="public",
                PDU=SNMPtrapv1(
                    enterprise=ASN1_OID("1.3.6.1.4.1.9"),
                    agent_addr="10.0.0.9",
                    generic_trap=3,
                    specific_trap=0,
                    time_stamp=100,
                    varbindlist=[binding("1.3.6.1.2.1.2.2.1.1", ASN1_INTEGER(2))],
                ),
            ),
            "trap",
            {
                "version": "1",
                "community": "public",
                "enterprise": "1.3.6.1.4.1.9",
                "agent_addr": "10.0.0.9",
                "generic_trap": 3,
                "specific_trap": 0,
                "variables": [{"oid": "1.3.6.1.2.1.2.2.1.1", "value": 2}],
            },
        ),
        Said(
            ASKED,
            SNMP(
                version=1,
                community="secret",
                PDU=SNMPbulk(id=5, non_repeaters=1, max_repetitions=10, varbindlist=[]),
            ),
            "get-bulk-request",
            {"version": "2c", "request_id": 5, "non_repeaters": 1, "max_repetitions": 10},
        ),
        Said(
            ANSWERED,
            SNMP(
                version=1,
                community="secret",
                PDU=SNMPresponse(
                    id=5,
                    varbindlist=[
                        binding("1.3.6.1.2.1.1.1.0", ASN1_STRING(b"Switch 1")),
                        binding("1.3.6.1.2.1.1.3.0", ASN1_TIME_TICKS(1234)),
                        binding("1.3.6.1.2.1.1.2.0", ASN1_OID("1.3.6.1.4.1.9.1")),
                        binding("1.3.6.1.2.1.4.20", ASN1_IPADDRESS("10.0.0.9")),
                    ],
                ),
            ),
            "response",
            {
                "error_status": "noError",
                "sys_description": "Switch 1",
                "sys_object_id": "1.3.6.1.4.1.9.1",
                "values": ["Switch 1", 1234, "1.3.6.1.4.1.9.1", "10.0.0.9"],
            },
        ),
        Said(
            ASKED,
            SNMP(
                version=1,
                community="secret",
                PDU=SNMPset(id=6, varbindlist=[binding("1.3.6.1.2.1.1.5.0", ASN1_STRING(b"x"))]),
            ),
            "set-request",
            {"request_id": 6, "sys_name": "x"},
        ),
        Said(
            ANSWERED,
            SNMP(
                version=1, community="secret", PDU=SNMPresponse(id=6, error=17, error_index=1, varbindlist=[])
            ),
            "response",
            {"error_status": "notWritable", "error_index": 1},
        ),
    ),
)
NTP_TALK = Talk(
    "ntp",
    "udp",
    (
        Said(
            ASKED, NTPHeader(mode=3, poll=6), "client", {"version": 4, "mode": 3, "poll": 64.0, "stratum": 2}
        ),
        Said(
            ANSWERED,
            NTPHeader(mode=4, stratum=2, id="10.0.0.1", delay=0.5, dispersion=0.25),
            "server",
            {"mode": 4, "ref_id": "10.0.0.1", "root_delay": 0.5, "root_disp": 0.25},
        ),
        Said(
            ASKED,
            bytes.fromhex("160200070000000100000000"),
            "control",
            {"op_code": 2, "sequence": 7, "association_id": 1, "resp_bit": False},
        ),
        Said(
            ASKED,
            bytes.fromhex("1700032a00000000"),
            "private",
            {"implementation": 3, "req_code": 42, "sequence": 0},
        ),
    ),
)
DHCP_TALK = Talk(
    "dhcp",
    "udp",
    (
        Said(
            ASKED,
            BOOTP(chaddr=HARDWARE, xid=9)
            / DHCP(
                options=[
                    ("message-type", "discover"),
                    ("hostname", "plc-7"),
                    ("vendor_class_id", "S7"),
                    ("requested_addr", "10.0.0.7"),
                    ("param_req_list", [1, 3, 6]),
                    "end",
                ]
            ),
            "DISCOVER",
            {
                "trans_id": 9,
                "mac": "02:00:00:00:00:77",
                "host_name": "plc-7",
                "vendor_class": "S7",
                "requested_addr": "10.0.0.7",
                "parameters": [1, 3, 6],
                "assigned_addr": None,
            },
        ),
        Said(
            ANSWERED,
            BOOTP(op=2, yiaddr="10.0.0.7", chaddr=HARDWARE, xid=9)
            / DHCP(
                options=[
                    ("message-type", "ack"),
                    ("server_id", "10.0.0.1"),
                    ("lease_time", 600),
                    ("subnet_mask", "255.255.255.0"),
                    ("router", "10.0.0.1"),
                    ("name_server", "10.0.0.2"),
                    ("domain", "plant.example"),
                    "end",
                ]
            ),
            "ACK",
            {
                "assigned_addr": "10.0.0.7",
                "server_addr": "10.0.0.1",
                "lease_time": 600,
                "subnet_mask": "255.255.255.0",
                "routers": ["10.0.0.1"],
                "dns_servers": ["10.0.0.2"],
                "domain": "plant.example",
            },
        ),
    ),
)
COAP_TALK = Talk(
    "coap",
    "udp",
    (
        Said(
            ASKED,
            CoAP(
                type=0,
                code=1,
                msg_id=7,
                tkl=2,
                token=b"\xaa\xbb",
                options=[
                    ("Uri-Host", "plc"),
                    ("Uri-Path", "sensors"),
                    ("Uri-Path", "temp"),
                    ("Uri-Query", "u=c"),
                    ("Accept", b"\x32"),
                ],
            ),
            "GET",
            {
                "type": "CON",
                "code": "0.01",
                "token": "aabb",
                "uri_host": "plc",
                "uri_path": "/sensors/temp",
                "uri_query": ["u=c"],
                "accept": 50,
            },
        ),
        Said(
            ANSWERED,
            CoAP(
                type=2,
                code=69,
                msg_id=7,
                tkl=2,
                token=b"\xaa\xbb",
                options=[("Content-Format", b"\x32")],
                paymark=b"\xff",
            )
            / Raw(b'{"t":21}'),
            "2.05",
            {"type": "ACK", "message_id": 7, "content_format": 50, "payload_len": 8},
        ),
        Said(ANSWERED, CoAP(type=3, msg_id=8), "Reset", {"type": "RST", "code": "0.00", "message_id": 8}),
    ),
)
MQTT_TALK = Talk(
    "mqtt",
    "tcp",
    (
        Said(
            ASKED,
            MQTT()
            / MQTTConnect(
                protoname="MQTT",
                protolevel=4,
                usernameflag=1,
                passwordflag=1,
                willflag=1,
                willQOSflag=1,
                willretainflag=1,
                klive=30,
                clientId="c1",
                willtopic="w",
                willmsg="gone",
                username="u",
                password="p",
            ),
            "CONNECT",
            {
                "proto_version": "3.1.1",
                "keep_alive": 30,
                "client_id": "c1",
                "clean_session": False,
                "will_topic": "w",
                "will_payload": "gone",
                "will_qos": 1,
                "will_retain": True,
                "username": "u",
                "password": "p",
            },
        ),
        Said(
            ANSWERED,
            b"\x20\x02\x01\x05",
            "CONNACK",
            {"session_present": True, "return_code": 5, "connect_status": "Refused: not authorized"},
        ),
        Said(
            ASKED,
            MQTT(QOS=1)
            / MQTTSubscribe(
                msgid=3, topics=[MQTTTopicQOS(topic="a/+", QOS=1), MQTTTopicQOS(topic="b", QOS=2)]
            ),
            "SUBSCRIBE",
            {"message_id": 3, "topics": ["a/+", "b"], "qos_levels": [1, 2]},
        ),
        Said(ANSWERED, b"\x90\x04\0\x03\x01\x80", "SUBACK", {"message_id": 3, "return_codes": [1, 128]}),
        Said(
            ASKED,
            MQTT(QOS=1) / MQTTUnsubscribe(msgid=4, topics=[MQTTTopic(topic="b")]),
            "UNSUBSCRIBE",
            {"message_id": 4, "topics": ["b"]},
        ),
        Said(ANSWERED, b"\xb0\x02\0\x04", "UNSUBACK", {"message_id": 4}),
        Said(
            ANSWERED,
            MQTT(QOS=1, RETAIN=1) / MQTTPublish(topic="a/1", msgid=9, value="21"),
            "PUBLISH",
            {"retain": True, "qos": 1, "topic": "a/1", "message_id": 9, "payload": "21", "payload_len": 2},
        ),
        Said(ASKED, b"\x40\x02\0\x09", "PUBACK", {"message_id": 9, "reason_code": 0}),
        Said(ASKED, b"\xe0\0", "DISCONNECT", {"qos": 0}),
    ),
)


def mqtt_5(first: int, body: bytes) -> bytes:
    """A short packet."""
    return bytes((first, len(body))) + body


MQTT_5_TALK = Talk(
    "mqtt",
    "tcp",
    (
        Said(
            ASKED,
            mqtt_5(0x10, b"\0\4MQTT\x05\x02\0\x3c\x03\x21\0\x14\0\x02c5"),
            "CONNECT",
            {"proto_version": "5.0", "client_id": "c5", "clean_session": True, "username": None},
        ),
        Said(ANSWERED, mqtt_5(0x20, b"\0\x87\0"), "CONNACK", {"return_code": 0x87}),
        Said(
            ASKED,
            mqtt_5(0x32, b"\0\1a\0\1\x02\x01\x01hi"),
            "PUBLISH",
            {"topic": "a", "message_id": 1, "payload": "hi"},
        ),
        Said(ANSWERED, mqtt_5(0x40, b"\0\1\x90"), "PUBACK", {"message_id": 1, "reason_code": 0x90}),
    ),
)


def hart(sort: int, number: int, command: int, data: bytes) -> bytes:
    """A token-passing PDU in a HART-IP message: 0 asks, 1 answers."""
    frame = bytes((0x86 if sort else 0x82, 0xA6, 0x95, 0xEB, 0x27, 0xB8, command, len(data))) + data
    check = 0
    for octet in frame:
        check ^= octet
    return struct.pack(">BBBBHH", 1, sort, 3, 0, number, 9 + len(frame)) + frame + bytes((check,))


def _hart_answers() -> tuple[Said, ...]:
    """Answers to universal commands; the first two octets are response code and device status."""
    kind = "Token Passing PDU"
    more = "read_additional_device_status_contents"
    variables = b"".join(bytes((unit,)) + struct.pack(">f", value) for unit, value in ((32, 1.5), (33, 2.5)))
    answers: tuple[tuple[int, bytes, Expected], ...] = (
        (
            1,
            b"\0\0\x20" + struct.pack(">f", 21.5),
            {
                "read_primary_variable_response_primary_variable_units_code": 32,
                "read_primary_variable_response_primary_variable": 21.5,
            },
        ),
        (
            2,
            b"\0\0" + struct.pack(">ff", 4.0, 50.0),
            {
                "read_loop_current_response_primary_variable_loop_current": 4.0,
                "read_loop_current_response_primary_variable_percent_range": 50.0,
            },
        ),
        (
            3,
            b"\0\x40" + struct.pack(">f", 4.0) + variables,
            {
                "token_passing_pdu_contents_response_device_status_configuration_changed": True,
                "read_dynamic_variable_response_primary_variable": 1.5,
                "read_dynamic_variable_response_secondary_variable_units_code": 33,
                "read_dynamic_variable_response_secondary_variable": 2.5,
            },
        ),
        (6, b"\0\0\x05\x01", {"write_polling_address_polling_address_device": 5}),
        (
            13,
            b"\0\0" + b"\x82\x08\x20" * 6 + b"\x01\x02\x7b",
            {
                "read_tag_response_tag": "",
                "read_tag_response_descriptor": "",
                "read_tag_response_date": "2023-02-01",
            },
        ),
        (16, b"\0\0\0\0\x07", {"read_final_assembly_number_response_final_assembly_number": 7}),
        (20, b"\0\0" + b"Pump 7".ljust(32, b"\0"), {"read_long_tag_response_long_tag": "Pump 7"}),
        (
            48,
            b"\0\x10" + bytes(6) + b"\x01",
            {
                f"{more}_device_specific_status_0": "000000000000",
                f"{more}_extended_field_device_status_maintenance_required": True,
                f"{more}_extended_field_device_status_failure": False,
            },
        ),
    )
    return tuple(
        Said(ANSWERED, hart(1, number, command, data), kind, fields)
        for number, (command, data, fields) in enumerate(answers)
    )


TALKS = {
    "dns": DNS_TALK,
    "snmp": SNMP_TALK,
    "ntp": NTP_TALK,
    "dhcp": DHCP_TALK,
    "coap": COAP_TALK,
    "mqtt": MQTT_TALK,
    "mqtt 5": MQTT_5_TALK,
    "hart": Talk("hart_ip", "udp", _hart_answers()),
}


def values(fields: Fields) -> list[object]:
    """The values of a record's variables or resource records."""
    return [each["value"] for each in fields.get("variables") or fields.get("records") or ()]


@pytest.mark.parametrize("talk", TALKS.values(), ids=TALKS)
def test_messages_say_what_they_say(talk: Talk) -> None:
    exchange = Exchange(
        talk.protocol, talk.transport, tuple(Message(said.asked, bytes(said.message)) for said in talk.said)
    )
    records = feed(dissector(exchange), talk.transport, exchange.messages)
    assert [record.kind for record in records] == [said.kind for said in talk.said]
    for record, said in zip(records, talk.said, strict=True):
        fields = {**record.fields, "values": values(record.fields)}
        assert {name: fields.get(name) for name in said.fields} == said.fields
        assert "malformed" not in fields


def test_headers_of_opc_ua_services_have_the_names_of_icsnpp() -> None:
    said = (Message(ASKED, opcua.read("Level")), Message(ANSWERED, opcua.read_answer()))
    first, second = feed(dissector(Exchange("opcua", "tcp", said)), "tcp", said)
    assert {
        "req_hdr_node_id_type": "0x01",
        "req_hdr_node_id_namespace_idx": 0,
        "req_hdr_node_id_numeric": 0,
        "req_hdr_request_handle": 1,
        "req_hdr_return_diag": 0,
        "req_hdr_audit_entry_id": None,
        "req_hdr_timeout_hint": 0,
        "req_hdr_add_hdr_type_id": 0,
        "req_hdr_add_hdr_enc_mask": 0,
        "req_hdr_timestamp": None,
        "identifier_str": "ReadRequest",
        "identifier": 631,
    }.items() <= first.fields.items()
    assert [(each["node_id"], each["attribute_id_str"]) for each in first.fields["nodes"]] == [
        ("ns=1;s=Level", "Value")
    ]
    assert {
        "res_hdr_request_handle": 1,
        "res_hdr_service_diag_encoding": 0,
        "res_hdr_add_hdr_type_id": 0,
        "status": "Good",
        "identifier_str": "ReadResponse",
    }.items() <= second.fields.items()
