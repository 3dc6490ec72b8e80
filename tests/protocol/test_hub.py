"""The hub's names and topics: every documented form, both SDKs' spellings, and nobody else's topics."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.protocol.hub import (
    HubUser,
    MethodResult,
    ReportedPatch,
    Route,
    Subscription,
    Telemetry,
    TopicError,
    TwinGet,
    client_id,
    desired_topic,
    devicebound_topic,
    events_topic,
    method_topic,
    parse_filter,
    parse_topic,
    parse_user_name,
    twin_response_topic,
)

ids = st.from_regex(r"[A-Za-z0-9\-:._]{1,20}", fullmatch=True)

USER_NAMES = {
    "h/d/?api-version=2021-04-12": HubUser("h", "d", api_version="2021-04-12"),
    "h/d?api-version=2021-04-12": HubUser("h", "d", api_version="2021-04-12"),
    "h/d/m/?api-version=2021-04-12": HubUser("h", "d", "m", "2021-04-12"),
    "h/d/?api-version=2020-09-30&DeviceClientType=py%2F2.14&model-id=dtmi%3Aa%3Ab%3B1": HubUser(
        "h", "d", "", "2020-09-30", "dtmi:a:b;1", "py/2.14"
    ),
    "h:28883/d/?api-version=2021-04-12&model-id=dtmi:a:b;1&DeviceClientType=node": HubUser(
        "h:28883", "d", "", "2021-04-12", "dtmi:a:b;1", "node"
    ),
    "h/d": HubUser("h", "d"),
}


@pytest.mark.parametrize("text", USER_NAMES)
def test_a_user_name_names_host_and_device(text: str) -> None:
    assert parse_user_name(text) == USER_NAMES[text]


@pytest.mark.parametrize(
    "text", ["", "h", "h/", "/d", "h//m", "h/d/m/x", "h/d e", "h/d\n", "h/" + "d" * 129, "h" * 3000]
)
def test_any_other_user_name_is_refused(text: str) -> None:
    with pytest.raises(TopicError):
        parse_user_name(text)


TOPICS: dict[tuple[str, str], Route] = {
    ("devices/d/messages/events/", ""): Telemetry(""),
    ("devices/d/messages/events", ""): Telemetry(""),
    ("devices/d/messages/events/a=1&%24.ct=b", ""): Telemetry("a=1&%24.ct=b"),
    ("devices/d/modules/m/messages/events/a=1", "m"): Telemetry("a=1"),
    ("$iothub/twin/GET/?$rid=1", ""): TwinGet("1"),
    ("$iothub/twin/GET/?$rid=5f%20x&a=b", ""): TwinGet("5f%20x"),
    ("$iothub/twin/PATCH/properties/reported/?$rid=7", ""): ReportedPatch("7"),
    ("$iothub/methods/res/200/?$rid=9", ""): MethodResult(200, "9"),
    ("$iothub/methods/res/-1/?$rid=9", ""): MethodResult(-1, "9"),
}


@pytest.mark.parametrize(("topic", "module"), TOPICS)
def test_a_device_publishes_to(topic: str, module: str) -> None:
    assert parse_topic(topic, "d", module) == TOPICS[topic, module]


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "a",
        "devices/e/messages/events/",
        "devices/d/messages/eventsx",
        "devices/D/messages/events/",
        "devices/d/modules/m/messages/events/",
        "devices/d/messages/devicebound/",
        "$iothub/twin/GET/",
        "$iothub/twin/GET/?$rid=",
        "$iothub/twin/GET/?rid=1",
        "$iothub/twin/GET/?$rid=" + "1" * 300,
        "$iothub/methods/POST/x/?$rid=1",
        "$iothub/methods/res/ok/?$rid=1",
        "$iothub/methods/res/99999999999/?$rid=1",
        "$iothub/twin/PATCH/properties/desired/?$rid=1",
        "$dps/registrations/PUT/iotdps-register/?$rid=1",
    ],
)
def test_a_device_publishes_to_nothing_else(topic: str) -> None:
    with pytest.raises(TopicError):
        parse_topic(topic, "d")


@given(ids, ids, st.text(max_size=60))
def test_nobody_publishes_for_another_device(one: str, other: str, tail: str) -> None:
    topic = events_topic(other) + tail
    try:
        route = parse_topic(topic, one)
    except TopicError:
        assert one != other
    else:
        assert one == other
        assert route == Telemetry(tail)


@given(ids, ids)
def test_nobody_subscribes_to_another_device(one: str, other: str) -> None:
    name = f"devices/{other}/messages/devicebound/#"
    if one == other:
        assert parse_filter(name, one) is Subscription.DEVICEBOUND
    else:
        with pytest.raises(TopicError):
            parse_filter(name, one)


@pytest.mark.parametrize(
    ("name", "module", "expected"),
    [
        ("devices/d/messages/devicebound/#", "", Subscription.DEVICEBOUND),
        ("$iothub/twin/res/#", "", Subscription.TWIN_RESPONSES),
        ("$iothub/twin/PATCH/properties/desired/#", "m", Subscription.DESIRED),
        ("$iothub/methods/POST/#", "", Subscription.METHODS),
        ("devices/d/modules/m/#", "m", Subscription.INPUTS),
        ("devices/d/modules/m/inputs/#", "m", Subscription.INPUTS),
    ],
)
def test_a_device_subscribes_to(name: str, module: str, expected: Subscription) -> None:
    assert parse_filter(name, "d", module) is expected


@pytest.mark.parametrize(
    "name",
    [
        *("#", "+/#", "devices/#", "devices/+/messages/devicebound/#", "devices/d/#", "$iothub/#"),
        *("devices/d/messages/events/#", "devices/d/modules/m/#", "$share/x/$iothub/twin/res/#"),
    ],
)
def test_a_device_subscribes_to_nothing_else(name: str) -> None:
    with pytest.raises(TopicError):
        parse_filter(name, "d")


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_is_understood_or_a_topic_error(first: str, second: str) -> None:
    for parse in (
        lambda: parse_topic(first, "d", second),
        lambda: parse_topic(f"$iothub/methods/res/{first}/?{second}", "d"),
        lambda: parse_filter(first, "d", second),
        lambda: parse_user_name(f"{first}/{second}"),
    ):
        try:
            parse()
        except TopicError:
            continue


def test_what_a_device_is_sent() -> None:
    assert twin_response_topic(200, "a%20b") == "$iothub/twin/res/200/?$rid=a%20b"
    assert twin_response_topic(204, "1", 7) == "$iothub/twin/res/204/?$rid=1&$version=7"
    assert desired_topic(4) == "$iothub/twin/PATCH/properties/desired/?$version=4"
    assert method_topic("thermostat1*reboot", "3") == "$iothub/methods/POST/thermostat1*reboot/?$rid=3"
    assert method_topic("a/b#+ä", "3") == "$iothub/methods/POST/a%2Fb%23%2B%C3%A4/?$rid=3"
    assert devicebound_topic("d", "%24.mid=1") == "devices/d/messages/devicebound/%24.mid=1"
    assert (client_id("d"), client_id("d", "m")) == ("d", "d/m")
