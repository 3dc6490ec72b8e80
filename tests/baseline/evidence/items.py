"""Keys, observations and chains for the tests of evidence."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from holdfast.baseline.evidence.bundle import write_bundle
from holdfast.baseline.evidence.chain import OBSERVATION, START, append
from holdfast.baseline.evidence.envelope import Envelope
from holdfast.baseline.probes.observation import Observation, Outcome
from holdfast.keys.port import SigningKey

NOW = 1_800_000_000.0
INSTANCE = "tide"


def key(seed: int = 1) -> SigningKey:
    """A signing key that is the same in every run."""
    private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    return SigningKey(f"key-{seed}", private.private_bytes_raw(), private.public_key().public_bytes_raw())


KEY = key()


def observation(probe: str = "transit.plaintext-refused", **changes: object) -> Observation:
    """A passed observation; `changes` replaces fields."""
    fields: dict = {
        "probe": probe,
        "version": 1,
        "subject": "device MQTT",
        "expected": "a TLS alert",
        "observed": "a TLS alert",
        "outcome": Outcome.PASSED,
        "collected": NOW,
        "valid_until": NOW + 3600,
    }
    return Observation(**{**fields, **changes})


def chain(length: int) -> list[Envelope]:
    """A chain of observations from its beginning."""
    last, envelopes = START, []
    for number in range(length):
        item = observation(collected=NOW + number)
        last, envelope = append(last, INSTANCE, OBSERVATION, item.subject, item.content(), KEY)
        envelopes.append(envelope)
    return envelopes


def bundle(length: int = 5) -> list[bytes]:
    """The lines of a sound bundle."""
    return list(write_bundle(chain(length), START, INSTANCE, NOW, KEY))
