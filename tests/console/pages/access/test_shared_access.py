"""Shared access policies at the console: made, looked at, rotated, switched off, deleted; each is audited."""

from holdfast.access.roles.builtin import OPERATOR
from holdfast.devices.shared_access import SHARED_ACCESS_POLICY
from holdfast.kernel.json import JsonObject
from tests.api.access.http import Http
from tests.console.pages.access.browser import Browser

HERE = "/access/shared-policies"


def keys(http: Http) -> JsonObject:
    """What is stored of the one policy."""
    policy = http.here.world.store.get(SHARED_ACCESS_POLICY, "pool")
    assert policy is not None
    return policy.body


def test_a_policy_is_made_rotated_switched_off_and_deleted(http: Http, browser: Browser) -> None:
    assert "There is none" in browser.get(HERE)
    page = browser.post(HERE, id="pool")
    made = keys(http)
    assert str(made["primaryKey"]) in page
    assert str(made["secondaryKey"]) in page
    browser.post(f"{HERE}/pool", action="rotate")
    rotated = keys(http)
    assert rotated["secondaryKey"] == made["primaryKey"]
    assert rotated["primaryKey"] not in made.values()
    browser.post(f"{HERE}/pool", action="disable")
    assert keys(http) == {**rotated, "enabled": False}
    assert "pool disabled" in browser.get(HERE)
    browser.post(f"{HERE}/pool", action="enable")
    assert keys(http) == rotated
    assert "There is none" in browser.post(f"{HERE}/pool", action="delete")


def test_what_is_refused_says_why(browser: Browser) -> None:
    assert "letters, digits and dashes" in browser.refused(HERE, id="registration")
    browser.post(HERE, id="pool")
    browser.refused(HERE, id="pool")
    assert "load it again" in browser.refused(f"{HERE}/pool", action="explode")


def test_keys_are_shown_on_their_own_page_alone_and_the_audit_says_who_looked(
    http: Http, browser: Browser
) -> None:
    browser.post(HERE, id="pool")
    before = reads(http)
    for path in (HERE, f"{HERE}?format=csv"):
        assert str(keys(http)["primaryKey"]) not in browser.request("GET", path).text
    assert reads(http) == before
    browser.get(f"{HERE}/pool")
    assert reads(http) == before + 1


def reads(http: Http) -> int:
    """How often somebody was shown the keys, by the audit log."""
    return sum(event.name == f"{SHARED_ACCESS_POLICY}.keys-read" for event in http.here.world.feed.read(0))


def test_whoever_may_not_manage_enrollment_changes_nothing(http: Http, browser: Browser) -> None:
    browser.post(HERE, id="pool")
    http.here.user("ada", OPERATOR.id)
    operator = Browser(http, "ada")
    assert operator.submit(HERE, {"id": "mine"}).status_code == 403
    assert operator.submit(f"{HERE}/pool", {"action": "delete"}).status_code == 403
    assert keys(http)
