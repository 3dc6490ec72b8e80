"""Each detector of the platform's own log and audit: at its threshold, not before, and not for others."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import pytest

from holdfast.defender.platform.bursts import arrivals, bursts
from holdfast.defender.platform.credentials import BruteForce, LongRest, Refusals, TwoPlaces
from holdfast.defender.platform.judging import PlatformDetector, Verdict
from holdfast.defender.platform.memory import Memory, decode, encode
from holdfast.defender.platform.people import Deletions, Habits, Notable, network_of
from holdfast.defender.platform.rates import LEARNING_WINDOWS, Rates, Silence
from holdfast.defender.platform.types import BY_ID, PLATFORM_TYPES
from holdfast.kernel.organizations import ROOT
from holdfast.log.port import Record
from holdfast.resources.model import Event

NINE = 1_799_996_400.0 + 9 * 3600 - 1_799_996_400.0 % 86_400
"""Nine in the morning of some day, UTC."""
DAY = 86_400.0


def event(name: str, time: float = NINE, **more: object) -> Event:
    values: dict[str, object] = {
        "sequence": 1, "id": "e", "time": time, "name": name, "kind": name.partition(".")[0], "resource": "",
        "organization": ROOT, "actor": "u1", "actor_kind": "user", "actor_name": "ann@example.org",
        "on_behalf_of": "", "address": "192.0.2.10", "outcome": "ok", "before_digest": "", "after_digest": "",
        "data": {}, "detail": "",
    }  # fmt: skip
    return Event(**{**values, **more})  # type: ignore[arg-type]  # columns of mixed types


def record(kind: str, time: float, device: str = "d1", body: object = None) -> Record:
    return Record(device, "", kind, time, "", msgspec.json.encode(body or {}))


def said(
    detector: PlatformDetector, items: Iterable[Event | Record], memory: Memory | None = None
) -> list[Verdict]:
    memory = memory or Memory()
    return [verdict for item in items for verdict in _one(detector, item, memory)]


def _one(detector: PlatformDetector, item: Event | Record, memory: Memory) -> Iterator[Verdict]:
    if isinstance(item, Event):
        yield from detector.event(item, memory)
        return
    for device, (address, time) in arrivals([item]):
        yield from detector.connected(device, address, time, memory)
    for burst in bursts([item], detector.bursts):
        yield from detector.burst(burst, memory)


def types(verdicts: list[Verdict]) -> list[str]:
    return [verdict.type for verdict in verdicts]


@pytest.mark.parametrize(
    ("reason", "alert"),
    [
        ("the token has expired", "expired-sas-token"),
        ("no key of the device signed the token", "invalid-sas-signature"),
        ("no enrollment group's key fits the token", "invalid-sas-signature"),
        ("the certificate is not the one that was enrolled", "certificate-mismatch"),
        ("the certificate is not the enrolled one", "certificate-mismatch"),
        ("The certificate has expired.", "certificate-expired"),
        ("there is no such device", "unknown-device"),
    ],
)
def test_a_refusal_is_told_by_its_reason(reason: str, alert: str) -> None:
    refused = event("connection.refused", resource="d1", outcome="refused", detail=f"{reason} (3 times)")
    assert [(v.type, v.source) for v in said(Refusals(), [refused])] == [(alert, "d1")]
    assert said(Refusals(), [event("connection.refused", detail="the network rules refuse it")]) == []


def attempts(count: int, step: float = 1.0, **more: object) -> list[Event]:
    return [
        event("signIn.refused", NINE + n * step, outcome="refused", resource=f"user{n}", **more)
        for n in range(count)
    ]


def test_brute_force_is_told_at_twenty_attempts_within_five_minutes() -> None:
    assert said(BruteForce(), attempts(19)) == []
    found = said(BruteForce(), attempts(20))
    assert [(v.type, v.source, v.address) for v in found] == [("brute-force", "192.0.2.10", "192.0.2.10")]
    assert said(BruteForce(), attempts(30, step=20.0)) == []


def test_a_record_that_stands_for_many_attempts_counts_as_many() -> None:
    many = event(
        "connection.refused", outcome="refused", resource="d1", detail="there is no such device (40 times)"
    )
    assert types(said(BruteForce(), [many])) == ["brute-force", "brute-force"]
    second = attempts(1, data={"count": 20})
    assert types(said(BruteForce(), second)) == ["brute-force", "brute-force"]
    assert said(BruteForce(), attempts(1, data={"count": 19})) == []


def test_guessing_at_one_account_from_many_addresses_is_told_too() -> None:
    spread = [
        event("signIn.refused", NINE + n, outcome="refused", resource="ann", address=f"198.51.100.{n}")
        for n in range(20)
    ]
    assert [(v.source, v.destination) for v in said(BruteForce(), spread)] == [("", "ann")]


def connections(*addresses: str, step: float = 60.0) -> list[Record]:
    return [
        record("connected", NINE + n * step, body={"address": address}) for n, address in enumerate(addresses)
    ]


def test_a_credential_in_two_places_is_told_when_they_take_turns() -> None:
    assert said(TwoPlaces(), connections("a", "b", "b", "b")) == []  # it moved
    assert types(said(TwoPlaces(), connections("a", "b", "a"))) == ["credential-used-from-two-addresses"]
    assert said(TwoPlaces(), connections("a", "b", "a", step=900.0)) == []


def test_a_token_in_two_places_is_a_risk_of_its_principal() -> None:
    used = [
        event("device.updated", NINE + n, actor="t1", actor_kind="api-token", address=address)
        for n, address in enumerate(("192.0.2.1", "192.0.2.2", "192.0.2.1"))
    ]
    assert [v.principal for v in said(TwoPlaces(), used)] == ["t1"]


def test_a_token_after_a_month_of_rest_is_told() -> None:
    def uses(days: float) -> list[Event]:
        return [event("x.updated", NINE + n * days * DAY, actor="t1", actor_kind="api-token") for n in (0, 1)]

    assert said(LongRest(), uses(29)) == []
    assert types(said(LongRest(), uses(31))) == ["token-after-long-rest"]


def test_mass_deletion_is_told_at_twenty_within_ten_minutes() -> None:
    def deletions(count: int, **more: object) -> list[Event]:
        return [event("device.deleted", NINE + n, **more) for n in range(count)]

    assert said(Deletions(), deletions(19)) == []
    assert types(said(Deletions(), deletions(20))) == ["mass-deletion"]
    assert said(Deletions(), deletions(40, actor_kind="system")) == []


def working_days(days: int) -> list[Event]:
    """Changes at nine, ten and eleven from one network."""
    return [event("rule.updated", NINE + day * DAY + hour * 3600) for day in range(days) for hour in range(3)]


def test_a_change_at_night_is_told_once_the_habit_is_known() -> None:
    night = event("rule.updated", NINE + 8 * DAY + 17 * 3600)
    assert types(said(Habits(), [*working_days(8), night])) == ["unusual-hours"]
    assert said(Habits(), [*working_days(3), event("rule.updated", NINE + 3 * DAY + 17 * 3600)]) == []
    assert said(Habits(), [*working_days(8), event("rule.updated", NINE + 8 * DAY + 3 * 3600)]) == []


def test_a_change_from_another_network_is_told_once_the_habit_is_known() -> None:
    elsewhere = event("rule.updated", NINE + 8 * DAY, address="203.0.113.9")
    assert types(said(Habits(), [*working_days(8), elsewhere])) == ["unusual-address"]
    assert (
        said(Habits(), [*working_days(8), event("rule.updated", NINE + 8 * DAY, address="192.0.2.99")]) == []
    )


def test_networks_are_those_of_a_site() -> None:
    assert network_of("192.0.2.10") == "192.0.2.0/24"
    assert network_of("2001:db8:1:2::5") == "2001:db8:1::/56"
    assert network_of("") == ""


def test_changes_of_authorities_and_destinations_are_told() -> None:
    changed = event("enrollmentGroup.updated", data={"attestation": {"x509": {"certificate": "…"}}})
    assert types(said(Notable(), [changed, event("alertDestination.deleted", resource="siem")])) == [
        "certificate-authority-changed",
        "destination-changed",
    ]
    assert said(Notable(), [event("enrollmentGroup.updated", data={"displayName": "x"})]) == []


WINDOW = BY_ID["sudden-rate"].threshold.seconds
START = NINE - NINE % WINDOW


def messages(window: int, count: int, device: str = "d1") -> list[Record]:
    return [record("telemetry", START + window * WINDOW + n * 0.1, device) for n in range(count)]


def test_a_sudden_rate_is_told_against_the_group() -> None:
    usual = [item for window in range(LEARNING_WINDOWS + 1) for item in messages(window, 60)]
    after = LEARNING_WINDOWS + 1
    assert said(Rates(lambda _: "pump"), [*usual, *messages(after, 150)]) == []
    found = said(Rates(lambda _: "pump"), [*usual, *messages(after, 400)])
    assert [(v.type, v.source) for v in found] == [("sudden-rate", "d1")]
    other = said(Rates(lambda device: device), [*usual, *messages(after, 400, "d2")])
    assert other == []  # of its group nothing is known


def test_messages_that_are_read_together_are_judged_as_those_that_are_read_apart() -> None:
    usual = [item for window in range(LEARNING_WINDOWS + 1) for item in messages(window, 60)]
    sent = [*usual, *messages(20, 400), *messages(20, 90, "d2"), *messages(21, 30)]
    rates, silence, memory = Rates(lambda _: "pump"), Silence(), Memory()
    found = [
        verdict
        for burst in bursts(sent, ["telemetry"])
        for detector in (rates, silence)
        for verdict in detector.burst(burst, memory)
    ]
    apart = Memory()
    one_by_one = said(Rates(lambda _: "pump"), sent, apart)
    assert [v._replace(time=0.0) for v in found] == [v._replace(time=0.0) for v in one_by_one]
    said(Silence(), sent, apart)
    assert memory.levels == apart.levels
    heard, alone = memory.heard["d1"], apart.heard["d1"]
    assert (heard.last, heard.times) == (alone.last, alone.times)
    assert heard.mean == pytest.approx(alone.mean, abs=1.0)


def test_an_attack_does_not_become_usual_at_once() -> None:
    memory, rates = Memory(), Rates(lambda _: "pump")
    said(rates, [item for window in range(LEARNING_WINDOWS + 1) for item in messages(window, 60)], memory)
    said(rates, [*messages(20, 5000), *messages(21, 1)], memory)
    assert next(iter(memory.levels.values())).highest == 180


def test_a_silent_device_is_told_once_and_again_after_it_came_back() -> None:
    memory, silence = Memory(), Silence()
    said(silence, [record("telemetry", NINE + n * 60) for n in range(30)], memory)
    last = NINE + 29 * 60
    assert list(silence.look(last + 3000, memory)) == []
    assert types(list(silence.look(last + 3700, memory))) == ["device-gone-silent"]
    assert list(silence.look(last + 9000, memory)) == []
    said(silence, [record("telemetry", last + 9100)], memory)
    assert types(list(silence.look(last + 99_000, memory))) == ["device-gone-silent"]


def test_a_device_that_seldom_speaks_is_given_time() -> None:
    memory, silence = Memory(), Silence()
    said(silence, [record("telemetry", NINE + n * DAY) for n in range(30)], memory)
    assert list(silence.look(NINE + 34 * DAY, memory)) == []


def test_a_deleted_device_is_not_missed() -> None:
    memory, silence = Memory(), Silence()
    said(silence, [record("telemetry", NINE + n * 60) for n in range(30)], memory)
    said(silence, [event("device.deleted", resource="d1")], memory)
    assert list(silence.look(NINE + DAY, memory)) == []


def test_memory_survives_the_disk_and_nonsense_begins_anew() -> None:
    memory = Memory()
    said(Habits(), working_days(8), memory)
    assert decode(encode(memory)) == memory
    assert decode(b"nonsense") == Memory()


def test_every_type_is_told_by_a_test_of_this_file() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [kind.id for kind in PLATFORM_TYPES if f'"{kind.id}"' not in text] == []
