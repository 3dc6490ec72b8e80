"""E-mail over SMTP (RFC 5321), encrypted unless the destination says otherwise."""

import email.message
import email.utils
import smtplib
import ssl

from holdfast.delivery.destinations import Email
from holdfast.delivery.model import DeliveryError, Message

TIMEOUT = 20.0
SMTPS = 465
_SUBJECT = 150


class EmailSender:
    """Sends one mail a message; a connection a mail, because alerts are rare and servers close idle ones."""

    def __init__(self, destination: Email) -> None:
        self._destination = destination

    def send(self, message: Message) -> None:
        """See `Sender.send`."""
        try:
            server = self._connect()
            try:
                server.send_message(compose(message, self._destination))
            finally:
                server.close()  # without QUIT: its answer could make a failure of what was taken
        except smtplib.SMTPRecipientsRefused as error:
            refused = ", ".join(error.recipients)
            raise DeliveryError(f"The mail server refuses {refused}.", permanent=True) from None
        except smtplib.SMTPResponseException as error:
            raise DeliveryError(
                f"The mail server answered {error.smtp_code}.", permanent=error.smtp_code >= 500
            ) from None
        except (OSError, smtplib.SMTPException) as error:
            place = f"{self._destination.host}:{self._destination.port}"
            raise DeliveryError(f"The mail server {place} cannot be used: {error}.") from None

    def close(self) -> None:
        """See `Sender.close`."""

    def _connect(self) -> smtplib.SMTP:
        place = self._destination
        context = ssl.create_default_context(cadata=place.ca or None)
        if place.encrypted and place.port == SMTPS:
            server: smtplib.SMTP = smtplib.SMTP_SSL(place.host, place.port, timeout=TIMEOUT, context=context)
        else:
            server = smtplib.SMTP(place.host, place.port, timeout=TIMEOUT)
        try:
            if place.encrypted and place.port != SMTPS:
                server.starttls(context=context)
            if place.user:
                server.login(place.user, place.password)
        except BaseException:
            server.close()
            raise
        return server


def compose(message: Message, destination: Email) -> email.message.EmailMessage:
    """The mail: title as subject, text and fields as plain text."""
    mail = email.message.EmailMessage()
    mail["Subject"] = " ".join(message.title.split())[:_SUBJECT]
    mail["From"] = destination.sender
    mail["To"] = ", ".join(destination.recipients)
    mail["Date"] = email.utils.formatdate(message.time)
    mail["Message-ID"] = f"<{message.id}@holdfast>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notices back
    lines = [message.text, "", *(f"{name}: {value}" for name, value in message.fields.items() if value)]
    mail.set_content("\n".join(lines))
    return mail
