import pytest

from holdfast.policy.language.documents import Node, read_json
from holdfast.policy.language.errors import DefinitionError
from holdfast.policy.language.limits import DOCUMENT_BYTES, DOCUMENT_DEPTH


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b"\xff\xfe",
        b"NaN",
        b'{"a": Infinity}',
        b"[" * 100_000,
        b"[" * (DOCUMENT_DEPTH + 1) + b"]" * (DOCUMENT_DEPTH + 1),
        b'"' + b"x" * DOCUMENT_BYTES + b'"',
        b"9" * 5000,
    ],
)
def test_what_is_no_document_is_refused_by_one_error(source: bytes) -> None:
    with pytest.raises(DefinitionError):
        read_json(source)


def test_a_byte_order_mark_is_no_part_of_the_document() -> None:
    assert read_json("\ufeff{}".encode()) == {}
    assert read_json("\ufeff{}") == {}


def test_a_repeated_key_is_refused_only_where_the_language_reads_it() -> None:
    document = read_json('{"metadata": {"a": 1, "a": 2}, "x": 1}')
    members = Node(document).members()
    assert members["x"].value == 1
    with pytest.raises(DefinitionError, match="'a' occurs twice"):
        members["metadata"].members()


def test_keys_that_differ_in_case_alone_are_one() -> None:
    with pytest.raises(DefinitionError) as refused:
        Node({"effect": 1, "Effect": 2}, "/then").members()
    assert refused.value.field == "/then/Effect"


def test_pointers_escape_what_keys_hold() -> None:
    node = Node({"a/b~c": [1, 2]}).members()["a/b~c"]
    assert [item.pointer for item in node.items()] == ["/a~1b~0c/0", "/a~1b~0c/1"]
    assert node.name == "a/b~c"
