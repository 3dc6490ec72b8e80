"""A sensor that keeps messages and sends them until it is killed: `victim.py STATE LAST`.

It tells the number of each message once the message is kept, and runs ahead of the platform by a few only,
so that a kill meets it while messages are under way. After message `LAST` it waits until all have arrived.
"""

import sys
import time
from pathlib import Path

from holdfast.defender.uplink.connection import UplinkThread
from holdfast.defender.uplink.documents import EventDocument
from holdfast.defender.uplink.messages import Events, pack
from holdfast.defender.uplink.spool import Spool
from holdfast.defender.uplink.state import SensorState
from holdfast.kernel.clock import SystemClock, SystemRandomness

AHEAD = 8
"""Messages that wait at most."""


def main(folder: str, last: int) -> None:
    """See the module."""
    state = SensorState(Path(folder), SystemClock(), SystemRandomness())
    spool = Spool(state)
    uplink = UplinkThread(state, spool, SystemClock(), SystemRandomness(), lambda _text: None)
    uplink.start()
    known = state.connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'spool'").fetchone()
    for number in range(known[0] + 1 if known else 1, last + 1):
        event = EventDocument("2027-01-15T08:00:00.000Z", "SNMP_TRAP", "INFO", str(number), [], 0, 1)
        spool.append([pack(Events([event]))])
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        while len(spool.after(0, AHEAD)) == AHEAD:
            time.sleep(0.001)
    while spool.octets:
        time.sleep(0.001)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
