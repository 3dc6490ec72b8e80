"""What keys and certificates there are, since when, until when, and who renews them; never the keys."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from cryptography import x509

from holdfast.keys.ring import KeyAge
from holdfast.vault.authority import DAY, Authority, Issued, fingerprint, names_of

SOON = 30 * DAY
"""Whoever has to renew something by hand is told a month before."""


class Renewal(StrEnum):
    """Who sees to it that there is a successor."""

    ITSELF = "itself"
    """The product, before the end."""
    OPERATOR = "operator"
    """A person."""


class Held(NamedTuple):
    """One key or certificate."""

    kind: str
    """`listenerCertificate`, `authority`, `enrollmentCertificate`, `issuerKey`, `rootKey`, `key`."""
    name: str
    detail: str
    """By which people tell it apart: host names, a fingerprint, a version."""
    since: float
    """Unix seconds, as `until`."""
    until: float
    """0 for what has no end."""
    renewal: Renewal

    def ends_soon(self, now: float) -> bool:
        """Whether a person has to see to it by now."""
        return bool(self.until) and self.renewal is Renewal.OPERATOR and self.until - now < SOON


@dataclass(frozen=True)
class InstanceKeys:
    """The instance's own; reads them anew at each call. Blocking."""

    certificate: Callable[[], Issued]
    authority: Callable[[], Authority]
    ages: Callable[[], Sequence[KeyAge]]
    brings_certificate: bool
    """Whether the operator gives the listeners' certificate; then nobody here renews it."""

    def held(self) -> list[Held]:
        """The listeners' certificate, the authority, and every version of every key."""
        issued, root = self.certificate(), self.authority().certificate
        renewal = Renewal.OPERATOR if self.brings_certificate else Renewal.ITSELF
        names = ", ".join(sorted(names_of(issued.chain_pem)))
        leaf = x509.load_pem_x509_certificate(issued.chain_pem)
        return [
            of_certificate("listenerCertificate", "The listeners' certificate", names, leaf, renewal),
            of_certificate("authority", "The built-in authority", fingerprint(root), root, Renewal.OPERATOR),
            *map(_of_key, self.ages()),
        ]


def of_certificate(
    kind: str, name: str, detail: str, certificate: x509.Certificate, renewal: Renewal
) -> Held:
    """A certificate with its validity."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return Held(kind, name, detail, begins.timestamp(), ends.timestamp(), renewal)


def _of_key(age: KeyAge) -> Held:
    kind = "rootKey" if age.name == "root" else "key"
    return Held(kind, age.name, f"version {age.version}", age.created, 0.0, Renewal.OPERATOR)
