"""What people do with alerts: allowed where they may, done by the rules of the lifecycle, and audited."""

from collections.abc import Sequence

from holdfast.alerts import lifecycle
from holdfast.alerts.model import Alert, Resolution, Severity
from holdfast.alerts.store.reading import AlertReader
from holdfast.alerts.store.writing import AlertStore, Change
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import ConflictError, ForbiddenError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Principal
from holdfast.resources.port import ChangePath

READ, MANAGE = Permission.ALERT_READ, Permission.ALERT_MANAGE


class AlertDesk:
    """See the module. Blocking.

    Every action raises NotFoundError where the person may not read the alert, ForbiddenError where they may
    read it and no more, ConflictError where its life does not allow it. Its audit record (`alert.closed`, …)
    names the sensors and, for `alert.learned`, the entries of learned traffic: sensors follow the events.
    """

    def __init__(self, store: AlertStore, reader: AlertReader, changes: ChangePath, clock: Clock) -> None:
        self.reader = reader
        self._store = store
        self._changes = changes
        self._clock = clock

    def get(self, principal: Principal, identity: str) -> Alert:
        """The alert."""
        return self.reader.get(identity, principal.reach(READ))

    def acknowledge(self, principal: Principal, identity: str) -> Alert:
        """Mark that somebody works on it."""
        return self._edit(principal, identity, "acknowledged", lifecycle.investigate)

    def close(self, principal: Principal, identity: str) -> Alert:
        """End it as handled; the same seen again opens a fresh alert."""
        now = self._clock.now()
        return self._edit(principal, identity, "closed", lambda alert: lifecycle.close(alert, now))

    def learn(self, principal: Principal, identity: str) -> Alert:
        """Close it as allowed. ConflictError when it shows nothing that can be allowed."""
        now = self._clock.now()

        def change(alert: Alert) -> None:
            if not lifecycle.learnable(alert):
                raise ConflictError(
                    f"'{alert.type.title}' shows nothing that can be learned; mute or close it."
                )
            lifecycle.close(alert, now, Resolution.LEARNED)

        return self._edit(principal, identity, "learned", change)

    def mute(self, principal: Principal, identity: str) -> Alert:
        """Close it and raise nothing of the kind between these parties until it is unmuted."""
        alert = self._store.mute(identity, self._reach(principal, identity), principal.name)
        return self._told(principal, "muted", alert)

    def unmute(self, principal: Principal, identity: str) -> Alert:
        """Let the kind be raised again between these parties."""
        alert = self._store.unmute(identity, self._reach(principal, identity))
        return self._told(principal, "unmuted", alert)

    def comment(self, principal: Principal, identity: str, text: str) -> Alert:
        """Add a person's words. InvalidError when they are empty or too many."""
        now, author = self._clock.now(), principal.name
        return self._edit(
            principal, identity, "commented", lambda alert: lifecycle.comment(alert, now, author, text)
        )

    def set_severity(self, principal: Principal, identity: str, severity: Severity) -> Alert:
        """Judge it differently from its type."""
        return self._edit(principal, identity, "rated", lambda alert: lifecycle.set_severity(alert, severity))

    def _edit(self, principal: Principal, identity: str, verb: str, change: Change) -> Alert:
        alert = self._store.edit(identity, self._reach(principal, identity), change)
        return self._told(principal, verb, alert)

    def _reach(self, principal: Principal, identity: str) -> Sequence[OrganizationPath]:
        """Where the principal may change alerts; the alert lies there."""
        alert = self.get(principal, identity)
        if not principal.allows(MANAGE, alert.organization):
            raise ForbiddenError(
                f"Changing the alert {identity} takes the permission {MANAGE.value} for its organization."
            )
        return principal.reach(MANAGE)

    def _told(self, principal: Principal, verb: str, alert: Alert) -> Alert:
        learned: list[JsonValue] = [list(each.learn) for each in alert.violations if each.learn]
        data: JsonObject = {
            "type": alert.type.id,
            "status": alert.status.value,
            "resolution": alert.resolution.value,
            "severity": alert.severity.value,
            "source": alert.source,
            "destination": alert.destination,
            "organization": alert.organization,
            "site": alert.site,
            "sensors": [*alert.sensors],
        }
        if verb == "learned":
            data["learned"] = learned
        self._changes.record(principal, f"alert.{verb}", resource=alert.id, data=data)
        return alert
