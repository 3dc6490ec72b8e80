"""People on the instance of a drill: made by its administrator, signed in through the probes' provider."""

import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from holdfast.baseline.probes.context import Persona, ProbeContext
from holdfast.baseline.probes.devices import VERSION, demand
from holdfast.baseline.probes.http import Answer, ask
from holdfast.baseline.probes.observation import Sight
from holdfast.baseline.probes.provider import ScratchProvider
from holdfast.kernel.json import JsonObject, JsonValue

ADMINISTRATOR: Final = "ca310b8d-2f4a-44e0-a36e-957c202cd8d4"
OPERATOR: Final = "ae2c9854-393b-4f97-8c42-479d70ce626e"
"""Published ids of built-in roles."""
TWO_FACTORS: Final = ("pwd", "otp")
DEVICES: Final = f"/api/devices?{VERSION}"
"""What an operator may list."""


class Person(NamedTuple):
    """Somebody with an account on the instance of a drill."""

    id: str
    drill: ProbeContext
    provider: ScratchProvider

    def comes_back(self, methods: tuple[str, ...] = TWO_FACTORS) -> Answer:
        """The instance's answer after the person signed in at the provider."""
        went = ask(self.drill, "GET", f"/sign-in/provider/{self.provider.id}", cookies={})
        if went.status != 303:
            raise RuntimeError(f"the way to the provider is not there: status {went.status}")
        now = int(self.drill.clock.now())
        back = self.provider.authorize(went.location, self.id, amr=list(methods), auth_time=now)
        return ask(self.drill, "GET", back, cookies=went.cookies)

    def signed_in(self, methods: tuple[str, ...] = TWO_FACTORS) -> "Browser":
        """A browser with a session. RuntimeError when the sign-in is refused."""
        answer = self.comes_back(methods)
        if answer.status != 303 or not answer.cookies:
            raise RuntimeError(f"{self.id} could not sign in: {answer.status} {answer.text[:200]}")
        return Browser(self.drill, answer.cookies)


class Browser(NamedTuple):
    """A signed-in browser."""

    drill: ProbeContext
    cookies: Mapping[str, str]

    def ask(self, method: str, path: str, body: JsonValue = None) -> Answer:
        """A request of its session."""
        return ask(self.drill, method, path, body=body, cookies=self.cookies)

    def status(self, path: str = DEVICES) -> int:
        """The status of a read."""
        return self.ask("GET", path).status


def new_person(drill: ProbeContext, provider: ScratchProvider, role: str = "") -> Person:
    """Somebody whom the provider knows, with a role of the application or without any."""
    id_ = f"probe-{drill.randomness.bytes(4).hex()}"
    body: JsonObject = {"type": "email", "email": f"{id_}@probe.example"}
    if role:
        body["roles"] = [{"role": role}]
    demand(ask(drill, "PUT", f"/api/access/users/{id_}", Persona.KEEPER, body), "a person of the probes")
    return Person(id_, drill, provider)


def becomes(context: ProbeContext, look: Callable[[], int], wanted: int, seconds: float) -> tuple[int, float]:
    """What `look` gives last, once it is `wanted` or the time is over; and after how many seconds.

    Looks less often the longer it waits: on a busy machine the looking would be a part of the load.
    """
    began = context.clock.monotonic()
    while True:
        seen, after = look(), context.clock.monotonic() - began
        if seen == wanted or after >= seconds:
            return seen, after
        time.sleep(min(0.05 + after / 10, 1.0))


def status_sight(subject: str, wanted: int, seen: int) -> Sight:
    """One answer beside the one that is expected."""
    return Sight(subject, f"status {wanted}", f"status {seen}", seen == wanted)


def next_request(context: ProbeContext, subject: str, look: Callable[[], int], wanted: int) -> Sight:
    """Whether the first request after a change is answered as expected; how long it took is told with it.

    Counted in requests, because a second is short on a busy machine and long for whoever sends a thousand.
    """
    seen, after = becomes(context, look, wanted, 0.0)
    expected = f"status {wanted} at the next request"
    return Sight(subject, expected, f"status {seen} after {after:.2f} s", seen == wanted)


def bites(context: ProbeContext, subject: str, look: Callable[[], int], wanted: int, seconds: float) -> Sight:
    """Whether an answer becomes the expected one in time, where news of a change have a way to go."""
    seen, after = becomes(context, look, wanted, seconds)
    expected = f"status {wanted} within {seconds:g} s"
    return Sight(subject, expected, f"status {seen} after {after:.1f} s", seen == wanted)


def listed(context: ProbeContext, path: str) -> list[JsonObject]:
    """A collection of the assessed instance, as its auditor sees it."""
    value = demand(ask(context, "GET", path, Persona.KEEPER), path)["value"]
    assert isinstance(value, list)
    return [item for item in value if isinstance(item, dict)]
