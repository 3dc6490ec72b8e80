"""Passwords that are tried first are refused; how the others are kept gives nothing away."""

import contextlib

import argon2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.access.errors import AccessInvalidError
from holdfast.access.local.passwords import MAXIMUM_LENGTH, Passwords, check_password
from tests.access.world import FAST

ABOUT = ("ada.lovelace@example.org", "Ada Lovelace")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "mein Hund frißt Birnen",
        "x7#Kq!m2Zp&w",
        "нова синя ріка тече",
        "a quiet 12345 river",
    ],
)
def test_passwords_that_nobody_tries_first_are_taken(password: str) -> None:
    assert check_password(password, 12, ABOUT) == password


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "Passwort!2026",
        "holdfastholdfast",
        "123456789012",
        "098765432109",
        "qwertyuiopas",
        "aaaaaaaaaaaaaa",
        "abababababab",
        "lovelace@example",
        "AdaLovelace1!",
        "adminadmin12",
        "abcdefghijkl",
    ],
)
def test_passwords_that_are_tried_first_are_refused_without_repeating_them(password: str) -> None:
    with pytest.raises(AccessInvalidError) as caught:
        check_password(password, 12, ABOUT)
    assert password not in str(caught.value)


@pytest.mark.parametrize("password", ["", "short words", "x" * 257, None, 123456789012])
def test_length_is_bounded_on_both_ends(password: object) -> None:
    with pytest.raises(AccessInvalidError, match="12 to 256"):
        check_password(password, 12)


@given(st.text(max_size=300))
def test_checking_ends_for_every_text(text: str) -> None:
    with contextlib.suppress(AccessInvalidError):
        assert check_password(text, 8, ABOUT) == text


def test_only_the_password_itself_is_right() -> None:
    kept = FAST.hash("correct horse battery")
    assert FAST.verify(kept, "correct horse battery")
    assert not FAST.verify(kept, "correct horse batterz")
    assert not FAST.verify("", "correct horse battery")
    assert not FAST.verify("$argon2id$broken", "correct horse battery")
    assert not FAST.verify(FAST.hash("x" * MAXIMUM_LENGTH), "x" * (MAXIMUM_LENGTH + 100))


def test_the_same_password_is_never_kept_the_same_way() -> None:
    assert FAST.hash("correct horse battery") != FAST.hash("correct horse battery")


def test_the_product_hashes_with_the_parameters_of_rfc_9106() -> None:
    kept = Passwords().hash("correct horse battery")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert FAST.is_outdated(kept)


def test_weaker_hashes_are_recognized_as_outdated() -> None:
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("correct horse battery")
    assert Passwords().is_outdated(weak)
