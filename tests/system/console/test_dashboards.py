"""Dashboards and templates: made, arranged by pointer and by keyboard, published, refused."""

import base64
import re

from playwright.sync_api import FilePayload, Page, expect

from tests.support.hostile import TEMPLATE

DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""A picture of one pixel."""


def _add(page: Page, type: str, title: str, **fields: str) -> None:
    page.locator("select[name=type]").select_option(type)
    page.get_by_label("Title").fill(title)
    for label, value in fields.items():
        page.get_by_label(re.compile(label)).fill(value)
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()


def test_a_dashboard_is_made_filled_and_arranged(page: Page) -> None:
    page.goto("/dashboards")
    page.get_by_label("Name of a new one").fill("Shift")
    page.get_by_role("button", name="Make").click()
    page.wait_for_url("**/edit")
    _add(page, "markdown", "Notes", Text="**Pump 3** is in service")
    _add(page, "deviceCount", "Fleet")
    _add(page, "lineChart", "Line", Telemetry="t")
    expect(page.locator("#tile-0 strong")).to_have_text("Pump 3")
    expect(page.locator("#tile-2 canvas")).to_be_visible()

    page.locator("select[name=type]").select_option("image")
    page.get_by_label("Title").fill("Drawing")
    page.get_by_label("Or a picture").set_input_files(
        FilePayload(name="dot.png", mimeType="image/png", buffer=DOT)
    )
    expect(page.get_by_label("Address")).to_have_value(re.compile("^data:image/png;base64,"))
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("img", name="Drawing")).to_be_visible()

    page.locator("#tile-1").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("#moved")).to_have_text(re.compile(r"Fleet: column 2, row \d, 2 wide, 3 high"))

    handle = page.locator("#tile-0 h2").bounding_box()
    assert handle is not None
    page.mouse.move(handle["x"] + 5, handle["y"] + 5)
    page.mouse.down()
    page.mouse.move(handle["x"] + 605, handle["y"] + 5, steps=4)
    page.mouse.up()
    moved = int(page.locator("#tile-0").get_attribute("data-x") or 0)
    assert moved > 0
    page.get_by_role("button", name="Save the arrangement").click()
    page.wait_for_load_state()
    expect(page.locator("#tile-0")).to_have_attribute("data-x", str(moved))
    expect(page.locator("#tile-1")).to_have_attribute("data-height", "3")

    page.get_by_role("link", name="Done").click()
    expect(page.get_by_text("yours alone")).to_be_visible()
    page.get_by_role("button", name="☆ Favorite").click()
    expect(page.get_by_role("button", name="★ Favorite")).to_be_visible()


def test_a_template_is_judged_while_it_is_typed_and_published_in_versions(page: Page) -> None:
    page.goto("/template-editor")
    page.get_by_label("Id of the template").fill("dtmi:test:fan;1")
    page.get_by_label("Model", exact=True).fill("dtmi:test:fan:model;1")
    page.get_by_label("Model", exact=True).press("Tab")
    expect(page.locator("#verdict .good")).to_contain_text("1 capability")
    page.get_by_role("textbox", name="Name", exact=True).fill("not a name")
    page.get_by_role("textbox", name="Name", exact=True).press("Tab")
    expect(page.locator("#verdict .bad")).to_be_visible()
    page.get_by_role("textbox", name="Name", exact=True).fill("speed")
    page.get_by_role("textbox", name="Name", exact=True).press("Tab")
    page.get_by_role("button", name="Add a capability").click()
    expect(page.locator("#verdict .good")).to_contain_text("2 capabilities")
    page.get_by_role("button", name="Publish").click()
    page.wait_for_url("**/templates/dtmi*")

    page.get_by_role("link", name="Edit").click()
    page.get_by_role("button", name="Remove").first.click()
    expect(page.locator("#verdict")).to_contain_text("speed is gone")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("would break")
    page.get_by_role("button", name="Publish as the next version").click()
    page.wait_for_url(re.compile(r"fan%3B2$"))


def test_a_template_whose_texts_are_hostile_is_edited_as_text(page: Page) -> None:
    page.goto(f"/templates/{TEMPLATE}/edit")
    expect(page.locator("[data-form-side] fieldset")).to_have_count(3)
    assert page.evaluate("window.owned") is None
