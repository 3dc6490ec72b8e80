"""The network rules in the process that enforces them: the newest count."""

import asyncio
import threading
from pathlib import Path
from typing import cast

from holdfast.access.application import APPLICATION, Listener
from holdfast.cluster.hub import Hub
from holdfast.cluster.local import LocalCluster
from holdfast.cluster.port import INVALIDATE
from holdfast.kernel.clock import SystemClock
from holdfast.resources.port import ResourceStore
from holdfast.runtime.process import Role
from holdfast.runtime.rules import CurrentRules, follow_rules
from holdfast.runtime.settings import Settings


class SlowRules(CurrentRules):
    """Reads at once; the next one to read takes up what it read when it may."""

    def __init__(self) -> None:
        super().__init__(cast(ResourceStore, None), Listener.DEVICES)  # the store is never asked
        self.stored = "first"
        self.taken_up: list[str] = []
        self.reading, self.go_on = threading.Event(), threading.Event()
        self.held = False

    def renew(self) -> None:
        read, held, self.held = self.stored, self.held, False
        if held:
            self.reading.set()
            self.go_on.wait(60)
        self.taken_up.append(read)


async def test_rules_that_were_read_before_a_change_do_not_stay(tmp_path: Path) -> None:
    clock = SystemClock()
    hub = Hub(clock)
    await hub.start(tmp_path / "hub.sock")
    cluster = await LocalCluster.join(tmp_path / "hub.sock", "gateway-1", "gateway", clock)
    role = Role("gateway-1", Settings(data=tmp_path), cluster)
    rules = SlowRules()
    enforced: list[str] = []

    def enforce() -> int:
        enforced.append(rules.taken_up[-1])
        return 0

    await follow_rules(role, [rules], enforce)
    rules.held = True
    await cluster.bus.publish(f"{INVALIDATE}{APPLICATION}", {})
    assert await asyncio.to_thread(rules.reading.wait, 60)
    rules.stored = "second"
    await cluster.bus.publish(f"{INVALIDATE}{APPLICATION}", {})
    while len(role._tasks) < 2:  # the second change was heard of
        await asyncio.sleep(0.001)
    rules.go_on.set()
    while role._tasks:
        await asyncio.sleep(0.001)
    assert rules.taken_up[-1] == enforced[-1] == "second"
    await cluster.close()
    await hub.stop()
