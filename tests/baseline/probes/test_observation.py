"""Credentials never reach evidence."""

import pytest

from holdfast.baseline.probes.observation import MAXIMUM_TEXT, redacted
from tests.baseline.evidence.items import observation


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SharedAccessSignature sr=h&sig=aBc%2F%3D&se=1", "SharedAccessSignature sr=h&sig=[redacted]&se=1"),
        ("HostName=h;SharedAccessKey=abc=;x", "HostName=h;SharedAccessKey=[redacted];x"),
        ("Authorization: Bearer abc.def.ghi end", "Authorization: Bearer [redacted] end"),
        ("password=hunter2, then", "password=[redacted], then"),
        ("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY----- rest", "[redacted] rest"),
        ("-----BEGIN EC PRIVATE KEY-----\nabc", "[redacted]"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_known_forms_of_credentials_are_cut_out(text: str, expected: str) -> None:
    assert redacted(text) == expected


def test_the_probes_own_secrets_are_cut_out() -> None:
    assert redacted("got s3cret back", ("s3cret", "")) == "got [redacted] back"


def test_long_sights_are_cut() -> None:
    assert len(redacted("x" * 10_000)) == MAXIMUM_TEXT + 1


def test_the_digest_is_that_of_the_content() -> None:
    assert observation().digest == observation().digest
    assert observation().digest != observation(observed="plain text").digest
