"""Turns the standing sentences of a page on one benchmark into those of a page on the other.

The two generations of pages differ in a few words only; the pairs are in `data/rewording.yaml`.
"""

from functools import cache

from pydantic import BaseModel, ConfigDict, TypeAdapter

from holdfast.baseline.data.catalog import LATER, benchmark, load
from holdfast.baseline.model.wording import Wording


class Pair(BaseModel):
    """The same place in a sentence of both generations."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    earlier: str
    later: str


@cache
def pairs() -> tuple[Pair, ...]:
    """All pairs, the longer ones first."""
    return TypeAdapter(tuple[Pair, ...]).validate_python(load("rewording.yaml"))


def on_benchmark(wording: Wording, key: str) -> Wording:
    """`wording` on the benchmark `key`."""
    if wording.benchmark == key:
        return wording
    later = key == LATER
    names = ("front_matter", "introduction", "domain_line", "next_steps")
    texts = {name: _reworded(str(getattr(wording, name)), later) for name in names}
    return wording.model_copy(
        update={
            **texts,
            "benchmark": key,
            "notes_before_reference": later,
            "labels": wording.labels.model_copy(
                update={"guidance_notes": "Note" if later else "Guidance notes"}
            ),
            "titles": {
                control: title
                for control, title in wording.titles.items()
                if control in benchmark(key).control_by_id
            },
        }
    )


def _reworded(text: str, later: bool) -> str:
    for pair in pairs():
        text = text.replace(pair.earlier, pair.later) if later else text.replace(pair.later, pair.earlier)
    return text
