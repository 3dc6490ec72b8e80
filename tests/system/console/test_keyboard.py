"""By keyboard alone: what opens closes again, single keys, charts, the map, and main journeys once."""

from playwright.sync_api import Page, expect

from tests.support import hostile_sensor
from tests.support.hostile_decisions import CONTROL, in_a_year
from tests.support.waiting import Aside
from tests.system.console.walking import press, reach


def test_what_opens_closes_with_escape_and_gives_the_focus_back(page: Page) -> None:
    page.goto("/devices")
    for summary in ("Notifications", "administrator@localhost", "Columns"):
        labelled = page.locator(f"summary[aria-label='{summary}']")
        opener = page.locator("details.drop > summary", has_text=summary).or_(labelled)
        opener.focus()
        page.keyboard.press("Enter")
        expect(page.locator("details.drop[open]")).to_have_count(1)
        page.keyboard.press("Tab")
        page.keyboard.press("Escape")
        expect(page.locator("details.drop[open]")).to_have_count(0)
        expect(opener).to_be_focused()
    page.set_viewport_size({"width": 360, "height": 800})
    menu = page.get_by_role("button", name="Menu")
    menu.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("navigation", name="Pages")).to_be_hidden()
    expect(menu).to_be_focused()


def test_the_frame_is_walked_through_from_the_skip_link_to_the_content(page: Page) -> None:
    page.goto("/audit")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_single_keys_can_be_switched_off(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("?")
    page.get_by_label("Single keys do this").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("/")
    expect(page.get_by_label("Search everything")).not_to_be_focused()
    page.evaluate("localStorage.clear()")


def test_a_chart_tells_its_values_by_keyboard(page: Page) -> None:
    page.goto("/explorer?names=t&range=7d&filter=hostile-0")
    expect(page.locator(".chart[data-points='1']")).to_be_visible()
    page.locator(".chart").focus()
    page.keyboard.press("End")
    expect(page.locator("output")).to_contain_text("21.5")


def test_the_map_is_used_by_keyboard(page: Page) -> None:
    page.goto("/network/map")
    expect(page.locator("#map[data-drawn]")).to_be_attached()
    page.locator("#map-side button").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Its page")).to_be_visible()
    page.locator("#map-since").focus()
    page.keyboard.press("End")
    expect(page.locator("#map-moment")).to_contain_text("after")


def test_a_device_is_found_blocked_and_approved_by_keyboard(page: Page, aside: Aside) -> None:
    aside.put("/api/devices/by-keyboard", {"displayName": "By keyboard"})
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("by-keyboard")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=by-keyboard")
    press(page, page.get_by_role("link", name="By keyboard"))
    press(page, page.get_by_role("button", name="Block"))
    press(page, page.get_by_role("button", name="Approve"))
    expect(page.get_by_role("button", name="Block")).to_be_visible()


def test_an_alert_is_commented_and_closed_by_keyboard(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url("**/network/alerts")
    page.goto("/network/alerts?status=new")
    page.keyboard.press("f")
    page.keyboard.type(hostile_sensor.LAST_ALERT)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**filter={hostile_sensor.LAST_ALERT}**")
    press(page, page.locator("tbody a").first)
    page.wait_for_url("**/network/alerts/*")
    reach(page, page.get_by_role("textbox", name="Comment"))
    page.keyboard.type("Known laptop")
    press(page, page.get_by_role("button", name="Add"))
    expect(page.get_by_text("Known laptop")).to_be_visible()
    press(page, page.get_by_role("button", name="Close", exact=True).first)
    expect(page.locator(".heading")).to_contain_text("closed")


def test_a_recommendation_is_accepted_by_keyboard(page: Page) -> None:
    page.goto("/baseline/recommendations?status=all")
    others = f"a[href^='/baseline/controls/']:not([href$='/{CONTROL}'])"
    press(page, page.get_by_role("region", name="Recommendations").locator(others).first)
    page.wait_for_url("**/baseline/controls/*")
    exempting = page.get_by_role("form", name="Exempt it for a time")
    reach(page, exempting.get_by_label("Who answers for it"))
    page.keyboard.type("Plant manager")
    reach(page, exempting.get_by_label("Reason"))
    page.keyboard.type("Known and accepted")
    reach(page, exempting.get_by_label("Until"))
    year, month, day = in_a_year().split("-")
    page.keyboard.type(f"{month}{day}{year}")
    press(page, exempting.get_by_role("button", name="Exempt"))
    exempted = page.get_by_role("region", name="Exemption")
    expect(exempted).to_contain_text("Known and accepted")
    press(page, exempted.get_by_role("button", name="Take it back"))
    expect(exempted).to_have_count(0)


def test_a_dashboard_is_made_by_keyboard(page: Page) -> None:
    page.goto("/dashboards")
    reach(page, page.get_by_label("Name of a new one"))
    page.keyboard.type("Typed")
    page.keyboard.press("Enter")
    page.wait_for_url("**/edit")
    reach(page, page.locator("select[name=type]"))
    page.keyboard.type("Number of")
    reach(page, page.get_by_label("Title"))
    page.keyboard.type("Fleet")
    press(page, page.get_by_role("button", name="Add"))
    reach(page, page.locator("#tile-0"))
    page.keyboard.press("ArrowRight")
    press(page, page.get_by_role("button", name="Save the arrangement"))
    expect(page.locator("#tile-0")).to_have_attribute("data-x", "1")


def test_a_first_device_is_made_and_asked_for_a_property_by_keyboard(page: Page) -> None:
    page.goto("/guide")
    reach(page, page.get_by_label("Device id"))
    page.keyboard.type("typed-1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/guide/typed-1")
    page.goto("/devices/typed-1/properties")
    reach(page, page.get_by_role("combobox", name="Property"))
    page.keyboard.type("speed")
    reach(page, page.get_by_label("Value (JSON"))
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    row = page.get_by_role("row", name="speed")
    expect(row).to_contain_text("pending")
    expect(row.get_by_role("cell", name="–")).to_be_visible()
    press(page, row.get_by_role("link", name="Change speed"))
    page.wait_for_url("**property=speed")
    expect(page.get_by_label("Value (JSON")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("8")
    page.keyboard.press("Enter")
    expect(row.get_by_role("cell", name="8", exact=True)).to_be_visible()


def test_telemetry_is_explored_by_keyboard(page: Page) -> None:
    page.goto("/explorer")
    reach(page, page.get_by_label("Telemetry, comma between"))
    page.keyboard.type("t")
    reach(page, page.get_by_label("Time range"))
    page.keyboard.type("7 days")
    press(page, page.get_by_role("button", name="Draw"))
    page.wait_for_url("**range=7d**")
    expect(page.locator(".chart canvas")).to_be_visible()


def test_a_group_is_made_by_keyboard_with_what_it_finds(page: Page) -> None:
    page.goto("/groups")
    press(page, page.locator("summary", has_text="New group"))
    for label, text in {"Id": "typed", "Name": "Typed"}.items():
        reach(page, page.get_by_role("textbox", name=label, exact=True))
        page.keyboard.type(text)
    reach(page, page.get_by_label("Query"))
    page.keyboard.press("Control+A")
    page.keyboard.type('SELECT * FROM devices WHERE $id = "hostile-0"')
    expect(page.get_by_text("Finds 1 device now")).to_be_visible()
    press(page, page.get_by_role("button", name="Create"))
    page.wait_for_url("**/groups/typed")


def test_a_policy_is_tried_on_a_resource_by_keyboard(page: Page) -> None:
    page.goto("/policies/editor")
    reach(page, page.get_by_label("Definition, as Azure Policy writes it"))
    page.keyboard.press("Control+Home")
    page.keyboard.press("Delete")
    expect(page.locator("#verdict .notice.bad")).to_be_visible()
    page.keyboard.type("{")
    expect(page.locator("#verdict .notice.good")).to_be_visible()
    tried = page.get_by_label("Try it on")
    reach(page, tried)
    with page.expect_response("**/policies/check"):
        page.keyboard.press("ArrowDown")
    expect(page.locator("#verdict")).to_contain_text("ompliant")
    expect(tried).to_be_focused()


def test_who_would_get_in_is_asked_by_keyboard(page: Page) -> None:
    page.goto("/access/conditions")
    reach(page, page.get_by_role("textbox", name="From", exact=True))
    page.keyboard.type("203.0.113.7")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("get in")
    page.goto("/network-rules")
    reach(page, page.get_by_label("May this address connect?"))
    page.keyboard.type("203.0.113.7")
    press(page, page.get_by_role("button", name="Check"))
    expect(page.locator("main dl.facts")).to_contain_text("may connect")
