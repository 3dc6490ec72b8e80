"""Registration bodies."""

from holdfast.protocol.dps import DpsError, decode_registration


def target(data: bytes) -> None:
    """The bytes are tried as a registration and as its payload."""
    for body in (data, b'{"registrationId":"d","payload":' + data + b"}"):
        try:
            assert isinstance(decode_registration(body, "d"), dict)
        except DpsError:
            continue
