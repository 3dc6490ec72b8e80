"""Services with one claim, and decisions about it."""

from holdfast.baseline.decisions.model import Category, Decisions, Exemption
from holdfast.baseline.model.service import Entry, ServiceBaseline
from holdfast.baseline.model.vocabulary import Answer, Responsibility
from tests.baseline.evidence.items import NOW

TRANSIT = "Data in Transit Encryption"
LOCAL = "Local Admin Accounts"
NOTHING = Decisions()


def service(
    feature: str, supported: bool, enabled: bool = False, probes: tuple[str, ...] = ("p",)
) -> ServiceBaseline:
    """A service that claims one feature."""
    entry = Entry(
        feature=feature,
        supported=Answer.TRUE if supported else Answer.FALSE,
        enabled_by_default=(Answer.TRUE if enabled else Answer.FALSE) if supported else Answer.NOT_APPLICABLE,
        responsibility=(Responsibility.HOLDFAST if enabled else Responsibility.OPERATOR)
        if supported
        else Responsibility.NOT_APPLICABLE,
        probes=probes,
    )
    return ServiceBaseline(
        key="s", name="S", benchmark="mcsb-v1", leaves_out_not_applicable=True, profile=(), entries=(entry,)
    )


ON = service(TRANSIT, supported=True, enabled=True)
OPTION = service(TRANSIT, supported=True)


def exemption(**changes: object) -> Decisions:
    """One exemption of the transit claim; `changes` replaces fields."""
    fields: dict = {
        "id": "e",
        "feature": "encryption-in-transit",
        "category": Category.ACCEPTED,
        "owner": "Ada",
        "reason": "A closed network.",
        "given": NOW - 10,
        "expires": NOW + 10,
    }
    return Decisions(exemptions=(Exemption(**{**fields, **changes}),))
