"""Secrets: sealed in the database, absent from events, audit and policies, there for their owner."""

from pathlib import Path

import pytest
import sqlalchemy
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kernel.clock import ManualClock, SystemRandomness
from holdfast.kernel.json import JsonObject
from holdfast.keys.errors import KeyUnavailableError
from holdfast.keys.file import open_key_ring
from holdfast.keys.ring import FileKeyRing
from holdfast.resources import secrets, tables
from holdfast.resources.model import Action
from tests.support.world import World

SECRET = "correct horse battery staple"
PATHS = frozenset({"keys.*", "links.*.password", "token"})


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> FileKeyRing:
    folder = tmp_path_factory.mktemp("ring")
    return open_key_ring(folder, ManualClock(), SystemRandomness())


def body() -> JsonObject:
    return {
        "name": "pump",
        "keys": {"primary": SECRET, "secondary": "", "third": None},
        "links": [{"to": "x", "password": SECRET}, {"to": "y"}, "odd"],
    }


def test_secrets_are_sealed_in_the_row_and_open_for_readers(world: World) -> None:
    world.put("thing", "a", body())
    with world.database.read() as connection:
        row = connection.execute(sqlalchemy.select(tables.resource.c.body)).scalar_one()
        audit = connection.execute(sqlalchemy.select(tables.audit.c.record)).scalar_one()
    assert SECRET not in row
    assert SECRET not in audit
    stored = world.store.get("thing", "a")
    assert stored is not None
    assert stored.body == {**body(), "state": "new"}


def test_an_edited_seal_is_noticed_and_a_seal_cannot_move(world: World) -> None:
    world.put("thing", "a", {"keys": {"primary": SECRET}})
    world.put("thing", "b", {"keys": {"primary": "other"}})
    with world.database.write() as connection:
        other = connection.execute(
            sqlalchemy.select(tables.resource.c.body).where(tables.resource.c.id == "b")
        ).scalar_one()
        connection.execute(tables.resource.update().where(tables.resource.c.id == "a").values(body=other))
    with pytest.raises(KeyUnavailableError, match="altered"):
        world.store.get("thing", "a")


def test_a_change_keeps_the_secrets_that_it_does_not_name(world: World) -> None:
    world.put("thing", "a", {"keys": {"primary": SECRET, "secondary": "b"}})
    world.change(Action.MERGE, "thing", "a", {"keys": {"secondary": "c"}})
    stored = world.store.get("thing", "a")
    assert stored is not None
    assert stored.body["keys"] == {"primary": SECRET, "secondary": "c"}


def test_leaving_out_changes_no_original() -> None:
    original = body()
    visible = secrets.without(original, PATHS)
    assert visible == {
        "name": "pump",
        "keys": {"secondary": "", "third": None},
        "links": [{"to": "x"}, {"to": "y"}, "odd"],
    }
    assert original == body()
    assert secrets.restored(visible, original, PATHS) == original


def test_a_policy_may_reshape_what_surrounds_a_secret() -> None:
    visible = secrets.without(body(), PATHS)
    reshaped: JsonObject = {"name": "changed"}
    restored = secrets.restored({**visible, **reshaped}, body(), PATHS)
    assert restored == {**body(), "name": "changed"}
    assert secrets.restored({"links": []}, body(), PATHS) == {"links": [], "keys": {"primary": SECRET}}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
BODIES = st.dictionaries(st.sampled_from(["keys", "links", "token", "name"]), VALUES, max_size=4)


@given(original=BODIES)
def test_any_body_survives_sealing_and_leaving_out(ring: FileKeyRing, original: JsonObject) -> None:
    sealed = secrets.sealed(original, PATHS, ring, "thing/a")
    assert secrets.opened(sealed, PATHS, ring, "thing/a") == original
    visible = secrets.without(original, PATHS)
    assert secrets.restored(visible, original, PATHS) == original
    assert not list(secrets.places(visible, PATHS))


def test_a_body_that_looks_sealed_is_data_like_any_other(ring: FileKeyRing) -> None:
    odd: JsonObject = {"token": {secrets.SEALED: "AAAA"}}
    sealed = secrets.sealed(odd, PATHS, ring, "thing/a")
    assert secrets.opened(sealed, PATHS, ring, "thing/a") == odd


def test_secrets_stay_readable_after_a_rotation(tmp_path: Path) -> None:
    ring = open_key_ring(tmp_path, ManualClock(), SystemRandomness())
    sealed = secrets.sealed({"token": SECRET}, PATHS, ring, "thing/a")
    ring.rotate_data_key("secrets")
    ring.rotate_root()
    again = open_key_ring(tmp_path, ManualClock(), SystemRandomness())
    assert secrets.opened(sealed, PATHS, again, "thing/a") == {"token": SECRET}
