"""Whatever policies are taken, in whatever order: an administrator gets in, whatever the circumstances."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.access.conditional.decide import circumstances, decide
from holdfast.access.conditional.model import Client
from holdfast.access.errors import LastAdministratorError
from holdfast.access.local.passkeys import METHODS
from holdfast.access.people.users import KIND as USER
from holdfast.access.principals import rights_of_user
from holdfast.access.roles.builtin import ADMINISTRATOR, OPERATOR
from holdfast.kernel.json import JsonObject
from holdfast.resources.model import Action
from tests.access.world import AccessWorld

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ADMINISTRATORS = ("passkey", "glass")
"""Both sign in with a passkey; the second may be a break-glass account."""

PRINCIPALS = ("passkey", "glass", f"role:{ADMINISTRATOR.id}", f"role:{OPERATOR.id}", "somebody")
SETS = st.lists(st.sampled_from(PRINCIPALS), max_size=2, unique=True)
NETWORKS = st.lists(
    st.sampled_from(["10.0.0.0/8", "192.0.2.0/24", "0.0.0.0/0", "::/0"]), max_size=2, unique=True
)
CONTROLS = st.sampled_from(
    [
        {"action": "block"},
        {"strength": "mfa"},
        {"strength": "phishingResistant"},
        {"maximumAgeMinutes": 5},
        {"acr": ["c1"]},
    ]
)
POLICIES = st.fixed_dictionaries(
    {
        "displayName": st.just("P"),
        "state": st.sampled_from(["enabled", "enabled", "reportOnly", "disabled"]),
        "control": CONTROLS,
        "conditions": st.fixed_dictionaries(
            {},
            optional={
                "principals": st.fixed_dictionaries({"include": SETS, "exclude": SETS}),
                "networks": st.fixed_dictionaries({"include": NETWORKS, "exclude": NETWORKS}),
                "clients": st.lists(st.sampled_from([c.value for c in Client]), max_size=2, unique=True),
                "risk": st.sampled_from(["none", "low", "high"]),
                "times": st.fixed_dictionaries(
                    {"include": st.lists(st.fixed_dictionaries({"days": st.just([DAYS[0]])}), max_size=1)}
                ),
            },
        ),
    }
)
ADDRESSES = st.sampled_from(["10.0.0.1", "192.0.2.1", "203.0.113.7", "2001:db8::1", ""])
LEVELS = st.sampled_from(["", "low", "medium", "high"])


def clear(here: AccessWorld) -> None:
    """As it is at the beginning of an example: one administrator of each kind, no policy."""
    for policy in here.access.directory.current().policies:
        here.world.change(Action.DELETE, "conditionalAccessPolicy", policy.id)
    for name in ADMINISTRATORS:
        here.user(name, ADMINISTRATOR.id, breakGlass=False)
        here.sign_in_method(name)


def gets_in(here: AccessWorld, name: str, address: str, after: float) -> bool:
    """Whether this administrator would be let in with a sign-in made just now."""
    user = here.world.store.get(USER, name)
    assert user is not None
    now, snapshot = here.clock.now() + after, here.access.directory.current()
    rights = rights_of_user(here.world.store, snapshot, user, now)
    asked = circumstances(
        snapshot, rights, Client.BROWSER, address, now, methods=METHODS, authenticated_at=now
    )
    return decide(snapshot, asked).allowed


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    policies=st.lists(POLICIES, min_size=1, max_size=5),
    glass=st.booleans(),
    address=ADDRESSES,
    hours=st.integers(0, 7 * 24),
    level=LEVELS,
)
def test_somebody_always_gets_in(
    here: AccessWorld, policies: list[dict[str, Any]], glass: bool, address: str, hours: int, level: str
) -> None:
    clear(here)
    here.user("glass", ADMINISTRATOR.id, breakGlass=glass)
    for number, body in enumerate(policies):
        try:
            here.world.put("conditionalAccessPolicy", f"p{number}", body)
        except LastAdministratorError:
            continue
    if level:
        until = here.clock.now() + 8 * 86_400
        signal: JsonObject = {"level": level, "reason": "a test", "until": until}
        for about in (*(f"principal:{name}" for name in ADMINISTRATORS), f"address:{address or '192.0.2.9'}"):
            here.world.put("riskSignal", about, signal)
    assert any(gets_in(here, name, address, hours * 3600.0) for name in ADMINISTRATORS)
