"""What a start refuses before it makes anything: lost parts of an instance, and a clock that is wrong.

A lost part would be made anew, and the instance would seem to work: empty, or with an authority that no
device trusts.
"""

from datetime import UTC, datetime
from pathlib import Path

from holdfast.kernel.errors import StartupError
from holdfast.resources.events import AuditFeed
from holdfast.resources.witness import HeadFile
from holdfast.vault.files import AUTHORITY

CLOCK_SLACK_SECONDS = 300.0
"""How far a clock may be set back between two runs, as time services do it."""


def check_parts(*, is_new: bool, heads: HeadFile, database: str, certificates: Path) -> None:
    """StartupError when the database or the authority is gone and other parts say that it was there."""
    if is_new and heads.last():
        raise StartupError(
            f"{database} is empty, but {heads.path} knows of {heads.last()} audit records: the database was "
            "lost or is another one. Restore it from a backup, or name another data folder with --data."
        )
    if not is_new and not (certificates / AUTHORITY).exists():
        raise StartupError(
            f"{certificates / AUTHORITY} is missing, and devices trust no other authority: "
            "restore the certificates folder from a backup."
        )


def check_clock(now: float, audit: AuditFeed) -> None:
    """StartupError when the instance did something later than `now` (Unix seconds).

    Tokens and certificates that ended would be good again, and new records would be older than old ones.
    """
    newest = max((event.time for event in audit.search(limit=1)), default=0.0)
    if now < newest - CLOCK_SLACK_SECONDS:
        raise StartupError(
            f"This machine's clock says {_text(now)}, but this instance was at work at {_text(newest)}: set "
            "the clock. If it is right and was wrong before, start once with HOLDFAST_ACCEPT_CLOCK=true."
        )


def _text(time: float) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S} UTC"
