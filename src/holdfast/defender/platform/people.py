"""What accounts do: mass deletions, unusual hours and addresses, and changes that somebody should know of."""

import datetime
import ipaddress
from collections.abc import Iterator
from typing import Final

from holdfast.defender.engines.windows import Occurrences
from holdfast.defender.platform.judging import SECOND, Quiet, Verdict
from holdfast.defender.platform.memory import MAXIMUM_ACTORS, Habit, Memory
from holdfast.defender.platform.types import BY_ID
from holdfast.resources.model import Event

_PEOPLE: Final = frozenset({"user", "service-principal", "api-token"})
_CHANGES: Final = (".created", ".updated", ".deleted")
_OFTEN: Final = 0.02
"""A share of an account's actions from which on an hour or network is usual."""
_NEIGHBOURS: Final = (-1, 0, 1)
"""The hours beside a usual one are usual too."""
NOTABLE: Final = (
    ("enrollmentGroup", "certificate", "certificate-authority-changed"),
    ("alertDestination", "", "destination-changed"),
)
"""Kinds of resources, words in their events, and the alert that a change of them is."""


class Deletions(Quiet):
    """One account that deletes many things."""

    def __init__(self) -> None:
        threshold = BY_ID["mass-deletion"].threshold
        self._threshold = threshold
        self._deleted = Occurrences(threshold.count, int(threshold.seconds * SECOND))

    def event(self, event: Event, memory: Memory) -> Iterator[Verdict]:
        """See `PlatformDetector.event`."""
        if not event.name.endswith(".deleted") or event.outcome != "ok" or event.actor_kind not in _PEOPLE:
            return
        if self._deleted.add(event.actor, int(event.time * SECOND)):
            self._deleted.clear(event.actor)
            observed = f"{self._threshold.count} deletions within {self._threshold.seconds / 60:g} minutes"
            who, expected = event.actor_name, "fewer at once"
            yield Verdict("mass-deletion", event.time, who, "", observed, expected, event.actor)


class Habits(Quiet):
    """Changes by an account at an hour, or from a network, that are not its own."""

    def event(self, event: Event, memory: Memory) -> Iterator[Verdict]:
        """See `PlatformDetector.event`."""
        if event.actor_kind not in _PEOPLE or event.outcome != "ok" or not event.name.endswith(_CHANGES):
            return
        habit = memory.habits.get(event.actor)
        if habit is None:
            if len(memory.habits) >= MAXIMUM_ACTORS:
                del memory.habits[next(iter(memory.habits))]
            habit = memory.habits[event.actor] = Habit(event.time)
        hour = datetime.datetime.fromtimestamp(event.time, tz=datetime.UTC).hour
        network = network_of(event.address)
        if _is_known(habit, event.time):
            yield from self._judge(habit, event, hour, network)
        habit.actions += 1
        habit.hours[hour] = habit.hours.get(hour, 0) + 1
        if network:
            habit.networks[network] = habit.networks.get(network, 0) + 1

    def _judge(self, habit: Habit, event: Event, hour: int, network: str) -> Iterator[Verdict]:
        usual = max(1.0, _OFTEN * habit.actions)
        if not any(habit.hours.get((hour + step) % 24, 0) >= usual for step in _NEIGHBOURS):
            hours = ", ".join(str(each) for each in sorted(habit.hours))
            yield self._verdict(
                "unusual-hours", event, f"a change at {hour} h UTC", f"changes at {hours} h UTC"
            )
        if network and habit.networks.get(network, 0) < usual:
            known = ", ".join(sorted(habit.networks)[:5])
            yield self._verdict(
                "unusual-address", event, f"a change from {event.address}", f"changes from {known}"
            )

    def _verdict(self, kind: str, event: Event, observed: str, expected: str) -> Verdict:
        return Verdict(kind, event.time, event.actor_name, "", observed, expected, event.actor)


class Notable(Quiet):
    """Changes that are told whoever makes them."""

    def event(self, event: Event, memory: Memory) -> Iterator[Verdict]:
        """See `PlatformDetector.event`."""
        if event.outcome != "ok" or event.actor_kind not in _PEOPLE or not event.name.endswith(_CHANGES):
            return
        for kind, word, alert in NOTABLE:
            if event.kind == kind and (not word or word in str(event.data)):
                observed = f"{event.name} by {event.actor_name}"
                yield Verdict(alert, event.time, event.actor_name, event.resource, observed, "no change")


def network_of(address: str) -> str:
    """The network that counts as one place: /24 of IPv4, /56 of IPv6 as providers give it to a site."""
    if not address:
        return ""
    prefix = 56 if ":" in address else 24
    return str(ipaddress.ip_network(f"{address}/{prefix}", strict=False))


def _is_known(habit: Habit, now: float) -> bool:
    threshold = BY_ID["unusual-hours"].threshold
    return habit.actions >= threshold.count and now - habit.first >= threshold.seconds
