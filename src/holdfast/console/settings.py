"""Single settings: where each stands, so that search leads to it; and what the instance was started with."""

from dataclasses import dataclass
from typing import NamedTuple

from holdfast.console.navigation import Entry
from holdfast.kernel.permissions import Permission

_RULES, _METHODS = "/network-rules", "/access/local-methods"
_SUPPORT, _DESTINATION = "/access/support", "/destinations/new"
_UPLOADS = "/file-uploads"

SETTINGS = (
    Entry(
        "Public network access",
        f"{_RULES}#public",
        Permission.NETWORK_READ,
        words="network rules, disable, internet",
    ),
    Entry(
        "Private networks",
        f"{_RULES}#private",
        Permission.NETWORK_READ,
        words="network rules, VPN, private link",
    ),
    Entry(
        "Addresses that devices may connect from",
        f"{_RULES}#devices",
        Permission.NETWORK_READ,
        words="network rules, firewall, IP filter, listener",
    ),
    Entry(
        "Addresses that people may connect from",
        f"{_RULES}#people",
        Permission.NETWORK_READ,
        words="network rules, firewall, IP filter, listener, console",
    ),
    Entry(
        "Addresses that sensors may connect from",
        f"{_RULES}#sensors",
        Permission.NETWORK_READ,
        words="network rules, firewall, IP filter, listener",
    ),
    Entry(
        "May this address connect?",
        f"{_RULES}#try",
        Permission.NETWORK_READ,
        words="network rules, lock out, check",
    ),
    Entry(
        "Passwords, one-time codes and passkeys",
        f"{_METHODS}#localAccounts",
        Permission.ACCESS_READ,
        words="sign-in methods, local accounts, local authentication, MFA, two factors",
    ),
    Entry(
        "API tokens allowed or not",
        f"{_METHODS}#apiTokens",
        Permission.ACCESS_READ,
        words="sign-in methods, local authentication",
    ),
    Entry(
        "Symmetric keys of devices allowed or not",
        f"{_METHODS}#deviceSas",
        Permission.ACCESS_READ,
        words="sign-in methods, SAS, local authentication",
    ),
    Entry(
        "Sign-in through an identity provider",
        "/access/providers",
        Permission.ACCESS_READ,
        words="sign-in methods, OpenID Connect, OIDC, single sign-on, SSO, Entra, Keycloak",
    ),
    Entry(
        "Support access allowed or not",
        f"{_SUPPORT}#rules",
        Permission.ACCESS_MANAGE,
        words="lockbox, engineer, approval",
    ),
    Entry(
        "Where files go that devices upload",
        f"{_UPLOADS}#storage",
        Permission.FILE_UPLOAD_READ,
        words="storage account, Azure, container, connection string",
    ),
    Entry(
        "How long an upload may take",
        f"{_UPLOADS}#hours",
        Permission.FILE_UPLOAD_READ,
        words="file upload, time to live, SAS",
    ),
    Entry(
        "Send alerts to a webhook",
        f"{_DESTINATION}/webhook",
        Permission.ALERT_MANAGE,
        words="destination, notification, Teams, Slack, HTTP",
    ),
    Entry(
        "Send alerts by e-mail",
        f"{_DESTINATION}/email",
        Permission.ALERT_MANAGE,
        words="destination, notification, SMTP, mail server",
    ),
    Entry(
        "Send alerts and audit records to syslog",
        f"{_DESTINATION}/syslog",
        Permission.ALERT_MANAGE,
        words="destination, SIEM, audit export, CEF",
    ),
)
"""What can be set on a page, and where: a new setting is one entry here, so that search finds it."""


class RunningSetting(NamedTuple):
    """One setting of the instance's file or environment, as it runs."""

    name: str
    """As in the file: `log.retention_days`."""
    value: str
    default: str
    meaning: str
    variable: str
    """The environment's name for it."""


@dataclass(frozen=True, slots=True)
class RunningSettings:
    """All of them; the runtime fills it at the start."""

    all: tuple[RunningSetting, ...]
