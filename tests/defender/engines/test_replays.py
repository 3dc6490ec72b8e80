"""Attacks are found in the middle of other traffic, between the hosts that it has."""

from tests.support.shared import shared
from tests.support.traffic import modbus
from tests.support.traffic.case import ROGUE, Case
from tests.support.traffic.cases.modbus import POLL, UNPERMITTED_WRITE, WRITE, exchange, poll
from tests.support.traffic.cases.registry import GROUPS
from tests.support.traffic.replays import Recording, Replay, recorded, recordings, unprovoked
from tests.support.traffic.wire import BEGIN, Wire, play, sensor_for

CLIENT, SERVER = "192.168.40.7", "192.168.40.2"
STRANGER = "192.168.40.66"
BY_A_STRANGER = Case(
    "unpermitted-usage-of-modbus-function-code", exchange(WRITE, client=ROGUE), poll, source=ROGUE
)


def plant(writes_at: int = 10_000) -> Recording:
    """Two hosts that poll for five minutes; at one of the polls the client writes."""
    wire = Wire(BEGIN - 7000)
    connection = wire.connect(CLIENT, SERVER, 502)
    for number in range(300):
        request, answer = WRITE if number == writes_at else POLL
        connection.ask(modbus.frame(request, transaction=number), modbus.frame(answer, transaction=number))
        wire.wait(1)
    sensor = play(wire, sensor_for())
    recording = recorded("plant", wire.frames, sensor.conversations_now())
    assert recording is not None
    return recording


def test_the_attack_comes_from_the_hosts_of_the_recording() -> None:
    recording = plant()
    assert (recording.client, recording.server, recording.service) == (CLIENT, SERVER, "modbus")
    outcome = Replay(UNPERMITTED_WRITE, recording).outcome()
    assert [(alert.source, alert.destination) for alert in outcome.found] == [(CLIENT, SERVER)]
    assert 0 <= outcome.found[0].first - outcome.began < 3
    assert not outcome.twin


def test_hosts_that_the_recording_lacks_become_neighbours() -> None:
    outcome = Replay(BY_A_STRANGER, plant()).outcome()
    assert [alert.source for alert in outcome.found] == [STRANGER]


def test_what_a_recording_raises_by_itself_is_told() -> None:
    types = (UNPERMITTED_WRITE.alert,)
    assert not unprovoked(plant(), types)[UNPERMITTED_WRITE.alert]
    assert not unprovoked(plant(writes_at=20), types)[UNPERMITTED_WRITE.alert]  # learned
    assert unprovoked(plant(writes_at=200), types)[UNPERMITTED_WRITE.alert] == 1


def _replays() -> list[tuple[str, Case, Recording]]:
    """One case a protocol, in the busiest recording of the shared captures, or in our own."""
    folder = shared("captures")
    paths = sorted(folder.rglob("*.pcap")) if folder is not None else []
    known = recordings(path for path in paths if path.stat().st_size < 500_000) or [plant()]
    busiest = sorted(known, key=lambda each: -each.weight)
    return [
        (f"{cases[0].label}-{service}", cases[0], recording)
        for service, cases in GROUPS
        for recording in [each for each in busiest if not service or each.service == service][:1]
    ]


def test_attacks_are_found_in_recordings() -> None:
    outcomes = {name: Replay(case, recording).outcome().found for name, case, recording in _replays()}
    assert outcomes
    assert not [name for name, found in outcomes.items() if not found]
