"""Whatever a stranger presents as a token is refused with our own error, and never believed."""

from joserfc.jwk import RSAKey

from holdfast.access.errors import SignInRefusedError
from holdfast.access.oidc.tokens import Expected, verify

KEY = RSAKey.generate_key(2048, {"kid": "k"})
EXPECTED = Expected("https://id.example.org", frozenset({"holdfast"}), frozenset({"RS256", "ES256"}), 60)
GOOD_HEADER = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ"
"""`{"alg":"RS256","kid":"k"}`"""


def target(data: bytes) -> None:
    """Bytes as a whole token, and as claims and signature behind a good header."""
    text = data.decode("utf-8", "replace")
    keys = [KEY.as_dict(private=False)]
    for token in (text, f"{GOOD_HEADER}.{text}"):
        try:
            verify(token, keys, EXPECTED, 1_800_000_000)
        except SignInRefusedError:
            continue
        raise AssertionError(f"believed: {token!r}")
