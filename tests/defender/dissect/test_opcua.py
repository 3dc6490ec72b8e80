"""OPC UA services say what ICSNPP's logs of each service say, by its names."""

import struct
from typing import Any

from holdfast.defender.dissect.opcua.status import status_name
from holdfast.defender.record import Record
from tests.defender.dissect.feeding import Exchange, Message, dissector, exchanges, feed
from tests.support.traffic import opcua
from tests.support.traffic.opcua import message, node, numeric, request_header, response_header, text

Expected = dict[str, Any]  # Any: what fields hold
NO_FILTER = b"\0\0\0"
"""An ExtensionObject that is empty."""


def _records(*messages: Message) -> list[Record]:
    exchange = Exchange("opcua", "tcp", messages)
    return feed(dissector(exchange), "tcp", messages)


def _asked(service: int, body: bytes) -> Expected:
    (record,) = _records(Message(True, message(service, request_header() + body)))
    assert "malformed" not in record.fields
    return record.fields


def _answered(service: int, body: bytes) -> Expected:
    (record,) = _records(Message(False, message(service, response_header() + body)))
    assert "malformed" not in record.fields
    return record.fields


def _captured(kind: str, number: int) -> Expected:
    """The fields of the request (0) or response (1) of this kind in the sample of a real session."""
    (exchange,) = [each for each in exchanges() if each.protocol == "opcua"]
    found = [record for record in feed(dissector(exchange), "tcp", exchange.messages) if record.kind == kind]
    return found[number].fields


def test_a_session_is_created_as_icsnpp_says_it() -> None:
    assert {
        "application_uri": "urn:unconfigured:application",
        "product_uri": None,
        "encoding_mask": 0,
        "application_type": 1,
        "endpoint_url": "opc.tcp://localhost:4840",
        "client_nonce": None,
        "req_session_timeout": 1200000,
        "max_res_msg_size": 2147483647,
    }.items() <= _captured("CreateSession", 0).items()
    created = _captured("CreateSession", 1)
    assert {
        "session_id_encoding_mask": "0x04",
        "session_id_namespace_idx": 1,
        "session_id_guid": "1f0ed399-d1e0-d64d-ac6a-b66b9ba9ea8e",
        "auth_token_guid": "bf15935b-25ee-67bf-2812-11612d8238b3",
        "revised_session_timeout": 1200000,
        "server_nonce": "0x286e30ce849b2fec36af0ee4efb4266eb30a407d39893af5...",
        "algorithm": None,
        "max_req_msg_size": 0,
    }.items() <= created.items()


def test_endpoints_come_with_the_tokens_that_they_take() -> None:
    (endpoint,) = _captured("GetEndpoints", 1)["endpoints"]
    assert {
        "endpoint_url": "opc.tcp://localhost:4840",
        "application_uri": "urn:open62541.server.application",
        "product_uri": "http://open62541.org",
        "encoding_mask": 3,
        "locale": "en",
        "text": "open62541-based OPC UA Application",
        "application_type": 0,
        "message_security_mode": 1,
        "security_policy_uri": "http://opcfoundation.org/UA/SecurityPolicy#None",
        "transport_profile_uri": "http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary",
        "security_level": 1,
    }.items() <= endpoint.items()
    assert [
        (each["user_token_policy_id"], each["user_token_type"], each["user_token_sec_policy_uri"])
        for each in endpoint["user_tokens"]
    ] == [
        ("open62541-anonymous-policy", 0, None),
        ("open62541-username-policy", 1, "http://opcfoundation.org/UA/SecurityPolicy#None"),
    ]


def test_who_signs_in_is_said() -> None:
    assert {
        "ext_obj_type_id_encoding_mask": "0x01",
        "ext_obj_type_id_namespace_idx": 0,
        "ext_obj_type_id_numeric": 324,
        "ext_obj_type_id_str": "UserNameIdentityToken",
        "ext_obj_encoding": "0x01",
        "ext_obj_policy_id": "open62541-username-policy",
        "ext_obj_user_name": "user1",
        "ext_obj_password": "password",
        "password_encrypted": False,
    }.items() <= _captured("ActivateSession", 0).items()
    assert _captured("ActivateSession", 1)["server_nonce"].endswith("...")
    assert _captured("CloseSession", 0)["del_subscriptions"] is True


