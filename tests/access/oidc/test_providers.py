"""Identity providers: only administrators say which tokens are believed, and only sound entries are taken."""

from typing import Any

import pytest

from holdfast.access.errors import EscalationError
from holdfast.access.oidc.identities import KIND as IDENTITY
from holdfast.access.oidc.identities import identity_id
from holdfast.access.oidc.providers import KIND
from holdfast.access.roles.builtin import ADMINISTRATOR
from holdfast.kernel.errors import ConflictError, InvalidError
from tests.access.world import AccessWorld

BODY: dict[str, Any] = {"displayName": "ID", "issuer": "https://id.example.org", "clientId": "c"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"issuer": "http://id.example.org"}, "https"),
        ({"issuer": "https://user@id.example.org"}, "https"),
        ({"issuer": "https://id.example.org?x=1"}, "https"),
        ({"issuer": "https://id.example.org#f"}, "https"),
        ({"issuer": "https://[::1"}, "https"),
        ({"issuer": "file:///etc/passwd"}, "https"),
        ({"issuer": "https://" + "x" * 2100}, "https"),
        ({"scopes": ["profile"]}, "openid"),
        ({"algorithms": ["HS256"]}, "/algorithms"),
        ({"algorithms": ["none"]}, "/algorithms"),
        ({"algorithms": []}, "algorithm"),
        ({"tenants": ["t"]}, "belong together"),
        ({"claims": {"tenant": "tid"}}, "belong together"),
        ({"clockSkewSeconds": 301}, "clockSkewSeconds"),
        ({"matchEmail": "always"}, "matchEmail"),
        ({"clientIdentity": "nobody"}, "no managed identity"),
        ({"clientIdentity": "system", "clientSecret": "s"}, "clear /clientSecret"),
        ({"clientAudience": "api://exchange"}, "name one"),
    ],
    ids=str,
)
def test_an_entry_that_is_not_sound_is_refused(here: AccessWorld, change: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidError, match=said):
        here.world.put(KIND, "idp", {**BODY, **change})


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"])
def test_plain_http_is_for_this_machine_only(here: AccessWorld, issuer: str) -> None:
    here.world.put(KIND, "idp", {**BODY, "issuer": issuer})


def test_two_entries_never_share_an_issuer(here: AccessWorld) -> None:
    here.world.put(KIND, "one", BODY)
    with pytest.raises(ConflictError, match="“one” has this issuer"):
        here.world.put(KIND, "two", BODY)


def test_whoever_may_manage_access_but_is_no_administrator_changes_no_provider(here: AccessWorld) -> None:
    manages: list[Any] = ["application:access:manage"]
    here.world.put("role", "manager", {"displayName": "Manager", "permissions": manages})
    here.user("manager", "manager")
    here.user("root", ADMINISTRATOR.id)
    with pytest.raises(EscalationError):
        here.world.put(KIND, "idp", BODY, here.as_user("manager"))
    here.world.put(KIND, "idp", BODY, here.as_user("root"))


def test_the_client_secret_is_sealed_and_stays_out_of_the_audit_log(here: AccessWorld) -> None:
    here.world.put(KIND, "idp", {**BODY, "clientSecret": "hidden"})
    (event,) = here.events("identityProvider.created")
    assert "hidden" not in str(event.data)
    with here.world.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT body FROM resource WHERE kind = 'identityProvider'").all()
    assert "hidden" not in str(rows)


def test_nobody_pins_a_person_by_hand(here: AccessWorld) -> None:
    here.user("root", ADMINISTRATOR.id)
    stored = here.world.store.get("user", "root")
    assert stored is not None
    body: dict[str, Any] = {"provider": "p", "subject": "s", "user": "root", "userSince": stored.created}
    with pytest.raises(EscalationError, match="never by hand"):
        here.world.put(IDENTITY, identity_id("p", "s"), body, here.as_user("root"))
    with pytest.raises(ConflictError):
        here.world.put(IDENTITY, "another-id", body)
