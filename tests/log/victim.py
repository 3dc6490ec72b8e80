"""A process that writes the log until it is killed: `python -m tests.log.victim FOLDER RUN [URL]`.

It prints a line for everything that was acknowledged, the moment it was: `ack DEVICE TEXT` for a message,
`twin DEVICE VERSION` for a reported patch, `refused REASON` for what was not.
"""

import itertools
import os
import sys
import threading
from concurrent.futures import Future
from functools import partial
from pathlib import Path

from holdfast.kernel.clock import SystemClock, SystemRandomness
from holdfast.keys.file import open_key_ring
from holdfast.log import operations
from holdfast.log.backend import Limits
from holdfast.log.open import open_writer
from holdfast.log.port import Done, Entry, Twin

DEVICES = 8
BACKLOG = 4
"""Messages that each device has in flight."""


def say(line: str) -> None:
    """One whole line on standard output, at once."""
    os.write(1, f"{line}\n".encode())


def main(folder: Path, run: str, url: str = "") -> None:
    """Write until killed."""
    clock = SystemClock()
    ring = open_key_ring(folder, clock, SystemRandomness())
    limits = Limits(file_bytes=int(os.environ.get("FILE_BYTES", "100000000")))
    writer = open_writer(folder, ring, clock, limits, url)

    def patched(device: str, future: "Future[Twin]") -> None:
        if future.exception() is None:
            say(f"twin {device} {future.result().reported_version}")

    room = threading.Semaphore(DEVICES * BACKLOG)

    def answered(device: str, text: str) -> Done:
        def done(error: Exception | None) -> None:
            say(f"ack {device} {text}" if error is None else f"refused {error}")
            room.release()

        return done

    for number in itertools.count():
        device = f"device-{number % DEVICES}"
        text = f"{run}.{number}"
        room.acquire()
        entry = Entry(device, "", "telemetry", clock.now(), "", text.encode())
        writer.append([entry], answered(device, text))
        if number % 10 == 0:
            future = writer.submit(operations.patch_reported, device, "", {"n": number}, clock.now())
            future.add_done_callback(partial(patched, device))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], *sys.argv[3:])
