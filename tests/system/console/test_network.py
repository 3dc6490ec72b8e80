"""Journeys on the network: the map, a path, an asset, an alert from its packets to its end."""

from playwright.sync_api import FilePayload, Page, expect

from tests.support.hostile import HOSTILE, capture

CAPTURE_FILES = (bytes.fromhex("d4c3b2a1"), bytes.fromhex("4d3cb2a1"))
"""What pcap files begin with: microseconds, nanoseconds."""


def test_the_map_is_drawn_and_tells_of_an_asset(page: Page) -> None:
    page.goto("/network/assets?filter=10.1.0.20")
    page.locator("tbody a").first.click()
    number = page.url.rpartition("/")[2]
    page.goto(f"/network/map?layout=zone&focus={number}")
    expect(page.locator("#map[data-drawn]")).to_be_attached()
    expect(page.get_by_role("link", name="Its page")).to_be_visible()
    page.locator("select[name=layout]").select_option("connection")
    page.wait_for_url("**layout=connection**")
    expect(page.locator("#map[data-drawn]")).to_be_attached()


def test_the_way_between_two_assets_is_found(page: Page) -> None:
    numbers = []
    for address in ("10.1.0.10", "10.1.0.20"):
        page.goto(f"/network/assets?filter={address}")
        numbers.append((page.locator("tbody a").first.get_attribute("href") or "").rpartition("/")[2])
    page.goto("/network/map")
    page.get_by_label("Way from").fill(numbers[0])
    page.get_by_label("to", exact=True).fill(numbers[1])
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("The shortest way has 1 step")).to_be_visible()


def test_what_a_person_says_of_an_asset_stays(page: Page) -> None:
    page.goto("/network/assets?filter=10.1.0.10")
    page.locator("tbody a").first.click()
    page.get_by_text("Correct what is known").click()
    page.get_by_label("Name").fill(HOSTILE[0])
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name=HOSTILE[0])).to_be_visible()
    assert page.evaluate("window.owned") is None


def test_an_alert_is_looked_into_and_closed(page: Page) -> None:
    page.goto("/network/alerts?filter=modbus&status=new")
    for link in [each.get_attribute("href") or "" for each in page.locator("tbody a").all()]:
        page.goto(link)
        if page.get_by_role("link", name="Decoded packets").count():
            break
    page.get_by_role("link", name="Decoded packets").click()
    expect(page.get_by_role("region", name="Decoded packets")).to_contain_text("modbus")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download pcap").click()
    assert download.value.path().read_bytes()[:4] in CAPTURE_FILES
    page.get_by_role("link", name="Back to the alert").click()
    expect(page.get_by_text("Expected", exact=True).first).to_be_visible()
    page.get_by_role("button", name="I look at it").click()
    expect(page.locator(".heading")).to_contain_text("active")
    page.get_by_role("textbox", name="Comment").fill(HOSTILE[1])
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("region", name="Comments")).to_contain_text(HOSTILE[1])
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".heading")).to_contain_text("closed")


def test_a_capture_is_uploaded_and_analyzed_while_one_looks(page: Page) -> None:
    page.goto("/network/sensors")
    upload = FilePayload(name="again.pcap", mimeType="application/octet-stream", buffer=capture())
    page.get_by_label("Capture file").set_input_files(upload)
    page.get_by_role("button", name="Upload and analyze").click()
    expect(page.locator("tr", has_text="again.pcap").get_by_text("done")).to_be_visible()


def test_an_alert_is_muted_and_heard_again(page: Page) -> None:
    page.goto("/network/alerts?filter=FTP")
    page.locator("tbody a").first.click()
    page.get_by_role("button", name="Mute", exact=True).click()
    expect(page.locator(".heading")).to_contain_text("muted")
    page.get_by_role("button", name="Unmute").click()
    expect(page.locator(".heading")).not_to_contain_text("muted")
    expect(page.get_by_role("button", name="Unmute")).to_have_count(0)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_sought_asset_is_told_of_and_an_unknown_one_is_said(page: Page) -> None:
    page.goto("/network/map?focus=10.1.0.30")
    expect(page.locator("#map-side h2")).to_have_text("10.1.0.30")
    page.get_by_label("Find on the map").fill("10.9.9.9")
    page.keyboard.press("Enter")
    expect(page.get_by_text("There is no asset “10.9.9.9”")).to_be_visible()


def test_findings_and_the_timeline_lead_to_assets(page: Page) -> None:
    page.goto("/network/findings")
    page.get_by_text("Password in clear text").first.click()
    expect(page.get_by_role("main").get_by_role("link", name="10.1.0.20").first).to_be_visible()
    page.goto("/network/timeline?filter=10.1.0.30")
    expect(page.get_by_role("main").get_by_role("row").filter(has_text="10.1.0.30").first).to_be_visible()
