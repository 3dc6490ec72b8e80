"""The frame of every page: signing in, search, shortcuts, themes, organizations, forms of strangers."""

import re

from playwright.sync_api import Browser, BrowserContext, Page, expect

from holdfast.console import navigation
from holdfast.console.settings import SETTINGS
from tests.support.hostile import HOSTILE
from tests.support.running import RunningInstance
from tests.support.signing_in import PASSWORD
from tests.support.waiting import Aside


def test_the_link_is_good_once(
    instance: RunningInstance, signed_in: BrowserContext, browser: Browser
) -> None:
    other = browser.new_context(ignore_https_errors=True).new_page()
    other.goto(instance.link)
    other.get_by_role("button", name="Go on").click()
    assert "used already" in other.get_by_role("alert").inner_text()


def test_who_is_not_signed_in_is_led_to_signing_in(instance: RunningInstance, browser: Browser) -> None:
    page = browser.new_context(ignore_https_errors=True).new_page()
    page.goto(f"{instance.url}/devices")
    assert page.url == f"{instance.url}/sign-in"


def test_the_search_field_is_one_key_away(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("hostile-2")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=hostile-2")
    page.get_by_role("link", name=HOSTILE[2]).click()
    assert "hostile-2" in page.url


def test_rules_that_lock_oneself_out_are_refused_with_the_address(
    instance: RunningInstance, page: Page
) -> None:
    page.goto(f"{instance.url}/network-rules")
    page.get_by_label("Public network access").select_option("Disabled")
    page.get_by_label("Private networks").fill("10.0.0.0/8")
    page.get_by_role("button", name="Apply").click()
    assert "127." in page.get_by_role("alert").inner_text()


def test_a_form_from_another_site_changes_nothing(
    instance: RunningInstance, signed_in: BrowserContext
) -> None:
    answer = signed_in.request.post(
        f"{instance.url}/devices/new",
        form={"id": "stranger"},
        headers={"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    )
    assert answer.status == 403
    same_site = signed_in.request.post(
        f"{instance.url}/devices/new", form={"id": "stranger"}, headers={"origin": instance.url}
    )
    assert same_site.status == 403, "the form's token is missing"


def test_a_wrong_code_is_refused_without_saying_what_was_wrong(
    instance: RunningInstance, browser: Browser
) -> None:
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.goto(f"{instance.url}/sign-in")
    page.get_by_label("E-mail address").fill("administrator@localhost")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("One-time code").fill("000000")
    page.get_by_role("button", name="Sign in", exact=True).click()
    assert "wrong" in page.get_by_role("alert").inner_text()
    context.close()


def test_alerts_that_nobody_looked_at_wait_for_a_decision(page: Page) -> None:
    page.goto("/notifications")
    page.get_by_role("link", name="alerts of high severity are new").click()
    alerts = page.get_by_role("region", name="Alerts")
    expect(alerts.get_by_role("row", name=HOSTILE[0]).first).to_be_visible()


def test_what_happened_last_is_not_what_probes_did(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("region", name="What happened last").get_by_role("row").first).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("baseline.probe"))).to_have_count(0)


def test_search_finds_everything_that_one_may_read(page: Page) -> None:
    found = {
        "10.1.0.20": "Asset",
        "hostile-1": "Device",
        "window.owned": "Device template",
        "Jobs": "Page",
        "syslog": "Destinations",
        "NS-1": "Control",
        "network segmentation": "Control",
    }
    for text, what in found.items():
        page.goto(f"/search?q={text}")
        expect(page.locator("main li", has_text=what).first).to_be_visible()


def test_search_leads_to_single_settings(page: Page) -> None:
    page.goto("/search?q=public network")
    page.get_by_role("link", name="Public network access", exact=True).click()
    expect(page.get_by_label("Public network access")).to_be_focused()
    page.goto("/search?q=retention days")
    page.get_by_role("link", name="log.retention_days").click()
    expect(page.get_by_role("region", name="Settings of this instance")).to_contain_text("7.0")


def test_every_setting_that_search_knows_is_where_it_says(page: Page) -> None:
    for setting in SETTINGS:
        response = page.goto(setting.path)
        assert response is None or response.status == 200, setting.path
        part = setting.path.partition("#")[2]
        expect(page.locator(f"main #{part}" if part else "main")).to_be_visible()


def test_keys_lead_everywhere(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    for section in navigation.SECTIONS:
        for entry in section.entries:
            if entry.key:
                expect(dialog.get_by_text(entry.title, exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.wait_for_url("**/devices")
    page.keyboard.press("f")
    page.keyboard.type("hostile-1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 of 1", exact=True)).to_be_visible()


def test_the_theme_is_kept(page: Page) -> None:
    page.goto("/")
    page.emulate_media(color_scheme="light")
    page.get_by_role("button", name="Switch between light and dark").click()
    page.goto("/devices")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.keyboard.press("t")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.evaluate("localStorage.clear()")


def test_who_looks_at_an_organization_sees_its_devices_alone(
    instance: RunningInstance, aside: Aside, page: Page
) -> None:
    aside.put("/api/organizations/north", {"displayName": "North"})
    aside.put("/api/devices/northern", {"displayName": "Northern", "organizations": ["north"]})
    page.goto("/organization")
    page.get_by_role("button", name="North").click()
    page.wait_for_url(f"{instance.url}/")
    page.goto("/devices")
    devices = page.get_by_role("region", name="Devices")
    expect(devices.get_by_role("link", name="Northern")).to_be_visible()
    expect(devices.get_by_role("link", name=HOSTILE[0])).to_have_count(0)
    page.goto("/organization")
    page.get_by_role("button", name="All organizations").click()
    page.wait_for_url(f"{instance.url}/")
    page.goto("/devices")
    expect(devices.get_by_role("link", name=HOSTILE[0]).first).to_be_visible()


def test_a_table_has_a_stable_address(page: Page) -> None:
    page.goto("/devices")
    page.get_by_role("link", name="Id", exact=True).click()
    page.wait_for_url(re.compile(r"sort=id"))
    page.get_by_text("Columns", exact=True).click()
    page.get_by_role("checkbox", name="Template", exact=True).uncheck()
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url(re.compile(r"column="))
    address = page.url
    page.goto(address)
    expect(page.get_by_role("columnheader", name="Template")).to_have_count(0)
    expect(page.locator("th[aria-sort=ascending]")).to_have_text(re.compile("Id"))
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV", exact=True).click()
    assert "Template" not in download.value.path().read_text().splitlines()[0]


def test_a_table_that_is_whole_sorts_filters_hides_columns_and_keeps_its_address(page: Page) -> None:
    page.goto("/")
    table = page.get_by_role("region", name="What happened last")
    table.get_by_role("button", name="What").click()
    expect(table.locator("th[aria-sort=ascending]")).to_have_text("What")
    table.get_by_role("button", name="What").click()
    expect(table.locator("th[aria-sort=descending]")).to_have_text("What")
    found = table.locator("tbody tr td:nth-child(3)").all_inner_texts()
    assert found == sorted(found, key=str.lower, reverse=True)

    page.keyboard.press("f")
    page.keyboard.type(found[0])
    expect(table.locator("tbody tr:not([hidden])")).to_have_count(found.count(found[0]))
    page.get_by_role("checkbox", name="Who").uncheck()
    expect(table.get_by_role("columnheader", name="Who")).to_have_count(0)
    with page.expect_download() as download:
        page.locator(".tools").get_by_role("button", name="CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert lines[0] == '"When","What","On","Outcome"'
    assert len(lines) == 1 + found.count(found[0])

    page.reload()
    expect(table.locator("th[aria-sort=descending]")).to_have_text("What")
    expect(table.get_by_role("columnheader", name="Who")).to_have_count(0)
