"""The network rules of one listener as they are now, in the process that enforces them."""

import asyncio
from collections.abc import Callable

import structlog

from holdfast.access.application import APPLICATION, Listener, network_rules
from holdfast.cluster.port import INVALIDATE
from holdfast.kernel.network import NetworkRules
from holdfast.resources.port import ResourceStore
from holdfast.runtime.process import Role


class CurrentRules:
    """Everybody is refused until the rules were read once."""

    def __init__(self, store: ResourceStore, listener: Listener) -> None:
        self._store = store
        self._listener = listener
        self._rules = NetworkRules(default_action="Deny")

    def __call__(self) -> NetworkRules:
        """The rules."""
        return self._rules

    def renew(self) -> None:
        """Read them again. Blocking."""
        application = self._store.get(APPLICATION, APPLICATION)
        if application is not None:
            self._rules = network_rules(application.body, self._listener)


async def follow_rules(role: Role, rules: list[CurrentRules], enforce: Callable[[], int]) -> None:
    """Read the rules now and after every change; `enforce` closes what they no longer admit."""

    turn = asyncio.Lock()

    async def renew() -> None:
        async with turn:  # else what was read first could be taken up last
            for current in rules:
                await asyncio.to_thread(current.renew)
        if closed := enforce():
            structlog.get_logger().info("network rules closed connections", connections=closed)

    await renew()
    role.cluster.bus.subscribe(f"{INVALIDATE}{APPLICATION}", lambda _topic, _message: role.spawn(renew()))
