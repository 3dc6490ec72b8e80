"""Forms with files, as browsers send them and as nobody should."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.console.multipart import MAXIMUM_PARTS, UploadedFile, parse_multipart
from holdfast.kernel.errors import InvalidError

TYPE = "multipart/form-data; boundary=xyz"


def part(disposition: str, content: bytes, *more: str) -> bytes:
    headers = "\r\n".join((f"Content-Disposition: form-data; {disposition}", *more))
    return b"--xyz\r\n" + headers.encode() + b"\r\n\r\n" + content + b"\r\n"


END = b"--xyz--\r\n"


def test_fields_and_files_are_told_apart() -> None:
    form = parse_multipart(
        TYPE,
        part('name="owner"', "Gräce\r\nHopper".encode())
        + part('name="empty"', b"")
        + part('name="file"; filename="näme.pdf"', b"%PDF\0\r\n--x", "Content-Type: text/html")
        + END,
    )
    assert form.fields == [("owner", "Gräce\r\nHopper"), ("empty", "")]
    assert form.files == {"file": UploadedFile("näme.pdf", b"%PDF\0\r\n--x")}


def test_where_nothing_was_chosen_there_is_no_file() -> None:
    form = parse_multipart(TYPE, part('name="file"; filename=""', b"") + END)
    assert form == ([], {})


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("multipart/form-data", END, "no boundary"),
        (TYPE, part('name="a"', b"1"), "was cut"),
        (TYPE, b"", "was cut"),
        (TYPE, b"a=1&b=2", "cannot be read"),
        (TYPE, part('name="a"', b"1") * (MAXIMUM_PARTS + 1) + END, "at most 200 parts"),
        (TYPE, part('name="a"', b"1", *(f"X-{number}: 1" for number in range(20))) + END, "cannot be read"),
    ],
)
def test_what_no_browser_sends_is_refused(content_type: str, body: bytes, expected: str) -> None:
    with pytest.raises(InvalidError, match=expected):
        parse_multipart(content_type, body)


WHOLE = part('name="a"', b"1") + part('name="f"; filename="x"', b"content") + END


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(WHOLE)), st.binary(max_size=8), st.integers(0, 20))
def test_a_damaged_form_is_read_or_refused(start: int, put: bytes, gone: int) -> None:
    with contextlib.suppress(InvalidError):
        parse_multipart(TYPE, WHOLE[:start] + put + WHOLE[start + gone :])


@given(st.binary(max_size=300))
def test_any_content_arrives_as_it_was(content: bytes) -> None:
    if b"\r\n--xyz" not in content:
        form = parse_multipart(TYPE, part('name="f"; filename="x"', content) + END)
        assert form.files["f"].content == content
