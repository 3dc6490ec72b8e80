"""Whatever stands in an Authorization header or a cookie is a credential or none."""

from holdfast.access.handles import parse_handle
from holdfast.access.tokens.secret import digest, matches, parse_token

KEY = b"k" * 32


def target(data: bytes) -> None:
    """A token that parses keeps its digest when it is written and read again."""
    text = data.decode("utf-8", "replace")
    handle = parse_handle(text)
    assert handle is None or str(handle) == text
    token = parse_token("SharedAccessSignature " + text) or parse_token(text)
    if token is not None:
        kept = digest(token, KEY)
        again = parse_token(str(token))
        assert again is not None
        assert matches(again, kept, KEY)
