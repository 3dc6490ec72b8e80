"""Nothing is allowed that nobody allowed: topics of devices, commands. Routes: `tests/api/test_frame.py`."""

import importlib
import inspect
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.cli.main import COMMANDS
from holdfast.protocol.hub import TopicError, events_topic, parse_filter, parse_topic

ON_THE_DATA_FOLDER = {
    "audit list": "reads the log of an instance that may be stopped",
    "audit verify": "checks the chain without trusting a running instance",
    "demo": "starts an instance",
    "keys list": "the ring lies in the folder",
    "keys rotate": "the instance is stopped meanwhile",
    "up": "starts the instance",
}
"""Commands that open an instance's own files, with the keys beside them: who may is up to the file system.
A new one is a decision that is made here as well."""

IDS = st.from_regex(r"\A[A-Za-z0-9._-]{1,12}\Z")
OWN = (
    "$iothub/twin/GET/?$rid=1",
    "$iothub/twin/PATCH/properties/reported/?$rid=1",
    "$iothub/methods/res/200/?$rid=1",
)


class Command(NamedTuple):
    """A command, and the names of its function's parameters."""

    words: str
    parameters: frozenset[str]


def commands() -> Iterator[Command]:
    """Every command by its words."""
    for name, entry in COMMANDS.items():
        app = importlib.import_module(entry.module).app
        own = app.registered_callback
        alone = [(name, own.callback)] if own is not None and not app.registered_commands else []
        grouped = [(f"{name} {i.name or _name(i.callback)}", i.callback) for i in app.registered_commands]
        for words, function in alone or grouped:
            assert function is not None
            yield Command(words, frozenset(inspect.signature(inspect.unwrap(function)).parameters))


def _name(function: Callable[..., object] | None) -> str:
    return getattr(function, "__name__", "")


def test_a_command_asks_the_api_or_is_known_to_open_the_data_folder() -> None:
    opening = {command.words for command in commands() if command.parameters & {"data", "data_folder"}}
    assert opening == set(ON_THE_DATA_FOLDER)


def test_no_command_does_both() -> None:
    """What opens files has no token, so nobody takes its access for that of the token's role."""
    both = [
        c.words for c in commands() if c.words in ON_THE_DATA_FOLDER and c.parameters & {"context", "token"}
    ]
    assert both == []


@given(device=IDS, other=IDS, tail=st.text(max_size=12))
def test_a_device_speaks_and_listens_for_itself_alone(device: str, other: str, tail: str) -> None:
    if device == other:
        return
    for topic in (
        events_topic(other) + tail,
        events_topic(other, "module") + tail,
        events_topic(device, "m") + tail,
    ):
        with pytest.raises(TopicError):
            parse_topic(topic, device)
    for name in (
        f"devices/{other}/messages/devicebound/#",
        f"devices/{device}/modules/m/#",
        f"devices/+/{tail}",
        "#",
    ):
        with pytest.raises(TopicError):
            parse_filter(name, device)


@given(device=IDS, topic=st.text(max_size=60))
def test_a_topic_that_is_not_in_the_table_is_refused(device: str, topic: str) -> None:
    own = (events_topic(device)[:-1], "$iothub/twin/", "$iothub/methods/res/")
    if topic.startswith(own):
        return
    with pytest.raises(TopicError):
        parse_topic(topic, device)


@pytest.mark.parametrize("topic", OWN)
def test_what_is_in_the_table_is_understood(topic: str) -> None:
    assert parse_topic(topic, "d")
