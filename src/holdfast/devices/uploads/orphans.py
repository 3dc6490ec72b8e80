"""Pieces of content that no record names: a crash between storing a piece and recording it leaves one behind,
and so does one between forgetting a file and deleting its pieces."""

from array import array
from bisect import bisect_left

from holdfast.devices.uploads import records
from holdfast.devices.uploads.model import Upload
from holdfast.kernel.ids import moment_of
from holdfast.log.backend import StateReading
from holdfast.log.port import DeviceState
from holdfast.storage.blobs import Blobs

GRACE_SECONDS = 2 * 86_400.0
"""Younger pieces are left alone: an upload takes at most a day from its first piece to its last."""


def sweep_orphans(state: DeviceState, blobs: Blobs, now: float) -> int:
    """Delete the pieces that nothing names any more, and say how many there were.

    Blocking; needs eight bytes of memory for each piece that is kept. The records are read after the names,
    and of each upload what is staged before what is committed, which is the way that pieces go: so one that
    is in use is seen, whatever devices do meanwhile. Where there is no record at all nothing is deleted: it
    may be the records that are lost.
    """
    old = [name for name in blobs.names() if _is_old(name, now)]
    named = _named(state) if old else array("q")
    if not named:
        return 0
    doomed = [name for name in old if not _holds(named, hash(name))]
    for name in doomed:
        blobs.delete(name)
    return len(doomed)


def _is_old(name: str, now: float) -> bool:
    """Whether a piece was stored long ago; what is no piece of ours is left where it is."""
    try:
        return moment_of(name.rpartition("/")[2]) < now - GRACE_SECONDS
    except ValueError:
        return False


def _named(state: DeviceState) -> "array[int]":
    """The hashes of all pieces that records name, in order. Two with one hash only spare an orphan."""
    hashes = array("q")
    for upload in state.read(records.everything):
        hashes.extend(state.read(_pieces, upload))
    return array("q", sorted(hashes))


def _pieces(state: StateReading, upload: Upload) -> list[int]:
    blocks = [*records.staged_of(state, upload), *records.committed_of(state, upload)]
    return [hash(part.blob) for block in blocks for part in block.parts]


def _holds(ordered: "array[int]", value: int) -> bool:
    place = bisect_left(ordered, value)
    return place < len(ordered) and ordered[place] == value
