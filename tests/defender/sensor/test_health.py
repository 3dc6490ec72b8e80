"""The alerts that a sensor raises about itself, each at its threshold and not before."""

from holdfast.defender.sensor.health import (
    BUSY_SECONDS,
    LOST,
    MEMORY_OCTETS,
    OVERLOADED,
    SILENT,
    SILENT_SECONDS,
    TRAFFIC,
    Reading,
    Usage,
    Watchdog,
    usage,
)

BEGIN = 1_800_000_000.0
STEP = 10.0


def judged(*readings: tuple[int, int, float, int]) -> list[list[str]]:
    """The types that each reading raises: packets, lost packets, processor seconds, memory; ten seconds
    apart."""
    watchdog = Watchdog("mirror0")
    return [
        [
            report.type
            for report in watchdog.judge(Reading(BEGIN + number * STEP, packets, lost, Usage(spent, memory)))
        ]
        for number, (packets, lost, spent, memory) in enumerate(readings)
    ]


def test_the_first_traffic_is_told_once() -> None:
    assert judged((0, 0, 0, 0), (5, 0, 0, 0), (9, 0, 0, 0)) == [[], [TRAFFIC], []]


def test_silence_is_told_when_it_has_lasted_and_traffic_after_it() -> None:
    quiet = [(5, 0, 0.0, 0)] * (int(SILENT_SECONDS / STEP) + 2)
    raised = judged((0, 0, 0, 0), *quiet, (6, 0, 0, 0))
    assert raised[1] == [TRAFFIC]
    assert [SILENT in types for types in raised].count(True) == 1
    assert raised.index([SILENT]) == 1 + SILENT_SECONDS / STEP
    assert raised[-1] == [TRAFFIC]


def test_lost_packets_are_told_from_one_in_a_thousand_on() -> None:
    assert LOST not in judged((0, 0, 0, 0), (99_999, 1, 0, 0))[1]
    assert LOST in judged((0, 0, 0, 0), (9_900, 100, 0, 0))[1]
    assert LOST in judged((0, 0, 0, 0), (0, 1, 0, 0))[1]


def test_a_busy_processor_is_told_when_it_has_been_busy_for_long() -> None:
    steps = int(BUSY_SECONDS / STEP) + 2
    busy = judged(*((number, 0, number * STEP * 0.95, 0) for number in range(steps)))
    assert [OVERLOADED in types for types in busy].count(True) == 1
    idle = judged(*((number, 0, number * STEP * 0.5, 0) for number in range(steps)))
    assert not any(OVERLOADED in types for types in idle)


def test_too_much_memory_is_told() -> None:
    assert OVERLOADED in judged((0, 0, 0, 0), (1, 0, 0, MEMORY_OCTETS + 1))[1]


def test_the_process_uses_something() -> None:
    used = usage()
    assert used.memory > 1 << 20
    assert used.processor_seconds > 0


def test_messages_that_were_given_up_are_told_each_time_there_are_more() -> None:
    watchdog = Watchdog("mirror0")
    readings = [Reading(BEGIN + n * STEP, n, 0, Usage(0.0, 0), lost) for n, lost in enumerate((4, 4, 7, 7))]
    told = [
        [report.observed for report in watchdog.judge(reading) if report.type == OVERLOADED]
        for reading in readings
    ]
    assert [len(each) for each in told] == [0, 0, 1, 0]
    assert "the spool is full" in told[2][0]
