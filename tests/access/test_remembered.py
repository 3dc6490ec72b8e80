"""What credentials mean is remembered briefly, and never longer than the change that made it wrong."""

from hypothesis import given
from hypothesis import strategies as st

from holdfast.access.remembered import Remembered

SESSION = ("session", "s-1")


def remembered(maximum: int = 10) -> Remembered[str]:
    return Remembered(maximum)


def put(memory: Remembered[str], credential: str, value: str = "ada", until: float = 100) -> None:
    memory.put(credential, value, now=0, until=until, resource=SESSION, generation=memory.generation)


def test_a_value_is_remembered_until_its_time_and_says_when_it_was_last_asked_for() -> None:
    memory = remembered()
    put(memory, "c")
    assert memory.get("c", 10) == ("ada", 0)
    assert memory.get("c", 99) == ("ada", 10)
    assert memory.get("c", 100) is None
    assert memory.get("other", 10) is None


def test_forgetting_a_resource_leaves_the_others() -> None:
    memory = remembered()
    put(memory, "c")
    memory.put("d", "bob", now=0, until=100, resource=("session", "s-2"), generation=memory.generation)
    memory.forget(SESSION)
    assert memory.get("c", 1) is None
    assert memory.get("d", 1) == ("bob", 0)
    memory.forget()
    assert memory.get("d", 1) is None


def test_what_was_looked_up_before_a_change_and_arrives_after_it_is_not_taken() -> None:
    memory = remembered()
    generation = memory.generation
    memory.forget(("user", "ada"))
    memory.put("c", "old rights", now=0, until=100, resource=SESSION, generation=generation)
    assert memory.get("c", 1) is None


def test_the_least_recently_used_make_room() -> None:
    memory = remembered(2)
    put(memory, "a")
    put(memory, "b")
    memory.get("a", 1)
    put(memory, "c")
    assert [memory.get(name, 2) is not None for name in "abc"] == [True, False, True]


STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "get", "forget", "late"]), st.sampled_from("abc")), max_size=30
)


@given(STEPS)
def test_nothing_that_was_forgotten_is_ever_seen_again(steps: list[tuple[str, str]]) -> None:
    memory = remembered()
    version = dict.fromkeys("abc", 0)
    drawn = memory.generation
    for step, name in steps:
        if step == "put":
            drawn = memory.generation
            memory.put(
                name, str(version[name]), now=0, until=9, resource=("k", name), generation=memory.generation
            )
        elif step == "forget":
            version[name] += 1
            memory.forget(("k", name))
        elif step == "late":
            stale = str(version[name] - 1)
            if drawn != memory.generation:
                memory.put(name, stale, now=0, until=9, resource=("k", name), generation=drawn)
        found = memory.get(name, 1)
        assert found is None or found[0] == str(version[name])
