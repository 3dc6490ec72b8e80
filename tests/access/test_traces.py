"""One-time values are used once, also at the same moment; last use is a minute old at most."""

from concurrent.futures import ThreadPoolExecutor

from holdfast.access.traces import WRITE_SECONDS, Traces
from tests.access.world import AccessWorld


def test_a_value_is_used_once_also_by_another_process(here: AccessWorld) -> None:
    other = Traces(here.world.database, here.clock)
    assert here.access.traces.use("code:ada:1", here.clock.now() + 60)
    assert not other.use("code:ada:1", here.clock.now() + 60)
    here.clock.advance(61)
    assert other.use("code:ada:1", here.clock.now() + 60), "what is over is forgotten"


def test_of_many_at_the_same_moment_one_is_first(here: AccessWorld) -> None:
    until = here.clock.now() + 60
    with ThreadPoolExecutor(8) as pool:
        first = list(pool.map(lambda _: here.access.traces.use("link", until), range(16)))
    assert first.count(True) == 1


def test_last_use_is_known_at_once_and_written_after_a_minute(here: AccessWorld) -> None:
    traces, other = here.access.traces, Traces(here.world.database, here.clock)
    traces.touch("apiToken", "ci", "192.0.2.1")
    assert traces.last_use("apiToken", ["ci", "unused"]).keys() == {"ci"}
    assert other.last_use("apiToken", ["ci"]) == {}
    here.clock.advance(WRITE_SECONDS)
    traces.touch("session", "s", "192.0.2.2")
    assert other.last_use("apiToken", ["ci"])["ci"].address == "192.0.2.1"
    here.clock.advance(10)
    traces.touch("apiToken", "ci", "192.0.2.3")
    assert traces.last_use("apiToken", ["ci"])["ci"].time == here.clock.now()


def test_use_is_forgotten_after_longer_than_a_token_lives(here: AccessWorld) -> None:
    here.access.traces.touch("apiToken", "old", "192.0.2.1")
    here.access.traces.flush()
    here.clock.advance(401 * 86_400)
    here.access.traces.flush()
    assert here.access.traces.last_use("apiToken", ["old"]) == {}
