"""Journeys with devices: the guide to a connected one, what it says and hears, many at once, groups, jobs."""

import re

from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, expect

from tests.support.hostile import HOSTILE, TEMPLATE
from tests.support.pki import issue
from tests.support.running import RunningInstance
from tests.support.sdk_device import sdk_device
from tests.support.waiting import Aside


def test_the_guide_ends_with_a_connected_device_that_can_be_talked_to(
    instance: RunningInstance, page: Page
) -> None:
    page.goto("/guide")
    page.get_by_label("Device id").fill("pump-1")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/guide/pump-1")
    given = dict(
        zip(
            page.locator("main dt").all_inner_texts(), page.locator(".secret").all_inner_texts(), strict=False
        )
    )
    with page.expect_download() as download:
        page.get_by_role("link", name="root-ca.pem").first.click()
    root_ca = download.value.path().read_text()
    assert root_ca == instance.root_ca.read_text()
    with sdk_device() as device:
        device.run(device.connect(given["host"], given["idScope"], "pump-1", given["symmetricKey"], root_ca))
        expect(page.locator("li.done", has_text="It is connected")).to_be_visible()
        device.run(device.send('{"temperature": 21.5}'))
        expect(page.get_by_text("The device is connected and sends")).to_be_visible()
        page.get_by_role("link", name="See what it says").click()
        expect(page.locator("dd", has_text="21.5")).to_be_visible()
        device.run(device.send('{"temperature": 33.25}'))
        expect(page.locator("dd", has_text="33.25")).to_be_visible()
        expect(page.locator(".chart canvas")).to_be_visible()

        page.get_by_role("link", name="Properties").click()
        page.get_by_role("combobox", name="Property").fill("speed")
        page.get_by_label("Value (JSON").fill("7")
        page.get_by_role("button", name="Ask for it").click()
        expect(page.locator("tr", has_text="speed").get_by_text("accepted")).to_be_visible()

        page.get_by_role("link", name="Commands").click()
        page.get_by_role("textbox", name="Command").fill("blink")
        page.get_by_role("button", name="Call").click()
        expect(page.locator("tr", has_text="blink")).to_contain_text("200")

        page.get_by_role("link", name="Raw data").click()
        expect(page.get_by_text('{"temperature": 33.25}')).to_be_visible()
        page.get_by_role("link", name="History").click()
        expect(page.get_by_role("region", name="Connections").first).to_contain_text("connected")


def test_a_device_is_made_blocked_and_deleted(page: Page) -> None:
    page.goto("/devices/new")
    page.get_by_label("Device id").fill("fan-1")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("button", name="Block").click()
    expect(page.get_by_text("waiting for approval")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete this device").click()
    page.wait_for_url("**/devices")
    page.goto("/devices?filter=fan-1")
    expect(page.get_by_text("Nothing here matches")).to_be_visible()


def test_what_is_done_to_many_devices_is_shown_before_and_while_it_is_done(aside: Aside, page: Page) -> None:
    for number in range(60):
        aside.put(f"/api/devices/many-{number:02}", {})
    page.goto("/devices?filter=many-")
    page.get_by_role("checkbox", name="Select many-00").check()
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.get_by_role("checkbox", name="All devices that the filter finds").check()
    page.locator("select[name=work]").select_option("block")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="Block: 60 devices")).to_be_visible()
    expect(page.get_by_text("and 40 more")).to_be_visible()
    page.get_by_role("button", name="Block").click()
    expect(page.get_by_text("60 of 60 devices blocked")).to_be_visible()
    page.goto("/devices?filter=many-&state=waiting")
    expect(page.get_by_text("50 of 60")).to_be_visible()


def test_a_simulated_device_lives_by_its_template(page: Page) -> None:
    page.goto("/devices/new")
    page.get_by_label("Device id").fill("simulated-1")
    page.locator("select[name=template]").select_option(TEMPLATE)
    page.get_by_label("Simulated").check()
    page.get_by_role("button", name="Create").click()
    expect(page.locator(".heading").get_by_text("connected", exact=True)).to_be_visible()
    expect(page.locator(".chart canvas")).to_be_visible()


