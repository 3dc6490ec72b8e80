"""When unknown traffic is learned and when it is a violation: three stages, decided for each scenario.

A *scenario* is one question that the policy engine asks, such as "which Modbus functions does this client use
on that unit". All scenarios begin in the stage of the sensor; in the dynamic stage each becomes operational
by itself once it has proved stable.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

_DAY: Final = 86400.0


class Stage(StrEnum):
    """How the policy engine treats what it does not know."""

    LEARNING = "learning"
    """Everything is learned, nothing is a violation. Ends when a person says so."""
    DYNAMIC = "dynamic"
    """A scenario that saw nothing new for long enough becomes operational; the others go on learning."""
    OPERATIONAL = "operational"
    """What is not known is a violation."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long learning takes, in seconds of captured time."""

    stable: float = 2 * _DAY
    """A scenario in the dynamic stage is stable when it learned nothing new for so long."""
    device: float = 7 * _DAY
    """A device that a person authorized after the learning stage learns alone for so long."""


@dataclass(slots=True)
class ScenarioState:
    """Where one scenario is."""

    stage: Stage
    last_new: float
    """When it learned last, or when its stage began; Unix seconds."""


@dataclass(slots=True)
class Stages:
    """The stage of the sensor and of every scenario that has its own."""

    stage: Stage = Stage.LEARNING
    plan: Plan = field(default_factory=Plan)
    scenarios: dict[str, ScenarioState] = field(default_factory=dict)
    authorized: dict[str, float] = field(default_factory=dict)
    """Addresses of devices that learn alone, and when a person authorized them."""

    def enter(self, stage: Stage, now: float) -> None:
        """Bring the sensor and all scenarios into `stage`."""
        self.stage = stage
        for state in self.scenarios.values():
            state.stage = stage
            state.last_new = now

    def of(self, scenario: str) -> Stage:
        """The stage of a scenario."""
        state = self.scenarios.get(scenario)
        return self.stage if state is None else state.stage

    def learns(self, scenario: str, source: str, destination: str, now: float) -> bool:
        """Whether something unknown that is seen `now` is to be learned; False makes it a violation."""
        state = self.scenarios.get(scenario)
        if state is None:
            state = self.scenarios[scenario] = ScenarioState(self.stage, now)
        if state.stage is Stage.DYNAMIC and now - state.last_new >= self.plan.stable:
            state.stage = Stage.OPERATIONAL
        if state.stage is not Stage.OPERATIONAL:
            state.last_new = max(state.last_new, now)
            return True
        return self._learns_alone(source, now) or self._learns_alone(destination, now)

    def settle(self, now: float) -> list[str]:
        """Make the dynamic scenarios that proved stable operational; their names."""
        settled = []
        for name, state in self.scenarios.items():
            if state.stage is Stage.DYNAMIC and now - state.last_new >= self.plan.stable:
                state.stage = Stage.OPERATIONAL
                settled.append(name)
        return settled

    def authorize(self, address: str, now: float) -> None:
        """Let a device that a person authorized learn alone for a while."""
        self.authorized[address] = now

    def _learns_alone(self, address: str, now: float) -> bool:
        since = self.authorized.get(address)
        return since is not None and now - since < self.plan.device
