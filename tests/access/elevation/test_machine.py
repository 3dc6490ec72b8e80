"""Elevations as a machine: any order of asking, deciding, ending and waiting, beside a model."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from holdfast.access.elevation.eligible import KIND as ELIGIBLE
from holdfast.access.elevation.requests import KIND
from holdfast.access.roles.builtin import ADMINISTRATOR, OPERATOR
from holdfast.access.timeboxed import PENDING_SECONDS
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action
from tests.access.world import open_access

PEOPLE = ("ada", "boss", "eve")
MINUTES = st.sampled_from([5, 60, 480])


class Machine(RuleBasedStateMachine):
    """Ada is eligible, the boss approves, Eve has nothing to do with it."""

    requests = Bundle("requests")

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.here = self.stack.enter_context(open_access(Path(folder)))
        self.here.user("boss", ADMINISTRATOR.id)
        for name in ("ada", "eve"):
            self.here.user(name)
        self.here.world.put(ELIGIBLE, "e", {"user": "ada", "role": OPERATOR.id})
        self.eligible = True
        self.number = 0
        self.asked: dict[str, tuple[float, int]] = {}
        """Requests that wait: when they were made, and for how many minutes."""
        self.ends: dict[str, float] = {}
        """Requests that were approved: when they end."""

    def teardown(self) -> None:
        self.stack.close()

    def attempt(self, do: Callable[[], object]) -> bool:
        try:
            do()
        except HoldfastError:
            return False
        return True

    @rule(target=requests, who=st.sampled_from(PEOPLE), minutes=MINUTES)
    def ask(self, who: str, minutes: int) -> str:
        self.number += 1
        name = f"r{self.number}"
        body: JsonObject = {"eligible": "e", "reason": "night shift", "minutes": minutes}
        made = self.attempt(lambda: self.here.world.put(KIND, name, body, self.here.as_user(who)))
        assert made == (who == "ada" and self.eligible)
        if made:
            self.asked[name] = (self.here.clock.now(), minutes)
        return name

    @rule(name=requests, who=st.sampled_from(PEOPLE), state=st.sampled_from(["active", "denied", "ended"]))
    def move(self, name: str, who: str, state: str) -> None:
        patch: JsonObject = {"state": state}
        done = self.attempt(
            lambda: self.here.world.change(Action.MERGE, KIND, name, patch, self.here.as_user(who))
        )
        now = self.here.clock.now()
        waiting = name in self.asked
        if not waiting:
            may = state == "ended" and name in self.ends and who in ("ada", "boss") and self.eligible
        elif state == "ended":
            may = who == "ada" and self.eligible
        else:
            may = who == "boss" and self.eligible
            may = may and (state == "denied" or now <= self.asked[name][0] + PENDING_SECONDS)
        assert done == may, (name, who, state)
        if done:
            _, minutes = self.asked.pop(name, (0.0, 0))
            self.ends.pop(name, None)
            if state == "active":
                self.ends[name] = now + minutes * 60

    @rule(seconds=st.sampled_from([60.0, 300.0, 3600.0, PENDING_SECONDS, PENDING_SECONDS + 1]))
    def wait(self, seconds: float) -> None:
        self.here.clock.advance(seconds)

    @precondition(lambda self: self.eligible)
    @rule()
    def lose_eligibility(self) -> None:
        self.here.world.change(Action.DELETE, ELIGIBLE, "e")
        self.eligible = False

    @invariant()
    def the_role_is_held_exactly_as_long_as_the_model_says(self) -> None:
        now = self.here.clock.now()
        holds = self.eligible and any(now < end for end in self.ends.values())
        assert self.here.as_user("ada").allows(Permission.DEVICE_UPDATE) == holds
        assert not self.here.as_user("eve").allows(Permission.DEVICE_UPDATE)


TestElevations = Machine.TestCase
TestElevations.settings = settings(max_examples=8, stateful_step_count=12, deadline=None)
