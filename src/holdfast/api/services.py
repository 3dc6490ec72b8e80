"""What handlers work with. The control role fills it; tests fill what they need."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from holdfast.cluster.port import Cluster
from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.principal import Principal
from holdfast.log.port import DeviceState
from holdfast.log.walking import WalkedLog
from holdfast.resources.port import ChangePath, EventFeed, ResourceStore
from holdfast.telemetry.last_values import LastValues

T = TypeVar("T")


class Authenticate(Protocol):
    """Turns what a request carries into a principal."""

    def __call__(self, *, authorization: str, cookie: str, address: str, user_agent: str) -> Principal:
        """The principal; ANONYMOUS when nothing was presented.

        UnauthenticatedError when something was and it is not good, TooManyRequestsError when the address or
        the account has to wait. Conditional access is evaluated here, so at every request.
        """
        ...


@dataclass(frozen=True)
class Services:
    """The product as the HTTP layer sees it."""

    clock: Clock
    randomness: Randomness
    store: ResourceStore
    changes: ChangePath
    events: EventFeed
    cluster: Cluster
    state: DeviceState
    """For reading; changes of device state go through events or the gateway."""
    log: WalkedLog
    last_values: LastValues
    authenticate: Authenticate
    loop: asyncio.AbstractEventLoop
    extensions: dict[type[Any], Any]  # services of other packages by their own class
    form_key: bytes
    """Authenticates the console's forms."""
    host: str = "localhost"
    """The name that devices are told as their hub."""
    id_scope: str = ""

    def extension(self, kind: type[T]) -> T:
        """The service of class `kind` that the runtime composed."""
        found = self.extensions[kind]
        assert isinstance(found, kind)
        return found

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the role's event loop from a handler's thread, and give its result."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()
