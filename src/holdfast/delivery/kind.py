"""The kind `alertDestination`: where alerts and audit records go, and which. Its secrets are sealed."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, field

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.access.issuer.identities import KIND as MANAGED_IDENTITY
from holdfast.access.issuer.tokens import subject_of
from holdfast.alerts.model import Severity
from holdfast.delivery.alerts.rule import ForwardingRule
from holdfast.delivery.destinations import Destination, Email, Syslog, Webhook, place_of
from holdfast.kernel.errors import ForbiddenError, HoldfastError, InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Draft, IndexType, Kind, Reader, Resource
from holdfast.resources.secrets import Place, places

DESTINATION: Final = "alertDestination"
MAXIMUM_DESTINATIONS: Final = 100
_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,47}")

_Names = Annotated[list[Annotated[str, Meta(min_length=1, max_length=255)]], Meta(max_length=200)]

SECRETS: Final = frozenset(
    {"connection.headers.*", "connection.secret", "connection.password", "connection.certificate"}
)

FORMS: Final[Mapping[str, type[Destination]]] = {"webhook": Webhook, "syslog": Syslog, "email": Email}
"""What `connection.type` may be, and the form of everything beside it."""


class AlertChoice(Body, frozen=True):
    """Which alerts: those that have one of the values of every list that is not empty."""

    minimum_severity: Severity = Severity.LOW
    engines: _Names = field(default_factory=list)
    types: _Names = field(default_factory=list)
    protocols: _Names = field(default_factory=list)
    sensors: _Names = field(default_factory=list)
    sites: _Names = field(default_factory=list)
    zones: _Names = field(default_factory=list)


class DestinationBody(Body, frozen=True, omit_defaults=True):
    """The body."""

    display_name: Annotated[str, Meta(min_length=1, max_length=255)]
    connection: dict[str, Any]  # Any: JSON; `connection_of` reads it
    """`type` (`webhook`, `syslog`, `email`) and the fields of its form."""
    enabled: bool = True
    alerts: AlertChoice | None = None
    """Absent: no alerts."""
    audit: bool = False
    """Whether every record of the audit log goes there."""


def connection_of(body: JsonObject) -> Destination:
    """How to reach it. InvalidError naming the member that is wrong."""
    given = body.get("connection")
    if not isinstance(given, dict):
        raise InvalidError("/connection: it must be an object.", "/connection")
    form = FORMS.get(str(given.get("type")))
    if form is None:
        raise InvalidError(f"/connection/type: it is one of {', '.join(FORMS)}.", "/connection/type")
    rest: dict[str, JsonValue | list[tuple[str, JsonValue]]] = {**given}
    del rest["type"]
    unknown = rest.keys() - {each.name for each in dataclasses.fields(form)}
    if unknown:
        name = min(unknown)
        raise InvalidError(
            f"/connection/{name}: a {given['type']} has no such member.", f"/connection/{name}"
        )
    if isinstance(headers := rest.get("headers"), dict):
        rest["headers"] = list(headers.items())
    try:
        return msgspec.convert(rest, form)
    except msgspec.ValidationError as error:
        raise InvalidError(f"/connection: {error}.", "/connection") from None
    except InvalidError as error:  # the form's own checks name their field alone
        place = f"/connection/{error.field}"
        raise InvalidError(f"{place}: {error}", place) from None


def rule_of(resource: Resource) -> ForwardingRule | None:
    """Which alerts go to a stored destination; None for none."""
    choice = read_body(resource.body, DestinationBody).alerts
    if choice is None:
        return None
    return ForwardingRule(
        resource.id,
        (resource.id,),
        choice.minimum_severity,
        frozenset(choice.engines),
        frozenset(choice.protocols),
        frozenset(choice.types),
        frozenset(choice.sensors),
        frozenset(choice.zones),
        frozenset(choice.sites),
        organization=resource.organization,
    )


def _validate(draft: Draft, reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    if _ID.fullmatch(draft.change.id) is None:
        raise InvalidError("A destination's id has 1 to 48 letters, digits, - and _.", "/id")
    asked = read_body(draft.body, DestinationBody)
    _keep_credentials_in_place(draft)
    _check_identity(draft, reader)
    if asked.audit and not draft.principal.allows(Permission.AUDIT_READ, draft.organization):
        raise ForbiddenError(f"Sending the audit log takes the permission {Permission.AUDIT_READ.value}.")
    if asked.alerts is None and not asked.audit:
        raise InvalidError("/alerts: say which alerts go there, or set audit to true.", "/alerts")
    return to_body(asked)


def _keep_credentials_in_place(draft: Draft) -> None:
    """A credential goes where whoever gave it meant it to go: another place takes it given again."""
    after = connection_of(draft.body)
    if draft.before is None:
        return
    before = draft.before.body
    same = [place for place in places(draft.body, SECRETS) if _at(draft.body, place) == _at(before, place)]
    if same and place_of(connection_of(before)) != place_of(after):
        name = "/".join(map(str, same[0]))
        raise InvalidError(f"/{name}: the destination is another place now; give it again.", f"/{name}")


def _check_identity(draft: Draft, reader: Reader) -> None:
    """To be called in an identity's name is trust: who gives it, or brings it elsewhere, manages access."""
    webhook = connection_of(draft.body)
    if not isinstance(webhook, Webhook) or not webhook.identity:
        return
    before = None if draft.before is None else connection_of(draft.before.body)
    if isinstance(before, Webhook) and _trust_of(before) == _trust_of(webhook):
        return
    stored = reader.get(MANAGED_IDENTITY, webhook.identity)
    where = draft.organization if stored is None else stored.organization
    if not draft.principal.allows(Permission.ACCESS_MANAGE, where):
        raise ForbiddenError(
            f"To send a managed identity's tokens to a place takes the permission {Permission.ACCESS_MANAGE}."
        )
    try:
        subject_of(reader, webhook.identity, webhook.token_audience, f"{DESTINATION}/{draft.change.id}")
    except HoldfastError as error:
        raise InvalidError(f"/connection/identity: {error}", "/connection/identity") from None


def _trust_of(webhook: Webhook) -> tuple[str, ...]:
    return (webhook.identity, webhook.token_audience, *place_of(webhook))


def _at(value: JsonValue, place: Place) -> JsonValue:
    for key in place:
        value = value.get(str(key)) if isinstance(value, dict) else None
    return value


def _guard(draft: Draft, reader: Reader) -> None:
    if draft.before is None and reader.count(DESTINATION, (ROOT,)) >= MAXIMUM_DESTINATIONS:
        raise InvalidError(f"There are {MAXIMUM_DESTINATIONS} destinations already.")


DESTINATION_KIND = Kind(
    name=DESTINATION,
    read=Permission.ALERT_READ,
    create=Permission.ALERT_MANAGE,
    update=Permission.ALERT_MANAGE,
    delete=Permission.ALERT_MANAGE,
    validate=_validate,
    guard=_guard,
    indexed={"displayName": IndexType.TEXT},
    secrets=SECRETS,
    policy_type="Holdfast.Delivery/alertDestinations",
)
