"""How strongly somebody signed in, from the methods that RFC 8176 names (`amr`)."""

from holdfast.access.conditional.model import Strength

KNOWLEDGE = frozenset({"pwd", "pin", "kba"})
POSSESSION = frozenset({"otp", "hwk", "swk", "sc", "sms", "tel", "rsa"})
INHERENCE = frozenset({"face", "fpt", "iris", "retina", "vbm"})
FACTORS = (KNOWLEDGE, POSSESSION, INHERENCE)

PHISHING_RESISTANT = frozenset({"passkey", "phr", "phrh", "fido", "sc", "x509"})
"""Bound to the site: our passkeys (`passkey` beside `hwk`), `phr` and `phrh` of Open ID's acr values,
smart cards and client certificates."""


def satisfies(methods: frozenset[str], strength: Strength) -> bool:
    """Whether signing in by `methods` is as strong as asked."""
    match strength:
        case Strength.ANY:
            return True
        case Strength.MFA:
            return "mfa" in methods or sum(bool(methods & factor) for factor in FACTORS) >= 2
        case Strength.PHISHING_RESISTANT:
            return bool(methods & PHISHING_RESISTANT)
