"""Removing a user, and then everything that was theirs."""

from collections.abc import Iterator

from holdfast.access.elevation.eligible import KIND as ELIGIBLE
from holdfast.access.local.credentials import KIND as CREDENTIAL
from holdfast.access.local.links import KIND as LINK
from holdfast.access.oidc.identities import KIND as IDENTITY
from holdfast.access.people.users import KIND as USER
from holdfast.access.ports import Ports
from holdfast.access.reading import everything
from holdfast.access.sessions.kind import KIND as SESSION
from holdfast.access.sessions.service import acting_for
from holdfast.kernel.errors import NotFoundError
from holdfast.kernel.principal import Principal
from holdfast.resources.model import Action, Change, Reader
from holdfast.resources.query import Compare, Operator

OWNED = (SESSION, LINK, IDENTITY, ELIGIBLE)
"""Kinds whose resources name their user in `user`."""


def remove_user(ports: Ports, principal: Principal, user_id: str, if_match: str | None = None) -> None:
    """Delete a user, and with it sessions, links, credentials, pins and eligibility.

    Raises what deleting the user raises; then nothing was removed. What was left behind would be harmless,
    since it names the user's beginning, but nobody wants to find it.
    """
    user = ports.store.get(USER, user_id)
    if user is None:
        raise NotFoundError(f"There is no user “{user_id}”.")
    ports.changes.apply(principal, Change(Action.DELETE, USER, user_id, if_match=if_match))
    leftovers = list(_owned(ports.store, user_id))
    if leftovers:
        ports.changes.apply_all(acting_for(user, principal.address), leftovers)


def _owned(reader: Reader, user_id: str) -> Iterator[Change]:
    for kind in OWNED:
        for stored in everything(reader, kind, Compare("user", Operator.EQUAL, user_id)):
            yield Change(Action.DELETE, kind, stored.id)
    if reader.get(CREDENTIAL, user_id) is not None:
        yield Change(Action.DELETE, CREDENTIAL, user_id)
