"""Names that deceive are refused; names of the world are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.access.errors import AccessInvalidError
from holdfast.access.people.names import check_email, check_name, skeleton


@pytest.mark.parametrize(
    "name",
    ["Ada Lovelace", "Zoë Müller-Lüdenscheidt", "Иван Петров", "工場の管理者 A", "김민수", "Ærø 2", "Α Ω"],
)
def test_names_of_the_world_are_kept(name: str) -> None:
    assert check_name(name, "/displayName") == name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "1 to 128"),
        ("   ", "1 to 128"),
        ("x" * 129, "1 to 128"),
        (7, "1 to 128"),
        ("Plаnt", "Cyrillic and Latin"),
        ("Ρlant", "Greek and Latin"),
        ("ad\u200bmin", "U\\+200B"),
        ("\u202enimda", "U\\+202E"),
        ("a\nb", "U\\+000A"),
        ("a\u00a0b", "U\\+00A0"),
        ("a\x00", "U\\+0000"),
        ("a\ud800", "U\\+D800"),
    ],
)
def test_names_that_deceive_or_say_nothing_are_refused(name: object, said: str) -> None:
    with pytest.raises(AccessInvalidError, match=said):
        check_name(name, "/displayName")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("admin", "аdmin"),
        ("admin", "ADMIN"),
        ("Hope", "Норе"),
        ("plant", "ｐｌａｎｔ"),
        ("North  plant", "north plant"),
        ("scope", "ѕсоре"),
        ("oxen", "οxεn"),
    ],
)
def test_look_alikes_have_one_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(("one", "other"), [("Müller", "Muller"), ("line 1", "line l"), ("ada", "adam")])
def test_names_that_a_reader_can_tell_apart_differ(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


@given(st.text())
def test_a_skeleton_is_its_own_skeleton_for_names_that_are_accepted(text: str) -> None:
    try:
        name = check_name(text, "/displayName")
    except AccessInvalidError:
        return
    assert check_name(name, "/displayName") == name
    assert skeleton(skeleton(name)) == skeleton(name)


@pytest.mark.parametrize(
    "email", ["ada@example.org", "Ada.Love+iot@EXAMPLE.org", "root@localhost", "a@xn--bcher-kva.de"]
)
def test_addresses_are_compared_in_lower_case(email: str) -> None:
    assert check_email(email) == email.lower()


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "ada@exa mple.org",
        "аda@example.org",
        "ada@bücher.de",
        "ada@example.org\n",
        "a..b@example.org",
        "ada@-example.org",
        "a" * 250 + "@b.org",
        None,
        "ada@example.org,bob@example.org",
    ],
)
def test_what_is_no_address_is_refused(email: object) -> None:
    with pytest.raises(AccessInvalidError, match="must be an e-mail address"):
        check_email(email)
