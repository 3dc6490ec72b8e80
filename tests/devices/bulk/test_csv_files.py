"""Devices as CSV: IoT Central's columns in and out, mistakes with their place, no formula inside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.devices.bulk.csv_files import COLUMNS, CsvError, DeviceRow, read_devices, write_devices

KEY = "+AAAAAAAAAAAAAAAAAAAAA=="
"""Base64 may begin like a formula."""


def _written(*rows: DeviceRow) -> str:
    return "".join(write_devices(rows, credentials=True))


def test_a_file_as_the_hosted_service_exports_it_is_read() -> None:
    data = "\ufeffIOTC_DeviceId,IOTC_DeviceName,IOTC_SasKey_Primary,Other\r\n"
    data += "pump-1,Pump one,AAAA,x\r\n\r\npump-2,,,\r\n"
    assert read_devices(data.encode()) == [
        DeviceRow(2, "pump-1", "Pump one", ("AAAA", "")),
        DeviceRow(4, "pump-2"),
    ]


def test_semicolons_do_as_well() -> None:
    assert read_devices(b"IOTC_DEVICEID;IOTC_DEVICENAME\na;b,c\n") == [DeviceRow(2, "a", "b,c")]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "line 1:"),
        ("IOTC_DEVICENAME\nx\n", "line 1, column IOTC_DEVICEID:"),
        ("IOTC_DEVICEID,iotc_deviceid\n", "line 1, column IOTC_DEVICEID: it is there twice"),
        ("IOTC_DEVICEID\nok\nno spaces here\n", "line 3, column IOTC_DEVICEID:"),
        ("IOTC_DEVICEID\npump\nPUMP\n", "line 3, column IOTC_DEVICEID: PUMP is in line 2 already"),
        ("IOTC_DEVICEID\nhosti\u0430e\n", "line 2, column IOTC_DEVICEID:"),
        ("IOTC_DEVICEID\n../../etc\n", "line 2, column IOTC_DEVICEID:"),
        (f"IOTC_DEVICEID,IOTC_DEVICENAME\na,{'x' * 149}\n", "line 2, column IOTC_DEVICENAME:"),
        ("IOTC_DEVICEID,IOTC_SASKEY_SECONDARY\na,AAAA\n", "line 2, column IOTC_SASKEY_PRIMARY: it is empty"),
        (f"{','.join(COLUMNS)}\na,,AAAA,,BBBB,\n", "line 2, column IOTC_X509THUMBPRINT_PRIMARY:"),
        ('IOTC_DEVICEID\n"open\n', "line 2: the quoting is broken"),
    ],
)
def test_a_mistake_is_told_with_line_and_column(text: str, place: str) -> None:
    with pytest.raises(CsvError, match=place):
        read_devices(text.encode())


def test_bytes_that_are_no_text_are_told_with_their_line() -> None:
    with pytest.raises(CsvError, match="line 2: it is not UTF-8"):
        read_devices(b"IOTC_DEVICEID\nna\xefve\n")


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(CsvError) as error:
        read_devices(b"IOTC_DEVICEID\n-a\nb\n c d\n")
    assert [(p.line, p.column) for p in error.value.problems] == [(2, "IOTC_DEVICEID"), (4, "IOTC_DEVICEID")]


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx", "'quoted"])
def test_nothing_that_a_spreadsheet_would_run_is_written(name: str) -> None:
    text = _written(DeviceRow(2, "d", name, (KEY, KEY)))
    assert f"d,'{name}" in text.replace('"', "")
    assert read_devices(text.encode()) == [DeviceRow(2, "d", name, (KEY, KEY))]


_NAMES = st.text(st.characters(codec="utf-8"), max_size=148).map(lambda text: text.strip(" "))


@given(st.lists(_NAMES, max_size=5))
def test_what_is_written_is_read_again(names: list[str]) -> None:
    rows = [DeviceRow(0, f"d{number}", name) for number, name in enumerate(names)]
    found = read_devices(_written(*rows).encode())
    assert [row._replace(line=0) for row in found] == rows


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read_devices(data)
    except CsvError:
        return
