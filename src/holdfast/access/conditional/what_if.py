"""Would this principal get in, from there, at that time, signed in like that? Asked without trying."""

from collections.abc import Iterable
from typing import NamedTuple

from holdfast.access.conditional.decide import circumstances
from holdfast.access.conditional.evaluate import Verdict, compile_policy, evaluate
from holdfast.access.conditional.model import Client, checked_policy
from holdfast.access.directory import Snapshot
from holdfast.access.people.users import KIND as USER
from holdfast.access.principals import Rights, rights_of_token, rights_of_user
from holdfast.access.tokens.kind import KIND as API_TOKEN
from holdfast.kernel.errors import NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.resources.model import Reader, Resource


class Question(NamedTuple):
    """What is asked."""

    principal: str
    """The id of a user or an API token."""
    address: str
    now: float
    """Unix seconds; may lie ahead."""
    client: Client = Client.BROWSER
    methods: frozenset[str] = frozenset({"pwd", "otp"})
    acr: str = ""
    age_seconds: float = 0.0
    """How long ago the sign-in was."""
    groups: tuple[str, ...] = ()
    drafts: tuple[JsonObject, ...] = ()
    """Bodies of policies that are not stored yet, evaluated with the others."""


def what_if(reader: Reader, snapshot: Snapshot, question: Question) -> Verdict:
    """What the policies would say. NotFoundError for nobody, AccessInvalidError for a wrong draft."""
    rights = _rights(reader, snapshot, question)
    asked = circumstances(
        snapshot,
        rights,
        question.client,
        question.address,
        question.now,
        methods=question.methods,
        acr=question.acr,
        authenticated_at=question.now - question.age_seconds,
    )
    drafts = _stored(question.drafts)
    return evaluate((*snapshot.policies, *map(compile_policy, drafts)), asked)


def _rights(reader: Reader, snapshot: Snapshot, question: Question) -> Rights:
    user = reader.get(USER, question.principal)
    if user is not None:
        return rights_of_user(reader, snapshot, user, question.now, groups=question.groups)
    token = reader.get(API_TOKEN, question.principal)
    if token is None:
        raise NotFoundError(f"There is neither a user nor an API token “{question.principal}”.")
    return rights_of_token(snapshot, token)


def _stored(drafts: Iterable[JsonObject]) -> Iterable[Resource]:
    for number, body in enumerate(drafts, 1):
        yield Resource("conditionalAccessPolicy", f"draft-{number}", ROOT, checked_policy(body), "", 0, 0)
