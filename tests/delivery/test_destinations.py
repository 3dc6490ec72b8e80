import pytest

from holdfast.delivery.destinations import Email, Syslog, Webhook
from holdfast.kernel.errors import InvalidError


@pytest.mark.parametrize(
    "url", ["", "ftp://host/x", "https://", "host/path", "https://user:secret@host/", "https://user@host/"]
)
def test_a_webhook_needs_a_plain_http_address(url: str) -> None:
    with pytest.raises(InvalidError):
        Webhook(url)


@pytest.mark.parametrize(
    "header",
    [
        ("X Y", "1"),
        ("Host", "evil"),
        ("content-length", "0"),
        ("X-A", "two\r\nLines: 1"),
        ("X-A", "ü"),
        ("", "x"),
    ],
)
def test_headers_cannot_change_the_request(header: tuple[str, str]) -> None:
    with pytest.raises(InvalidError):
        Webhook("https://host/", (header,))


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_ports_are_ports(port: int) -> None:
    with pytest.raises(InvalidError):
        Syslog("host", port)
    with pytest.raises(InvalidError):
        Email("host", "a@b", ("c@d",), port)


def test_a_mail_needs_people() -> None:
    with pytest.raises(InvalidError):
        Email("host", "a@b", ())
    with pytest.raises(InvalidError, match="not an e-mail address"):
        Email("host", "a@b", ("ada\r\nBcc: x@y",))


def test_a_syslog_receiver_needs_a_host() -> None:
    with pytest.raises(InvalidError):
        Syslog("two words")


def test_the_password_is_not_shown() -> None:
    assert "hunter2" not in repr(Email("host", "a@b", ("c@d",), user="u", password="hunter2"))
