"""Passwords of local accounts: what is accepted, and how they are kept.

Kept as Argon2id with the parameters that RFC 9106 4 recommends where memory is scarce (64 MiB, three passes).
What is accepted follows NIST SP 800-63B 5.1.1.2: length, and no value that an attacker tries first; no rules
about kinds of characters and no forced changes.
"""

import argon2

from holdfast.access.errors import AccessInvalidError

MAXIMUM_LENGTH = 256
"""Bounds the work of a guess that is no password."""

_OBVIOUS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn",
)
_WORDS = ("password", "passwort", "holdfast", "welcome", "letmein", "changeme", "administrator", "admin")
_LEAST_LEFT = 6
"""Characters that have to remain once the obvious parts are taken out."""


class Passwords:
    """Hashes and checks."""

    def __init__(self, hasher: argon2.PasswordHasher | None = None) -> None:
        self._hasher = hasher or argon2.PasswordHasher.from_parameters(argon2.profiles.RFC_9106_LOW_MEMORY)
        self._nobody = self._hasher.hash("the account that does not exist")

    def hash(self, password: str) -> str:
        """The password as it is kept, with its salt and parameters. Takes tens of milliseconds."""
        return self._hasher.hash(password)

    def verify(self, kept: str, password: str) -> bool:
        """Whether it is the password. An empty `kept` takes as long and is never right."""
        try:
            self._hasher.verify(kept or self._nobody, password[: MAXIMUM_LENGTH + 1])
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
        return bool(kept)

    def is_outdated(self, kept: str) -> bool:
        """Whether it was hashed with other parameters than today's."""
        return self._hasher.check_needs_rehash(kept)


def check_password(password: object, minimum_length: int, about: tuple[str, ...] = ()) -> str:
    """The password, if it is acceptable. `about` are words of the account (name, e-mail address).

    Raises AccessInvalidError, whose message does not repeat the password.
    """
    if not isinstance(password, str) or not minimum_length <= len(password) <= MAXIMUM_LENGTH:
        raise AccessInvalidError(
            f"A password has {minimum_length} to {MAXIMUM_LENGTH} characters.", "/password"
        )
    if len(_without_obvious(password, about)) < min(_LEAST_LEFT, minimum_length) or len(set(password)) < 5:
        raise AccessInvalidError(
            "This password is among the first that are tried: it is little more than a common word, a "
            "sequence, a repetition or the account's name. Take several unrelated words.",
            "/password",
        )
    return password


def _without_obvious(password: str, about: tuple[str, ...]) -> str:
    left = password.casefold()
    own = [part for text in about for part in text.casefold().replace("@", " ").replace(".", " ").split()]
    for word in sorted((*_WORDS, *(part for part in own if len(part) > 2)), key=len, reverse=True):
        left = left.replace(word, "")
    return _without_runs(left)


def _without_runs(text: str) -> str:
    """The text with runs of four and more neighbours of an obvious sequence reduced to one character."""
    kept = ""
    while text:
        length = max((_run(text, sequence) for sequence in _OBVIOUS), default=0)
        step = length if length >= 4 else 1
        kept += text[0]
        text = text[step:]
    return kept


def _run(text: str, sequence: str) -> int:
    length = 0
    while length < len(text) and (text[: length + 1] in sequence or text[: length + 1] in sequence[::-1]):
        length += 1
    return length
