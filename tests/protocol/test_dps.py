"""Provisioning: names, topics and bodies."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.protocol.dps import (
    MAXIMUM_BODY,
    Assignment,
    Code,
    DpsError,
    Poll,
    ProvisioningUser,
    Register,
    decode_registration,
    encode_accepted,
    encode_assignment,
    encode_error,
    parse_topic,
    parse_user_name,
    response_topic,
)

NOW = 1_800_000_000.0


@pytest.mark.parametrize("client", ["py%2F1", "py/1"])
def test_a_registering_device_is_told_by_its_user_name(client: str) -> None:
    name = f"0ne00/registrations/dev-1/api-version=2019-03-31&ClientVersion={client}"
    assert parse_user_name(name) == ProvisioningUser("0ne00", "dev-1", "2019-03-31", "py/1")


@pytest.mark.parametrize(
    "name",
    [
        "hub/registrations/?api-version=1",
        "hub/d/?api-version=1",
        "",
        "a/registrations/b",
        "hub/registrations/m/?api-version=1",
    ],
)
def test_a_hub_user_name_is_not_taken_for_it(name: str) -> None:
    assert parse_user_name(name) is None


@pytest.mark.parametrize("registration", ["d.", "d_", "d:", "a b", "ä", "d#", "%41"])
def test_a_registration_id_has_its_alphabet(registration: str) -> None:
    with pytest.raises(DpsError):
        parse_user_name(f"0ne/registrations/{registration}/api-version=1")


@pytest.mark.parametrize("registration", ["d", "D-", "a.b_c:d-1", "x" * 128])
def test_a_registration_id_may_be(registration: str) -> None:
    user = parse_user_name(f"0ne/registrations/{registration}/api-version=1")
    assert user is not None
    assert user.registration == registration


def test_the_two_topics_are_told_apart() -> None:
    assert parse_topic("$dps/registrations/PUT/iotdps-register/?$rid=1") == Register("1")
    assert parse_topic("$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=5.a") == Poll(
        "2", "5.a"
    )


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "$dps/registrations/PUT/iotdps-register/",
        "$dps/registrations/PUT/iotdps-register/?rid=1",
        "$dps/registrations/PUT/iotdps-register/?$rid=",
        "$dps/registrations/GET/iotdps-get-operationstatus/?operationId=1",
        "devices/d/messages/events/",
    ],
)
def test_any_other_topic_is_refused(topic: str) -> None:
    with pytest.raises(DpsError):
        parse_topic(topic)


def test_answers_carry_the_status_and_the_request_in_the_topic() -> None:
    assert response_topic(202, "1", 3) == "$dps/registrations/res/202/?$rid=1&retry-after=3"
    assert response_topic(200, "2") == "$dps/registrations/res/200/?$rid=2"
    assert Code.UNAUTHORIZED.status == 401
    assert Code.WAITING_OR_BLOCKED.status == 400


def test_a_registration_carries_its_payload() -> None:
    body = json.dumps({"registrationId": "Dev-1", "payload": {"modelId": "dtmi:a:b;1"}}).encode()
    assert decode_registration(body, "dev-1") == {"modelId": "dtmi:a:b;1"}
    assert decode_registration(b'{"registrationId":"dev-1"}', "dev-1") == {}
    assert decode_registration(b'{"payload":null}', "dev-1") == {}
    assert decode_registration(b" ", "dev-1") == {}


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{",
        b'{"registrationId":"e"}',
        b'{"registrationId":1}',
        b'{"payload":[]}',
        b" " * MAXIMUM_BODY + b"{}",
    ],
)
def test_a_bad_registration_is_refused(body: bytes) -> None:
    with pytest.raises(DpsError):
        decode_registration(body, "d")


@given(st.binary(max_size=100), st.text(max_size=100))
def test_anything_is_understood_or_a_dps_error(body: bytes, text: str) -> None:
    for parse in (
        lambda: decode_registration(body, "d"),
        lambda: parse_user_name(f"s/registrations/{text}/api-version=1"),
        lambda: parse_topic(f"$dps/registrations/PUT/iotdps-register/?{text}"),
    ):
        try:
            parse()
        except DpsError:
            continue


def test_a_device_reads_that_it_has_to_poll() -> None:
    assert json.loads(encode_accepted("5.a")) == {"operationId": "5.a", "status": "assigning"}


def test_a_device_reads_where_it_is_assigned() -> None:
    assignment = Assignment(
        "dev-1", "assigned", "hub.example", "dev-1", "initialAssignment", NOW, NOW, "e1", payload={"a": 1}
    )
    assert json.loads(encode_assignment("5.a", assignment)) == {
        "operationId": "5.a",
        "status": "assigned",
        "registrationState": {
            "registrationId": "dev-1",
            "createdDateTimeUtc": "2027-01-15T08:00:00.000Z",
            "assignedHub": "hub.example",
            "deviceId": "dev-1",
            "status": "assigned",
            "substatus": "initialAssignment",
            "lastUpdatedDateTimeUtc": "2027-01-15T08:00:00.000Z",
            "etag": "e1",
            "payload": {"a": 1},
        },
    }


def test_a_device_reads_why_it_failed() -> None:
    failed = Assignment("d", "failed", created=NOW, updated=NOW, error_code=400209, error_message="waiting")
    state = json.loads(encode_assignment("5.a", failed))["registrationState"]
    assert (state["errorCode"], state["errorMessage"]) == (400209, "waiting")
    assert "assignedHub" not in state


def test_a_refusal_has_a_code_and_something_to_quote() -> None:
    assert json.loads(encode_error(Code.UNAUTHORIZED, "no", "t-1", NOW)) == {
        "errorCode": 401002,
        "trackingId": "t-1",
        "message": "no",
        "timestampUtc": "2027-01-15T08:00:00.000Z",
    }
