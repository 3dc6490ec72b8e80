"""Sign-ins are counted in every protocol alike."""

from collections.abc import Callable

from holdfast.defender.engines.model import Blame, Rate, Selector
from holdfast.defender.record import Record

When = Callable[[Record], bool]


def attempts(select: Selector, when: When | None = None) -> Rate:
    """The rate of attempts, successful or not; `select` names the client's messages that are attempts."""
    return Rate(
        "excessive-login-attempts",
        select,
        "{count} sign-in attempts within {window}",
        "a sign-in now and then",
        when=when,
    )


def guessing(select: Selector, when: When | None = None) -> Rate:
    """The rate of refused attempts; `select` names the server's refusals."""
    return Rate(
        "password-guessing-attempt-detected",
        select,
        "{count} refused sign-ins within {window}",
        "a wrong password now and then",
        when=when,
        blame=Blame.LISTENER,
    )
