"""Credentials: refusals by reason, brute force, one credential in two places, tokens after a long rest."""

from collections.abc import Iterator
from typing import Final

from holdfast.defender.engines.windows import Occurrences
from holdfast.defender.platform.judging import SECOND, Quiet, Verdict
from holdfast.defender.platform.memory import MAXIMUM_ACTORS, Memory
from holdfast.defender.platform.types import BY_ID
from holdfast.resources.model import Event

_REASONS: Final = (
    ("the token has expired", "expired-sas-token"),
    ("no key of the device signed the token", "invalid-sas-signature"),
    ("the token is not signed with the device's keys", "invalid-sas-signature"),
    ("no enrollment group's key fits the token", "invalid-sas-signature"),
    ("the token is for another", "invalid-sas-signature"),
    ("the certificate is not the", "certificate-mismatch"),
    ("the certificate is for another", "certificate-mismatch"),
    ("does not lead to an enrolled certificate authority", "certificate-mismatch"),
    ("certificate has expired", "certificate-expired"),
    ("the certificate is revoked", "certificate-expired"),
    ("there is no such device", "unknown-device"),
)
"""Words in the reason of a refusal, by the gateway or at the provisioning, and the alert that they mean."""
_REFUSALS: Final = frozenset(
    {"connection.refused", "registration.refused", "signIn.refused", "request.unauthenticated"}
)
_GUESSES: Final = _REFUSALS - {"registration.refused"}


class Refusals(Quiet):
    """Devices that were refused, told apart by why."""

    def event(self, event: Event, memory: Memory) -> Iterator[Verdict]:
        """See `PlatformDetector.event`."""
        if event.name not in ("connection.refused", "registration.refused"):
            return
        kind = next((alert for words, alert in _REASONS if words in event.detail), "")
        if kind:
            yield Verdict(kind, event.time, event.resource, "", event.detail, "a credential that is good")


class BruteForce(Quiet):
    """Many failed attempts from one address, or at one account or device."""

    def __init__(self) -> None:
        threshold = BY_ID["brute-force"].threshold
        self._threshold = threshold
        self._attempts = Occurrences(threshold.count, int(threshold.seconds * SECOND))

    def event(self, event: Event, memory: Memory) -> Iterator[Verdict]:
        """See `PlatformDetector.event`."""
        if event.name not in _GUESSES:
            return
        for key in (("from", event.address), ("at", event.resource)):
            if key[1] and self._reached(key, event):
                self._attempts.clear(key)
                observed = (
                    f"{self._threshold.count} failed attempts {key[0]} {key[1]} within "
                    f"{self._threshold.seconds / 60:g} minutes"
                )
                source, destination = (key[1], "") if key[0] == "from" else ("", key[1])
                address = event.address if key[0] == "from" else ""
                yield Verdict(
                    "brute-force", event.time, source, destination, observed, "few mistakes", address=address
                )

    def _reached(self, key: tuple[str, str], event: Event) -> bool:
        """The record may stand for several attempts of one second."""
        times = min(_count(event), self._threshold.count)
        reached = False
        for _ in range(times):
            reached = self._attempts.add(key, int(event.time * SECOND)) or reached
        return reached


class TwoPlaces(Quiet):
    """One credential in turns from two addresses: A, then B, then A again."""

    def __init__(self) -> None:
        threshold = BY_ID["credential-used-from-two-addresses"].threshold
        self._turns = Occurrences(threshold.count - 1, int(threshold.seconds * SECOND))
        self._last: dict[str, str] = {}

    def event(self, event: Event, memory: Memory) -> Iterator[Verdict]:
        """See `PlatformDetector.event`."""
        if event.outcome == "ok" and event.address and event.actor_kind in ("api-token", "service-principal"):
            yield from self._used(
                event.actor, event.actor_name, event.address, event.time, principal=event.actor
            )

    def connected(self, device: str, address: str, time: float, memory: Memory) -> Iterator[Verdict]:
        """See `PlatformDetector.connected`."""
        yield from self._used(f"device {device}", device, address, time)

    def _used(self, key: str, who: str, address: str, time: float, principal: str = "") -> Iterator[Verdict]:
        before = self._last.pop(key, address)
        self._last[key] = address
        if len(self._last) > MAXIMUM_ACTORS:
            del self._last[next(iter(self._last))]
        if before != address and self._turns.add(key, int(time * SECOND)):
            self._turns.clear(key)
            observed = f"used from {before} and {address} in turns"
            yield Verdict(
                "credential-used-from-two-addresses",
                time,
                who,
                "",
                observed,
                "one place at a time",
                principal,
            )


class LongRest(Quiet):
    """API tokens that nobody used for a month."""

    def event(self, event: Event, memory: Memory) -> Iterator[Verdict]:
        """See `PlatformDetector.event`."""
        if event.actor_kind != "api-token" or event.outcome != "ok":
            return
        rest = BY_ID["token-after-long-rest"].threshold.seconds
        before = memory.used.pop(event.actor, event.time)
        memory.used[event.actor] = max(before, event.time)
        if len(memory.used) > MAXIMUM_ACTORS:
            del memory.used[next(iter(memory.used))]
        if event.time - before > rest:
            days = f"{(event.time - before) / 86_400:.0f} days"
            yield Verdict(
                "token-after-long-rest", event.time, event.actor_name, "", f"used after {days} of rest",
                f"use at least every {rest / 86_400:g} days", event.actor,
            )  # fmt: skip


def _count(event: Event) -> int:
    """How many refusals a record stands for: the change path counts those of a second in `count`, a gateway
    tells its own as `… (12 times)`."""
    words = event.detail.rpartition("(")[2].removesuffix(" times)")
    told = int(words) if words.isascii() and words.isdigit() and len(words) < 9 else 1
    counted = event.data.get("count", 1)
    return told * counted if isinstance(counted, int) else told