def test_a_groups_ca_is_trusted_once_its_key_was_proven(page: Page) -> None:
    authority = issue("Plant CA", authority=True)
    page.goto("/enrollment")
    page.get_by_text("New group").click()
    page.get_by_role("textbox", name="Id").fill("plant")
    page.get_by_role("textbox", name="Name").fill("Plant")
    page.get_by_role("button", name="Create").click()
    page.get_by_label("The CA's certificate").fill(authority.pem)
    page.get_by_role("button", name="Set").first.click()
    expect(page.get_by_text("not verified: admits nobody yet")).to_be_visible()
    page.get_by_role("button", name="Ask for a verification code").click()
    code = page.locator(".secret").inner_text()
    page.get_by_label("That certificate").fill(issue("not the code", authority).pem)
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("That certificate").fill(issue(code, authority).pem)
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_text("verified", exact=True)).to_be_visible()

    page.get_by_label("A second one (PEM)").fill(issue("Next CA", authority=True).pem)
    page.get_by_role("button", name="Set").click()
    second = page.get_by_role("region", name="Secondary certificate authority")
    expect(second).to_contain_text("not verified")
    second.get_by_text("Remove", exact=True).click()
    second.get_by_role("button", name="Remove this authority").click()
    expect(page.get_by_label("A second one (PEM)")).to_be_visible()


def test_the_keys_of_a_group_are_shown_renewed_and_who_looked_is_written_down(
    page: Page, aside: Aside
) -> None:
    page.goto("/enrollment")
    page.get_by_text("New group").click()
    page.get_by_role("textbox", name="Id").fill("keyed")
    page.get_by_role("textbox", name="Name").fill("Keyed")
    page.locator("select[name=proof]").select_option("symmetricKey")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("link", name="Show the group's keys").click()
    keys = aside.get("/api/enrollmentGroups/keyed")["attestation"]["symmetricKey"]
    expect(page.locator("#primary-key")).to_have_text(keys["primaryKey"])
    expect(page.locator("#secondary-key")).to_have_text(keys["secondaryKey"])
    page.get_by_text("Renew a key").click()
    page.get_by_role("button", name="Renew the secondary key").click()
    expect(page.locator("#secondary-key")).not_to_have_text(keys["secondaryKey"])
    expect(page.locator("#primary-key")).to_have_text(keys["primaryKey"])
    page.goto("/audit")
    expect(page.get_by_role("row").filter(has_text="administrator@localhost").first).to_contain_text("keyed")

    page.goto("/enrollment/keyed")
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete this group").click()
    page.wait_for_url("**/enrollment")
    expect(page.get_by_role("link", name="Keyed")).to_have_count(0)


def test_devices_come_from_a_file_and_become_a_group(page: Page) -> None:
    page.goto("/device-import")
    rows = b"IOTC_DEVICEID,IOTC_DEVICENAME\nfiled-1,Filed 1\nfiled-2,Filed 2\n"
    page.get_by_label("CSV file").set_input_files(FilePayload(name="d.csv", mimeType="text/csv", buffer=rows))
    expect(page.get_by_label("Or its content")).to_have_value(re.compile("filed-2"))
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("2 created, 0 updated, 0 unchanged")).to_be_visible()
    page.get_by_label("Or its content").fill("IOTC_DEVICEID\n!")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("alert")).to_contain_text("line 2")

    page.goto("/devices?filter=filed-")
    page.get_by_role("checkbox", name="Select every row of this page").check()
    page.locator("select[name=work]").select_option("group")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Finds 2 devices now")).to_be_visible()
    page.get_by_role("textbox", name="Id").fill("filed")
    page.get_by_role("textbox", name="Name").fill("Filed")
    page.get_by_role("button", name="Create").click()
    page.wait_for_url("**/groups/filed")