def test_a_browse_names_view_nodes_and_masks() -> None:
    view = b"\0\0" + struct.pack("<qII", 0, 0, 10) + struct.pack("<I", 2)
    wanted = b"\0\x55" + struct.pack("<I", 0) + b"\0\0" + struct.pack("<BII", 0, 0, 63)
    other = node("Tank") + struct.pack("<I", 2) + numeric(33) + struct.pack("<BII", 1, 3, 1)
    fields = _asked(527, view + wanted + other)
    assert (fields["browse_service_type"], fields["req_max_ref_nodes"]) == ("BrowseRequest", 10)
    assert (fields["browse_view_id_encoding_mask"], fields["browse_view_id_numeric"]) == ("0x00", 0)
    first, second = fields["nodes"]
    assert first == {
        "browse_description_encoding_mask": "0x00",
        "browse_description_numeric": 85,
        "node_id": "i=85",
        "browse_direction": "FWD",
        "browse_description_ref_encoding_mask": "0x00",
        "browse_description_ref_numeric": 0,
        "browse_description_include_subtypes": False,
        "browse_node_class_mask": "All",
        "browse_result_mask": "0x0000003f",
    }
    assert second["browse_description_string"] == "Tank"
    assert second["browse_description_ref_namespace_idx"] == 0
    assert (second["browse_direction"], second["browse_node_class_mask"]) == ("BOTH", "Object,Variable")


def test_references_that_were_found_are_read_to_their_ends() -> None:
    elsewhere = struct.pack("<BBH", 0xC1, 0, 61) + text("urn:far") + struct.pack("<I", 7)
    reference = b"\0\x28\x01" + elsewhere + struct.pack("<H", 0) + text("FolderType")
    reference += b"\x03" + text("en") + text("Folder") + struct.pack("<I", 8) + b"\0\0"
    body = struct.pack("<II", 1, 0) + text(None) + struct.pack("<I", 1) + reference + struct.pack("<I", 0)
    (result,) = _answered(530, body)["results"]
    assert (result["status_code"], result["sub_code_str"]) == ("0x00000000", "Good")
    (found,) = result["references"]
    assert found == {
        "browse_response_ref_encoding_mask": "0x00",
        "browse_response_ref_numeric": 40,
        "browse_response_is_forward": True,
        "browse_response_ref_type_encoding_mask": "0xc1",
        "browse_response_ref_type_namespace_idx": 0,
        "browse_response_ref_type_numeric": 61,
        "browse_response_ref_type_namespace_uri": "urn:far",
        "browse_response_ref_type_server_idx": 7,
        "browse_response_ref_name_idx": 0,
        "browse_response_ref_name": "FolderType",
        "browse_response_display_name_mask": "0x03",
        "browse_response_display_name_locale": "en",
        "browse_response_display_name_text": "Folder",
        "browse_response_node_class": "ObjectTypeNodeClass",
        "browse_response_type_def_encoding_mask": "0x00",
        "browse_response_type_def_numeric": 0,
    }


def test_a_browse_goes_on_where_it_was_left() -> None:
    fields = _asked(533, struct.pack("<BI", 1, 1) + text("here"))
    assert fields["browse_service_type"] == "BrowseNextRequest"
    assert fields["browse_next_release_continuation_point"] is True
    assert fields["continuation_points"] == ["0x68657265"]


def test_subscriptions_say_what_was_asked_and_what_was_granted() -> None:
    asked = _asked(787, struct.pack("<dIII?B", 500.0, 10000, 10, 0, True, 0))
    assert {
        "requested_publishing_interval": 500,
        "requested_lifetime_count": 10000,
        "requested_max_keep_alive_count": 10,
        "max_notifications_per_publish": 0,
        "publishing_enabled": True,
        "priority": 0,
    }.items() <= asked.items()
    granted = _answered(790, struct.pack("<IdII", 1, 500.0, 10000, 10))
    assert (granted["subscription_id"], granted["revised_publishing_interval"]) == (1, 500)
    assert (granted["revised_lifetime_count"], granted["revised_max_keep_alive_count"]) == (10000, 10)


