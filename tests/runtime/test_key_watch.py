"""The outermost key is looked for while an instance runs."""

import asyncio
from pathlib import Path

from holdfast.kernel.clock import ManualClock, SystemRandomness
from holdfast.keys.file import KEY_FILE, open_key_ring
from holdfast.runtime.key_watch import watch_key
from tests.support.running import running


async def test_a_key_that_comes_back_in_time_stops_nothing_and_one_that_does_not_stops_all(
    tmp_path: Path,
) -> None:
    ring = open_key_ring(tmp_path, ManualClock(), SystemRandomness())
    key, away = tmp_path / "keys" / KEY_FILE, tmp_path / "away"
    looks = 0
    stopped = asyncio.Event()
    look = ring.check_provider

    def counted() -> None:
        nonlocal looks
        looks += 1
        if looks == 4:
            away.rename(key)
        if looks in (2, 6):
            key.rename(away)
        look()

    ring.check_provider = counted  # type: ignore[method-assign] # counts the looks
    reason = await watch_key(ring, stopped.set, seconds=0.001)
    assert (looks, stopped.is_set()) == (8, True)
    assert "is missing" in reason


def test_an_instance_whose_key_is_taken_away_stops_and_says_so(tmp_path: Path) -> None:
    key = tmp_path / "elsewhere" / "holdfast.key"
    key.parent.mkdir(mode=0o700)
    with running(tmp_path / "data", HOLDFAST_KEY_FILE=str(key)) as instance:
        key.unlink()
        assert instance.process is not None
        assert instance.process.wait(120) == 1
    assert f"The key file {key} is missing" in instance.log.read_text()
