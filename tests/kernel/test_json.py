"""JSON pointers lead along the keys that they were made of, whatever those hold."""

from hypothesis import given
from hypothesis import strategies as st

from holdfast.kernel.json import pointer_keys, pointer_step


@given(st.lists(st.text(alphabet="a~/01é")))
def test_a_pointer_leads_along_its_keys(keys: list[str]) -> None:
    assert pointer_keys("".join(map(pointer_step, keys))) == keys


def test_the_examples_of_the_standard() -> None:
    assert pointer_step("a/b") == "/a~1b"
    assert pointer_step("m~n") == "/m~0n"
    assert pointer_keys("/~01") == ["~1"]