def test_what_is_watched_is_named_with_how() -> None:
    item = node("the.answer") + struct.pack("<I", 13) + text(None) + struct.pack("<H", 0) + text(None)
    item += struct.pack("<IId", 2, 1, 250.0) + NO_FILTER + struct.pack("<I?", 1, True)
    fields = _asked(751, struct.pack("<III", 1, 2, 1) + item)
    assert (fields["subscription_id"], fields["timestamps_to_return"]) == (1, "Both")
    (watched,) = fields["nodes"]
    assert {
        "item_to_monitor_node_id_encoding_mask": "0x03",
        "item_to_monitor_node_id_namespace_idx": 1,
        "item_to_monitor_node_id_string": "the.answer",
        "item_to_monitor_attribute_id": "Value",
        "item_to_monitor_index_range": None,
        "monitoring_mode": "Reporting",
        "monitoring_parameters_client_handle": 1,
        "monitoring_parameters_sampling_interval": 250,
        "monitoring_parameters_queue_size": 1,
        "monitoring_parameters_discard_oldest": True,
    }.items() <= watched.items()
    body = struct.pack("<IIIdI", 1, 0x80340000, 0, 0.0, 0) + NO_FILTER + struct.pack("<I", 0)
    (refused,) = _answered(754, body)["results"]
    assert refused == {
        "status_code": "0x80340000",
        "severity": 2,
        "severity_str": "Severity_Bad",
        "sub_code": 52,
        "sub_code_str": "BadNodeIdUnknown",
        "structure_changed": False,
        "semantics_changed": False,
        "info_type": 0,
        "info_type_str": "InfoType_NotUsed",
        "monitored_item_id": 0,
        "revised_sampling_interval": 0,
        "revised_queue_size": 0,
    }


def test_values_come_with_their_stamps_and_states() -> None:
    stamped = b"\x2f\x06" + struct.pack("<iI", 42, 0x40000000) + struct.pack("<qqH", 1, 1, 5)
    refused = b"\x02" + struct.pack("<I", 0x80340000)
    good, bad = _answered(634, struct.pack("<I", 2) + stamped + refused + struct.pack("<I", 0))["results"]
    assert (good["value"], good["built_in_data_type"], good["server_pico_sec"]) == (42, 6, 5)
    assert good["severity_str"] == "Severity_Uncertain"
    assert (bad["data_value_encoding_mask"], bad["status"]) == ("0x02", "BadNodeIdUnknown")
    written = node("Level") + struct.pack("<I", 13) + text("1:2") + b"\x01\x0b" + struct.pack("<d", 1.5)
    (change,) = _asked(673, struct.pack("<I", 1) + written)["nodes"]
    assert change == {
        "node_id": "ns=1;s=Level",
        "node_id_encoding_mask": "0x03",
        "node_id_namespace_idx": 1,
        "node_id_string": "Level",
        "attribute": 13,
        "attribute_id": 13,
        "attribute_id_str": "Value",
        "index_range": "1:2",
        "data_value_encoding_mask": "0x01",
        "built_in_data_type": 11,
        "value": 1.5,
    }


def test_codes_have_the_names_of_the_specification() -> None:
    assert status_name(0x80790000) == "BadNoSubscription"
    assert status_name(0x80780000) == "BadTooManyPublishRequests"
    assert status_name(0x40000000) == "Uncertain"
    assert status_name(0x8FFF0000) == "0x8fff0000"


def test_a_channel_says_its_mode_as_number_and_as_name() -> None:
    (record,) = _records(Message(True, opcua.open_channel(mode=3)))
    fields = record.fields
    assert (fields["message_security_mode"], fields["security_mode"]) == (3, "SignAndEncrypt")
    assert (fields["sec_token_request_type"], fields["req_lifetime"]) == (0, 3600000)
