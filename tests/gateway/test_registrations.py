"""Registrations under way are kept for a while and told to their device only."""

from holdfast.devices.directory import Registration
from holdfast.gateway.registrations import KEPT_SECONDS, MAXIMUM, Registrations
from holdfast.kernel.clock import ManualClock, SystemRandomness

RESULT = Registration("assigned", "Dev-1", device="Dev-1")


def test_a_result_is_found_by_its_device_in_any_spelling() -> None:
    registrations = Registrations(ManualClock(), SystemRandomness())
    operation = registrations.begin("Dev-1")
    assert registrations.find(operation, "dev-1") == (True, None)
    registrations.finish(operation, RESULT)
    assert registrations.find(operation, "DEV-1") == (True, RESULT)
    assert registrations.find(operation, "dev-2") == (False, None)
    assert registrations.find("5.unknown", "dev-1") == (False, None)


def test_a_result_is_forgotten_in_time() -> None:
    clock = ManualClock()
    registrations = Registrations(clock, SystemRandomness())
    operation = registrations.begin("dev-1")
    clock.advance(KEPT_SECONDS + 1)
    assert registrations.find(operation, "dev-1") == (False, None)


def test_strangers_cannot_fill_the_memory() -> None:
    registrations = Registrations(ManualClock(), SystemRandomness())
    first = registrations.begin("dev-1")
    for number in range(MAXIMUM):
        registrations.begin(f"dev-{number}")
    assert registrations.find(first, "dev-1") == (False, None)
