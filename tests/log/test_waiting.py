"""When a waiting consumer goes on."""

from types import SimpleNamespace

import pytest

from holdfast.kernel.clock import ManualClock
from holdfast.log import waiting
from holdfast.log.port import PACE_SECONDS
from holdfast.log.waiting import NewsWatch


def test_a_round_begins_at_once_after_a_silence_and_is_paced_under_load(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, slept, end = ManualClock(), [0.0], [0]

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.advance(seconds)

    monkeypatch.setattr(waiting, "time", SimpleNamespace(sleep=sleep))
    watch = NewsWatch(clock, 0.005, lambda: end[0])
    assert watch.wait(1.0)
    assert sum(slept) == 0.0, "what was there before is news"
    end[0] += 1
    assert watch.wait(1.0)
    assert sum(slept) == PACE_SECONDS
    clock.advance(10.0)
    end[0] += 1
    assert watch.wait(1.0)
    assert sum(slept) == PACE_SECONDS, "nobody waits after a silence"
    before = clock.monotonic()
    assert not watch.wait(1.0)
    assert clock.monotonic() - before >= 1.0
