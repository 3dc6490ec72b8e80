"""The alerts about the platform's own devices and people: a row here, and a detector that names it."""

from typing import Final

from holdfast.alerts.model import AlertType, Severity, Threshold

ENGINE: Final = "platform"
WINDOW_SECONDS: Final = 300.0
"""What devices send is counted in windows of this length."""
_ACCOUNT = "Ask the owner of the account or device whether this was them; block it if it was not."
_AUDIT = "Look in the audit log at what else came from the same account and address."
_ROTATE = "Give the device a new key or certificate, and find out how the old one got out."
_RENEW = "Renew the credential on the device; look for all that are about to end."
_DEVICE = "Look at the device: its firmware, its configuration, and what it sent."
_ADDRESS = "Refuse the address in the network rules if nobody knows it."


def _type(
    identifier: str,
    title: str,
    severity: Severity,
    category: str,
    meaning: str,
    *steps: str,
    count: int = 0,
    seconds: float = 0.0,
    factor: float = 0.0,
) -> AlertType:
    return AlertType(
        id=identifier,
        title=title,
        engine=ENGINE,
        severity=severity,
        category=category,
        meaning=meaning,
        steps=steps,
        threshold=Threshold(count, seconds, factor),
    )


_LOW, _MEDIUM, _HIGH = Severity.LOW, Severity.MEDIUM, Severity.HIGH
PLATFORM_TYPES: Final[tuple[AlertType, ...]] = (
    _type("expired-sas-token", "Expired SAS Token", _LOW, "Authentication",
          "A device presented a token that has expired.", _RENEW),
    _type("invalid-sas-signature", "Invalid SAS Token Signature", _LOW, "Authentication",
          "A device presented a token that none of its keys signed.", _DEVICE, _ROTATE),
    _type("certificate-mismatch", "Certificate Mismatch", _MEDIUM, "Authentication",
          "A device presented another certificate than the one that was enrolled.", _DEVICE, _ROTATE),
    _type("certificate-expired", "Certificate Expired", _MEDIUM, "Authentication",
          "A device presented a certificate that has expired or was revoked.", _RENEW),
    _type("unknown-device", "Unknown Device", _LOW, "Authentication",
          "Somebody connected as a device that does not exist.", _ADDRESS),
    _type("credential-used-from-two-addresses", "Credential Used from Two Addresses", _HIGH, "Authentication",
          "The same credential was used from two addresses in turns: there are two who have it.",
          _ACCOUNT, _ROTATE, count=3, seconds=600.0),
    _type("brute-force", "Brute Force", _HIGH, "Authentication",
          "Many attempts to authenticate failed within a short while.",
          _ADDRESS, _AUDIT, count=20, seconds=300.0),
    _type("sudden-rate", "Sudden Rate of Messages or Operations", _MEDIUM, "Abnormal Communication Behavior",
          "A device sends or is asked far more than devices of its kind ever did.",
          _DEVICE, _AUDIT, count=100, seconds=WINDOW_SECONDS, factor=3.0),
    _type("device-gone-silent", "Device Gone Silent", _MEDIUM, "Unresponsive",
          "A device that used to send regularly sends no more.", _DEVICE, seconds=3600.0, factor=10.0),
    _type("unusual-hours", "Administrator at Unusual Hours", _MEDIUM, "Abnormal Communication Behavior",
          "An account changed settings at a time of day at which it had never worked.",
          _ACCOUNT, _AUDIT, count=20, seconds=7 * 86_400.0),
    _type("unusual-address", "Administrator from an Unusual Address", _MEDIUM,
          "Abnormal Communication Behavior",
          "An account changed settings from a network from which it had never come.",
          _ACCOUNT, _AUDIT, count=20, seconds=7 * 86_400.0),
    _type("mass-deletion", "Mass Deletion", _HIGH, "Configuration Changes",
          "One account deleted many things within a short while.",
          _ACCOUNT, _AUDIT, "Restore what is missing from a backup.", count=20, seconds=600.0),
    _type("token-after-long-rest", "Token Used after a Long Rest", _MEDIUM, "Authentication",
          "An API token that had not been used for long was used again.",
          _ACCOUNT, "Delete tokens that nobody needs.", seconds=30 * 86_400.0),
    _type("certificate-authority-changed", "Certificate Authority of Devices Changed", _MEDIUM,
          "Configuration Changes", "The authority whose certificates let devices in was changed.",
          _ACCOUNT, _AUDIT),
    _type("destination-changed", "Destination of Alerts or Data Changed", _LOW, "Configuration Changes",
          "Where alerts, audit records or data are sent was added, changed or removed.", _ACCOUNT),
)  # fmt: skip

BY_ID: Final = {kind.id: kind for kind in PLATFORM_TYPES}
