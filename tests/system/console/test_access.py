"""Journeys with access, each once: people, roles, elevation, support, what-if, tokens, reviews, audit."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.support.hostile import HOSTILE
from tests.support.running import RunningInstance
from tests.support.signing_in import sign_in_by

SCRIPT = HOSTILE[0]


def _fold(page: Page, title: str) -> None:
    page.locator("main summary", has_text=title).first.click()


def test_a_person_is_invited_given_a_role_and_explained(page: Page) -> None:
    page.goto("/roles")
    _fold(page, "New role")
    page.get_by_label("Id", exact=True).fill("watcher")
    page.get_by_label("Name", exact=True).fill("Watcher")
    page.get_by_role("checkbox", name="alert:read", exact=True).check()
    page.get_by_role("button", name="Make").click()
    expect(page.get_by_role("columnheader", name="Watcher").first).to_be_visible()

    page.goto("/people")
    _fold(page, "Invite somebody")
    page.get_by_label("E-mail address").fill("watcher@example.org")
    page.locator("select[name=role]").first.select_option("watcher")
    page.get_by_role("button", name="Invite").click()
    page.wait_for_url("**/people/*")
    page.get_by_label("Permission").select_option("sensor:alert:read")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_role("status")).to_contain_text("allowed")
    page.get_by_role("button", name="Take away").click()
    expect(page.get_by_role("region", name="Roles")).to_contain_text("None.")
    _fold(page, "Remove")
    page.get_by_role("button", name="Remove for good").click()
    page.wait_for_url("**/people")


def test_a_role_is_taken_for_a_while_with_a_reason(page: Page) -> None:
    page.goto("/access/elevation")
    _fold(page, "Make somebody eligible")
    making = page.locator("form", has=page.get_by_role("button", name="Make"))
    making.locator("select[name=user]").select_option(label="administrator@localhost")
    making.locator("select[name=role]").select_option(label="Operator")
    making.get_by_label("Somebody else approves").uncheck()
    making.get_by_role("button", name="Make").click()
    page.get_by_label("Why").first.fill(SCRIPT)
    page.get_by_role("button", name="Take it").click()
    mine = page.get_by_role("region", name="What you asked for")
    expect(mine).to_contain_text("active")
    expect(mine).to_contain_text(SCRIPT)
    mine.get_by_role("button", name="End").click()
    expect(mine).to_contain_text("ended")
    assert page.evaluate("window.owned") is None


def test_an_engineer_asks_for_support_access_and_the_customer_decides(
    page: Page, browser: Browser, instance: RunningInstance
) -> None:
    page.goto("/access/support")
    _fold(page, "Allow it")
    page.get_by_label("Engineers may ask").check()
    page.locator("form[action='/access/support'] select[name=role]").select_option(label="Administrator")
    page.get_by_role("button", name="Keep").click()
    page.goto("/people")
    _fold(page, "Invite somebody")
    page.get_by_label("E-mail address").fill("engineer@example.org")
    page.locator("select[name=role]").first.select_option(label="Support engineer")
    page.get_by_role("button", name="Invite").click()
    page.get_by_role("button", name="Make a sign-in link").click()

    engineer = browser.new_context(ignore_https_errors=True, base_url=instance.url).new_page()
    sign_in_by(engineer, instance.url, page.locator("p.good .secret").inner_text())
    engineer.goto("/access/support/mine")
    _fold(engineer, "Ask for access")
    engineer.get_by_label("Role that the work needs").select_option(label="Operator")
    engineer.get_by_label("Why").fill(SCRIPT)
    engineer.get_by_role("button", name="Ask").click()
    expect(engineer.get_by_role("region", name="Requests for support access")).to_contain_text("pending")

    page.goto("/access/support")
    page.get_by_label("Remark").fill(HOSTILE[1])
    page.get_by_role("button", name="Approve").click()
    requests = page.get_by_role("region", name="Requests for support access")
    expect(requests).to_contain_text("active")
    requests.get_by_role("button", name="End").click()
    expect(requests).to_contain_text("ended")
    assert page.evaluate("window.owned") is None
    engineer.context.close()


def test_who_would_get_in_is_asked_before_a_policy_counts(page: Page) -> None:
    page.goto("/access/conditions")
    _fold(page, "New policy")
    making = page.locator("form", has=page.get_by_role("button", name="Make"))
    making.get_by_label("Name", exact=True).fill("Office alone")
    making.get_by_label("State").select_option("reportOnly")
    making.get_by_label("But not from").fill("127.0.0.0/8")
    making.get_by_label("Does").select_option("block")
    making.get_by_role("button", name="Make").click()
    page.goto("/access/conditions")
    page.get_by_label("From", exact=True).fill("203.0.113.7")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_text("“Office alone” only reports; it would refuse.")).to_be_visible()


def test_an_address_is_tried_against_the_network_rules(page: Page) -> None:
    page.goto("/network-rules")
    page.get_by_label("May this address connect?").fill("203.0.113.7")
    page.get_by_role("button", name="Check").click()
    expect(page.locator("main dl.facts")).to_contain_text("may connect")


def test_a_token_is_shown_once_and_deleted(page: Page) -> None:
    page.goto("/tokens")
    _fold(page, "New token")
    page.get_by_role("textbox", name="Name").fill("once")
    page.locator("select[name=role]").select_option(label="Operator")
    page.get_by_role("button", name="Make").click()
    expect(page.locator(".secret")).to_contain_text("SharedAccessSignature")
    page.goto("/tokens")
    expect(page.locator(".secret")).to_have_count(0)
    page.get_by_role("button", name="Delete once").click()
    expect(page.get_by_role("button", name="Delete once")).to_have_count(0)


def test_a_review_is_answered_and_closed(page: Page) -> None:
    page.goto("/access/reviews")
    _fold(page, "Begin a review")
    page.get_by_role("textbox", name="Name").fill("Autumn")
    page.get_by_label("Due by the end of").fill("2099-12-31")
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url("**/access/reviews/*")
    row = page.get_by_role("row").filter(has_text="hostile@example.org").first
    row.get_by_role("button", name="Keep").click()
    expect(row).to_contain_text("keep")
    expect(page.get_by_role("main")).to_contain_text("not answered")


def test_organizations_make_a_tree(page: Page) -> None:
    page.goto("/access/organizations")
    for id, name, above in (("east", "East", ""), ("east-hall", "Hall", "east")):
        _fold(page, "New organization")
        page.get_by_label("Id", exact=True).fill(id)
        page.get_by_label("Name", exact=True).fill(name)
        form = page.locator("form", has=page.locator("input[name=id]"))
        form.locator("select[name=parent]").select_option(above)
        page.get_by_role("button", name="Make").click()
    hall = page.locator("li[data-depth]", has_text="Hall")
    expect(hall).to_have_attribute("data-depth", "1")
    _fold(page, "Move an organization")
    form = page.locator("form", has=page.locator("select[name=organization]"))
    form.locator("select[name=organization]").select_option("east-hall")
    form.locator("select[name=parent]").select_option("")
    form.get_by_role("button").click()
    expect(hall).to_have_attribute("data-depth", "0")


def test_the_audit_log_is_filtered_and_checked(page: Page) -> None:
    page.goto("/audit")
    page.get_by_role("button", name="Check every record now").click()
    expect(page.get_by_role("main")).to_contain_text("intact")
    page.get_by_label("Until").fill("2020-01-01T00:00")
    page.get_by_role("button", name="Filter", exact=True).click()
    page.wait_for_url(re.compile(r"until=20\d\d-\d\d-\d\dT"))
    expect(page.get_by_role("region", name="Audit log")).to_have_count(0)
    page.goto("/access/sessions")
    expect(page.get_by_role("region", name="Your own sessions")).to_be_visible()
    page.goto("/access/keys")
    expect(page.get_by_role("region", name="Certificates and keys")).to_contain_text("root key")
