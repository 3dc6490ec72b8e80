"""What policies changed is gathered for whoever answers the caller."""

import asyncio

from holdfast.resources.effects import gather, gathered


def test_what_happens_inside_is_gathered_each_once() -> None:
    gather(["before"])
    with gathered() as effects:
        gather(["a", "b"])
        gather(["a"])
    gather(["after"])
    assert effects == ["a", "b"]


async def test_threads_of_one_request_count_and_other_requests_do_not() -> None:
    async def request(name: str) -> list[str]:
        with gathered() as effects:
            await asyncio.to_thread(gather, [name])
            await asyncio.sleep(0)
        return effects

    assert list(await asyncio.gather(request("one"), request("two"))) == [["one"], ["two"]]