def test_what_a_group_said_is_explored_and_compared(aside: Aside, page: Page) -> None:
    query = 'SELECT * FROM devices WHERE $id = "hostile-0"'
    aside.put("/api/deviceGroups/explored", {"displayName": "Explored", "filter": query})
    page.goto("/explorer?range=7d")
    page.get_by_label("Device group").select_option("explored")
    page.get_by_label("Telemetry, comma between").fill("t")
    page.get_by_label("Split by").select_option("template")
    page.get_by_label("Compare with").select_option("a week before")
    page.get_by_role("button", name="Draw").click()
    page.wait_for_url("**group=explored**")
    expect(page.locator("#drawn")).to_contain_text("1 device")
    expect(page.locator(".chart[data-points='1']")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    head, row = download.value.path().read_text().splitlines()
    assert (head, row.rpartition(",")[2]) == ("Time,Line,Telemetry,Value", "21.5")
    page.get_by_label("Compare with").select_option("from – to")
    page.get_by_role("textbox", name="Compared from").fill("2026-05-04T06:00")
    page.get_by_role("textbox", name="Compared to").fill("2026-05-04T18:00")
    page.get_by_role("button", name="Draw").click()
    page.wait_for_url("**compareFrom=2026-05-04T**compareTo=2026-05-04T**")
    expect(page.get_by_role("textbox", name="Compared to")).to_have_value("2026-05-04T18:00")
    expect(page.locator(".chart[data-points='1']")).to_be_visible()


def test_a_time_from_and_to_is_asked_for_in_the_viewers_zone(
    instance: RunningInstance, browser: Browser, signed_in: BrowserContext
) -> None:
    context = browser.new_context(
        ignore_https_errors=True, storage_state=signed_in.storage_state(), timezone_id="Asia/Kolkata"
    )
    page = context.new_page()
    page.goto(f"{instance.url}/explorer?names=t")
    expect(page.get_by_label("Time range")).to_have_value("1h")
    page.get_by_role("textbox", name="From").fill("2026-05-04T06:00")
    page.get_by_role("textbox", name="To").fill("2026-05-04T18:00")
    expect(page.get_by_label("Time range")).to_have_value("custom")
    page.get_by_role("button", name="Draw").click()
    page.wait_for_url("**from=2026-05-04T00%3A30%3A00.000Z&to=2026-05-04T12%3A30%3A00.000Z**")
    expect(page.get_by_role("textbox", name="From")).to_have_value("2026-05-04T06:00")
    page.get_by_role("link", name="Later").click()
    expect(page.get_by_role("textbox", name="From")).to_have_value("2026-05-04T18:00")
    expect(page.get_by_text("No numbers with these names in this range")).to_be_visible()
    context.close()


def test_a_group_shows_what_it_finds_while_its_query_is_typed(page: Page) -> None:
    page.goto("/groups")
    page.get_by_text("New group").click()
    page.get_by_label("Query").fill('SELECT * FROM devices WHERE $id = "hostile-0"')
    expect(page.get_by_text("Finds 1 device now")).to_be_visible()
    page.get_by_label("Query").fill("SELECT nonsense")
    expect(page.locator("#preview .bad")).to_be_visible()
    page.get_by_label("Query").fill('SELECT * FROM devices WHERE CONTAINS($displayName, "script")')
    page.get_by_role("textbox", name="Id").fill("scripts")
    page.get_by_role("textbox", name="Name").fill(HOSTILE[0])
    page.get_by_role("button", name="Create").click()
    page.wait_for_url("**/groups/scripts")
    expect(page.get_by_role("main").get_by_role("link", name=HOSTILE[0]).first).to_be_visible()
    assert page.evaluate("window.owned") is None


def test_a_job_shows_its_progress_by_itself(aside: Aside, page: Page) -> None:
    aside.put("/api/devices/worked-on", {})
    query = 'SELECT * FROM devices WHERE $id = "worked-on"'
    aside.put("/api/deviceGroups/worked", {"displayName": "Worked", "filter": query})
    page.goto("/job-editor")
    page.get_by_label("Name").fill("Move over")
    page.locator("select[name=group]").select_option("worked")
    page.locator("select[name=work]").select_option("deviceTemplateMigration")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(re.compile(r"/jobs/"))
    expect(page.get_by_role("status")).to_contain_text("complete")
    expect(page.get_by_text("1 of 1 devices")).to_be_visible()
