"""Whether the audit log is whole, for people who ask a running instance: checked once at a time."""

import threading
from dataclasses import dataclass, field
from typing import NamedTuple

from holdfast.kernel.clock import Clock
from holdfast.keys.ring import FileKeyRing
from holdfast.resources.chain import Head
from holdfast.resources.sealing import last_head
from holdfast.resources.verification import Verification, verify
from holdfast.resources.witness import HeadFile
from holdfast.storage.database import Database

FRESH_SECONDS = 10.0
"""A check reads the whole log; whoever asks again at once is told what was just found."""


class Checked(NamedTuple):
    """What a check found, and when."""

    time: float
    result: Verification


@dataclass
class AuditIntegrity:
    """See the module. Blocking."""

    database: Database
    ring: FileKeyRing
    clock: Clock
    witness: HeadFile
    last: Checked | None = None
    """The last check since this process began."""
    _checking: threading.Lock = field(default_factory=threading.Lock)

    def head(self) -> Head | None:
        """The last signed head; None when nothing was recorded yet."""
        return last_head(self.database)

    def check(self) -> Checked:
        """Check every record and every head; see `verification.verify`."""
        with self._checking:
            now = self.clock.now()
            if self.last is None or now - self.last.time > FRESH_SECONDS:
                self.last = Checked(now, verify(self.database, self.ring, self.clock, self.witness))
            return self.last
