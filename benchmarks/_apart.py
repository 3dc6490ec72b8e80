"""What a piece of work costs in a process of its own: done one after another in the same process, the later
one pays for the heap that the earlier ones left behind."""

import multiprocessing
import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, ParamSpec, TypeVar

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class Cost(NamedTuple):
    """Of one run."""

    seconds: float
    """CPU time of the work alone, without the start of its process."""
    memory: int
    """Bytes that the process held at most."""


def apart(
    work: Callable[_Arguments, _Result], *arguments: _Arguments.args, **more: _Arguments.kwargs
) -> _Result:
    """What `work`, a function of a module, returns in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments, more)


@contextmanager
def interpreted() -> Iterator[None]:
    """Processes that are started within run no compiled modules."""
    before = os.environ.get("HOLDFAST_COMPILED", "")
    os.environ["HOLDFAST_COMPILED"] = "off"
    try:
        yield
    finally:
        os.environ["HOLDFAST_COMPILED"] = before


def cost(work: Callable[_Arguments, object], *arguments: _Arguments.args, **more: _Arguments.kwargs) -> Cost:
    """What `work` costs in the process that runs this; to be called through `apart`."""
    begin = time.process_time()
    work(*arguments, **more)
    seconds = time.process_time() - begin
    return Cost(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
