"""The policy gate in the change path: what it sees, what it may change, and when it is asked again."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast.kernel.errors import InvalidError, PolicyDeniedError
from holdfast.kernel.json import JsonObject
from holdfast.resources.model import Action, Draft, Kind
from tests.resources.kinds import KINDS
from tests.support.world import World, open_world

Decision = Callable[[Draft], JsonObject]


class Gate:
    """A gate whose decision a test replaces."""

    def __init__(self) -> None:
        self.epoch = 1
        self.seen: list[Draft] = []
        self.decide: Decision = lambda draft: draft.body

    def evaluate(self, kind: Kind, draft: Draft) -> tuple[JsonObject, tuple[str, ...]]:
        self.seen.append(draft)
        body = self.decide(draft)
        return body, (("added what was missing",) if body != draft.body else ())


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def world(tmp_path: Path, gate: Gate) -> Iterator[World]:
    with open_world(tmp_path, KINDS, gate=gate) as opened:
        yield opened


def deny(draft: Draft) -> JsonObject:
    raise PolicyDeniedError("Refused by a policy.", "assignment-1", "definition-1")


def test_the_gate_sees_no_secret_and_cannot_lose_one(world: World, gate: Gate) -> None:
    gate.decide = lambda draft: {**draft.body, "tag": "seen"}
    world.put("thing", "a", {"name": "x", "keys": {"primary": "s3cret"}})
    applied = world.change(Action.MERGE, "thing", "a", {"name": "y"})
    assert "s3cret" not in repr([(draft.body, draft.before) for draft in gate.seen])
    assert applied.resource is not None
    assert applied.resource.body == {
        "name": "y",
        "tag": "seen",
        "state": "new",
        "keys": {"primary": "s3cret"},
    }


def test_what_a_policy_did_is_told_and_audited(world: World, gate: Gate) -> None:
    gate.decide = lambda draft: {**draft.body, "tag": "seen"}
    applied = world.change(Action.PUT, "thing", "a", {"state": "new"})
    assert applied.policy_effects == ("added what was missing",)
    assert world.feed.read(0)[0].detail == "added what was missing"


def test_a_denial_changes_nothing_and_is_audited_as_a_refusal(world: World, gate: Gate) -> None:
    gate.decide = deny
    with pytest.raises(PolicyDeniedError) as denied:
        world.put("thing", "a", {})
    assert denied.value.assignment == "assignment-1"
    assert world.store.get("thing", "a") is None
    world.changes.close()
    assert [(event.name, event.outcome) for event in world.feed.read(0)] == [("thing.refused", "refused")]


def test_a_deletion_can_be_denied(world: World, gate: Gate) -> None:
    world.put("thing", "a", {})
    gate.decide = deny
    with pytest.raises(PolicyDeniedError):
        world.change(Action.DELETE, "thing", "a")
    assert world.store.get("thing", "a") is not None


def test_nothing_passes_a_policy_by_being_left_out(world: World, gate: Gate) -> None:
    """The validator fills in `state`; the gate must see what is stored, not only what was sent."""
    gate.decide = lambda draft: deny(draft) if draft.body.get("state") == "new" else draft.body
    with pytest.raises(PolicyDeniedError):
        world.put("thing", "a", {"name": "x"})


def test_what_a_policy_adds_is_validated(world: World, gate: Gate) -> None:
    gate.decide = lambda draft: {**draft.body, "name": 7}
    with pytest.raises(InvalidError):
        world.put("thing", "a", {"name": "x"})


def test_kinds_without_a_policy_type_and_emitted_events_are_not_asked(world: World, gate: Gate) -> None:
    world.put("fixed", "f", {})
    assert gate.seen == []


def test_one_evaluation_is_enough_when_nothing_changed_meanwhile(world: World, gate: Gate) -> None:
    world.put("thing", "a", {"state": "new"})
    assert len(gate.seen) == 1


def test_a_policy_made_meanwhile_is_asked_inside_the_transaction(world: World, gate: Gate) -> None:
    """The first evaluation passes under the old epoch; before the commit a denying policy is made."""

    def pass_and_change(draft: Draft) -> JsonObject:
        gate.decide = deny
        gate.epoch += 1
        return draft.body

    gate.decide = pass_and_change
    with pytest.raises(PolicyDeniedError):
        world.put("thing", "a", {"state": "new"})
    assert world.store.get("thing", "a") is None


def test_a_resource_changed_meanwhile_is_judged_again(world: World, gate: Gate) -> None:
    """The judged merge must not overwrite what another caller committed after the judgement."""
    world.put("thing", "a", {"state": "new", "name": "x"})
    done = threading.Event()

    def interfere(draft: Draft) -> JsonObject:
        if not done.is_set():
            done.set()
            thread = threading.Thread(target=world.change, args=(Action.MERGE, "thing", "a", {"size": 5}))
            thread.start()
            thread.join()
        return draft.body

    gate.decide = interfere
    world.change(Action.MERGE, "thing", "a", {"name": "y"})
    stored = world.store.get("thing", "a")
    assert stored is not None
    assert stored.body == {"state": "new", "name": "y", "size": 5}
