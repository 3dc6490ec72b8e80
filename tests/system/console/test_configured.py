"""Journeys with what is configured: file uploads, scheduled jobs, devices behind a gateway, manifests."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.hostile import TEMPLATE
from tests.support.waiting import Aside


@pytest.fixture
def work_group(aside: Aside) -> str:
    query = 'SELECT * FROM devices WHERE $id = "hostile-0"'
    aside.put("/api/deviceGroups/by-plan", {"displayName": "By plan", "filter": query})
    return "by-plan"


def test_where_uploaded_files_go_is_changed_switched_off_and_on(page: Page, aside: Aside) -> None:
    page.goto("/file-uploads")
    page.get_by_label("Container").fill("plant-files")
    page.get_by_label("Hours").fill("2")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Container")).to_have_value("plant-files")
    assert aside.get("/api/fileUploads")["sasTtl"] == "PT2H"
    page.get_by_label("Files go to").select_option("azure")
    page.get_by_label("Connection string").fill("AccountName=Nonsense;AccountKey=x")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("AccountName")
    page.goto("/file-uploads")
    page.locator("summary", has_text="Switch off").click()
    page.get_by_role("button", name="Switch file uploads off").click()
    expect(page.get_by_text("Devices cannot upload files yet")).to_be_visible()
    page.goto("/devices/hostile-1/files")
    page.get_by_role("link", name="say where files go").click()
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_text("to this instance, which encrypts them")).to_be_visible()


def test_a_job_is_planned_switched_off_and_deleted(page: Page, work_group: str) -> None:
    page.goto("/job-editor")
    page.get_by_label("Name").fill("Every night")
    page.locator("select[name=group]").select_option(work_group)
    page.locator("select[name=work]").select_option("deviceTemplateMigration")
    page.locator("select[name=template]").select_option(TEMPLATE)
    page.get_by_label("Run it").select_option("every day from")
    page.get_by_role("textbox", name="From").fill("2098-07-01T22:00")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/jobs#scheduled")
    row = page.get_by_role("row", name="Every night")
    expect(row).to_contain_text("Migrate to the template")
    expect(row).to_contain_text("2098")
    row.get_by_role("button", name="Switch off").click()
    expect(row).to_contain_text("off")
    row.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)


def test_a_device_is_put_behind_a_gateway_and_taken_away(page: Page, aside: Aside) -> None:
    for id in ("edge-1", "leaf-1"):
        aside.put(f"/api/devices/{id}", {"displayName": f"The {id}"})
    page.goto("/devices/edge-1")
    page.locator("summary", has_text="Put a device behind it").click()
    page.get_by_label("Id of the device").fill("leaf-1")
    page.get_by_role("button", name="Attach").click()
    page.get_by_role("region", name="Devices behind it").get_by_role("link", name="The leaf-1").click()
    expect(page.get_by_role("region", name="Gateway")).to_contain_text("Speaks through The edge-1")
    page.get_by_role("link", name="The edge-1").click()
    page.get_by_role("button", name="Detach The leaf-1").click()
    expect(page.get_by_role("region", name="Devices behind it")).to_have_count(0)


def test_a_manifest_is_made_changed_and_deleted(page: Page) -> None:
    page.goto("/manifests")
    page.locator("summary", has_text="New manifest").click()
    page.get_by_label("Id", exact=True).fill("cameras")
    page.get_by_role("textbox", name="Name").fill("Cameras")
    page.get_by_role("button", name="Make").click()
    page.wait_for_url("**/manifests/cameras")
    document = '{"modulesContent": {"$edgeAgent": {}, "vision": {"properties.desired": {"fps": 5}}}}'
    page.get_by_label("Manifest (JSON)").fill("{")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("not JSON")
    page.get_by_label("Manifest (JSON)").fill(document)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main dl.facts")).to_contain_text("$edgeAgent, vision")
    page.locator("summary", has_text="Delete").click()
    page.get_by_role("button", name="Delete this manifest").click()
    page.wait_for_url("**/manifests")
