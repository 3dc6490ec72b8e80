"""What a session remembers of its subscriptions."""

import pytest

from holdfast.gateway.sessions.subscriptions import Subscriptions
from holdfast.protocol.hub import Subscription
from holdfast.protocol.mqtt.errors import MqttError
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.mqtt.subscribe import TopicFilter

METHODS = "$iothub/methods/POST/#"
DEVICEBOUND = "devices/d/messages/devicebound/#"


def test_the_qos_is_granted_up_to_1_and_the_last_word_counts() -> None:
    subscriptions = Subscriptions("d", "")
    assert subscriptions.subscribe([TopicFilter(METHODS, 2), TopicFilter(DEVICEBOUND, 0)]) == [1, 0]
    assert subscriptions.qos(Subscription.METHODS) == 1
    assert subscriptions.qos(Subscription.DEVICEBOUND) == 0
    assert subscriptions.subscribe([TopicFilter(METHODS, 0)]) == [0]
    assert subscriptions.qos(Subscription.METHODS) == 0
    assert subscriptions.qos(Subscription.DESIRED) is None
    assert subscriptions.as_dict() == {METHODS: 0, DEVICEBOUND: 0}


def test_two_filters_may_ask_for_the_same() -> None:
    subscriptions = Subscriptions("d", "m")
    both = ["devices/d/modules/m/#", "devices/d/modules/m/inputs/#"]
    subscriptions.subscribe([TopicFilter(name, 1) for name in both])
    subscriptions.unsubscribe(both[:1])
    assert subscriptions.qos(Subscription.INPUTS) == 1


def test_leaving_says_whether_there_was_anything() -> None:
    subscriptions = Subscriptions("d", "")
    subscriptions.subscribe([TopicFilter(METHODS, 1)])
    answers = subscriptions.unsubscribe([METHODS, METHODS, "#"])
    assert answers == [
        Reason.SUCCESS,
        Reason.NO_SUBSCRIPTION_EXISTED,
        Reason.NO_SUBSCRIPTION_EXISTED,
    ]
    assert subscriptions.qos(Subscription.METHODS) is None


def test_another_devices_filter_is_refused() -> None:
    with pytest.raises(MqttError) as refused:
        Subscriptions("e", "").subscribe([TopicFilter(DEVICEBOUND, 1)])
    assert refused.value.reason is Reason.TOPIC_FILTER_INVALID


def test_what_is_restored_is_judged_again() -> None:
    subscriptions = Subscriptions("e", "")
    subscriptions.restore({METHODS: 1, DEVICEBOUND: 1, "#": 1})
    assert subscriptions.as_dict() == {METHODS: 1}


def test_sessions_share_nothing() -> None:
    one, other = Subscriptions("d", ""), Subscriptions("d", "")
    one.subscribe([TopicFilter(METHODS, 1)])
    assert other.as_dict() == {}
