import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast import __version__
from holdfast.delivery.formats.cef import cef
from holdfast.delivery.formats.leef import leef
from holdfast.delivery.formats.syslog import MAXIMUM_DATAGRAM, datagram, enveloped, octet_counted, rfc5424
from holdfast.delivery.model import Message, Urgency

MESSAGE = Message(
    id="01j",
    time=1_795_000_000.5,
    kind="alert",
    title="Modbus Exception",
    text="10.0.0.1 answered with exception 2",
    urgency=Urgency.ALERT,
    score=8,
    fields={"src_ip": "10.0.0.1", "dst_ip": "10.0.0.9", "src_mac": "", "cat": "Illegal Commands"},
    body={"id": "01j"},
)
HOSTILE = st.text(max_size=40) | st.sampled_from(['a"]b', "x|y\\z=", "two\nlines", "tab\there"])


def test_cef_has_the_seven_header_fields_and_the_extension() -> None:
    assert cef(MESSAGE, "north") == (
        f"CEF:0|Holdfast|north|{__version__}|alert|Modbus Exception|8|"
        "msg=10.0.0.1 answered with exception 2 externalId=01j rt=1795000000500 "
        "src_ip=10.0.0.1 dst_ip=10.0.0.9 cat=Illegal Commands"
    )


def test_leef_separates_attributes_by_tabs() -> None:
    assert leef(MESSAGE, "north").split("\t") == [
        f"LEEF:1.0|Holdfast|north|{__version__}|alert|title=Modbus Exception",
        "msg=10.0.0.1 answered with exception 2",
        "sev=8",
        "devTime=1795000000500",
        "id=01j",
        "src_ip=10.0.0.1",
        "dst_ip=10.0.0.9",
        "cat=Illegal Commands",
    ]


def test_rfc5424_has_priority_time_names_and_structured_data() -> None:
    assert rfc5424(MESSAGE, "plant-1", "north") == (
        "<9>1 2026-11-18T11:06:40.500Z plant-1 north - alert "
        '[holdfast@32473 id="01j" src_ip="10.0.0.1" dst_ip="10.0.0.9" cat="Illegal Commands"] '
        "\ufeffModbus Exception: 10.0.0.1 answered with exception 2"
    )


def hostile(text: str) -> Message:
    return Message("1", 0.0, text, text, text, fields={"a": text, text: "b"})


@given(HOSTILE)
def test_no_text_breaks_out_of_a_cef_header_or_value(text: str) -> None:
    line = cef(hostile(text), text)
    assert "\n" not in line
    assert "\r" not in line
    header = re.split(r"(?<!\\)(?:\\\\)*\|", line)
    assert len(header) >= 8
    assert header[0] == "CEF:0"
    assert header[6] == "3"


@given(HOSTILE)
def test_no_text_makes_a_second_line_or_field_in_leef(text: str) -> None:
    line = leef(hostile(text), text)
    assert "\n" not in line
    assert "\r" not in line
    assert line.count("|") == 5 + sum(part.count("|") for part in line.split("|", 5)[5:])
    keys = [pair.partition("=")[0] for pair in line.split("|", 5)[5].split("\t")]
    assert all(keys)
    assert len(keys) <= 7
    assert set(keys) >= {"sev", "devTime", "id"}


_STRUCTURED = re.compile(r'\[holdfast@32473( [!-~]{1,32}="(?:[^"\\\]]|\\.)*")*\] ', re.DOTALL)


@given(HOSTILE)
def test_no_text_breaks_out_of_structured_data(text: str) -> None:
    line = rfc5424(hostile(text), text, text)
    assert line.isprintable() or "\ufeff" in line
    head = line.split(" ", 6)
    assert head[0] == "<13>1"
    assert all(" " not in part and part for part in head[:6])
    assert _STRUCTURED.match(head[6])
    assert "\n" not in line


def test_frames_of_streams_begin_with_their_length_in_bytes() -> None:
    assert octet_counted("Grüße") == "7 Grüße".encode()


@pytest.mark.parametrize("text", ["x" * 5000, "ü" * 2000])
def test_datagrams_are_cut_at_whole_characters(text: str) -> None:
    data = datagram(text)
    assert MAXIMUM_DATAGRAM - 4 < len(data) <= MAXIMUM_DATAGRAM
    assert text.startswith(data.decode())


def test_other_contents_travel_behind_a_header() -> None:
    line = enveloped(MESSAGE, "plant-1", "north", "CEF:0|x\ny")
    assert line == "<9>1 2026-11-18T11:06:40.500Z plant-1 north - alert - CEF:0|x y"
