"""An instance whose change path asks the policies, and short ways to put one in force."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.policy.engine.gate import Gate
from holdfast.policy.kinds.names import ASSIGNMENT, DEFINITION, full_id
from holdfast.resources.changes import QueuedChangePath
from holdfast.runtime.kinds import KINDS
from tests.support.world import World, open_world

APPLICATION: JsonObject = {"displayName": "Plant", "publicNetworkAccess": "Enabled", "idScope": "0ne1"}
DEVICES = "Holdfast.Devices/devices"
APPLICATIONS = "Microsoft.IoTCentral/iotApps"
ORGANIZATIONS = "Holdfast.Access/organizations"


@dataclass(frozen=True)
class Guarded(World):
    """A world with policies."""

    gate: Gate

    def define(self, name: str, condition: JsonObject, effect: str, **rest: JsonValue) -> str:
        """Store a definition; its id. `details` go to `then`, everything else beside the rule."""
        then: JsonObject = {"effect": effect}
        if "details" in rest:
            then["details"] = rest.pop("details")
        rule: JsonObject = {"if": condition, "then": then}
        body: JsonObject = {"displayName": f"About {name}", "policyRule": rule, **rest}
        self.put(DEFINITION, name, body)
        return full_id(DEFINITION, name)

    def assign(self, definition: str, name: str = "here", **rest: JsonValue) -> str:
        """Assign it at the top; the assignment's id."""
        body: JsonObject = {"policyDefinitionId": definition, "displayName": name.title(), **rest}
        self.put(ASSIGNMENT, name, body)
        return full_id(ASSIGNMENT, name)

    def enforce(
        self,
        condition: JsonObject,
        effect: str,
        name: str = "own",
        details: JsonValue = None,
        **rest: JsonValue,
    ) -> str:
        """Define and assign in one; the assignment's id. The rest goes to the assignment."""
        more: dict[str, JsonValue] = {} if details is None else {"details": details}
        return self.assign(self.define(name, condition, effect, **more), name, **rest)


def modifying(
    field: str, value: JsonValue, conflict: str = "deny", operation: str = "addOrReplace"
) -> JsonObject:
    """The details of a `modify` with one step."""
    step: JsonObject = {"operation": operation, "field": field, "value": value}
    return {"roleDefinitionIds": [], "conflictEffect": conflict, "operations": [step]}


@contextmanager
def open_guarded(folder: Path, url: str = "") -> Iterator[Guarded]:
    """An instance with an application, a device and policies; on PostgreSQL when there is a `url`."""
    with open_world(folder, KINDS.values(), url=url, seals=False) as world:
        world.changes.close()
        gate = Gate(world.store, world.clock)
        changes = QueuedChangePath(
            world.database, KINDS, world.ring, world.clock, world.randomness, gate=gate
        )
        changes.observe(gate.changed)
        guarded = Guarded(**{**vars(world), "changes": changes}, gate=gate)
        try:
            guarded.put("application", "application", APPLICATION)
            yield guarded
        finally:
            changes.close()
