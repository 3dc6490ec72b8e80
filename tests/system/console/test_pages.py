"""Every page: accessible in both themes and by keyboard, as wide as the screen, asking nobody else."""

import re
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from holdfast.console.routes import ROUTES
from tests.support.hostile import HOSTILE, TEMPLATE
from tests.support.running import RunningInstance
from tests.system.console import pages
from tests.system.console.walking import walked

ROOT = Path(__file__).resolve().parents[3]
AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()
ARTEFACTS = ROOT / "artifacts" / "screenshots"
WIDTHS = (360, 1280, 1920)

READ_WITHOUT_SCRIPT = {
    "/": "What happened last",
    "/devices/hostile-0/properties": "wished",
    "/devices/hostile-0/raw": "21.5",
    "/devices/hostile-0/history": "connected",
    "/groups/hostile-0": "SELECT * FROM devices",
    f"/templates/{TEMPLATE}": "Telemetry",
    "/jobs/hostile": "Call ",
    "/manifests/hostile": "$edgeAgent",
    "/file-uploads": "Container",
    "/enrollment/hostile": "ID scope",
    "/dashboards/hostile": "{{ 7*7 }}",
    "/explorer?names=t": "Average of",
    "/network/assets": "10.1.0.20",
    "/network/alerts": "10.1.0.20",
    "/network/timeline": "10.1.0.20",
    "/network/sensors": "analyzed",
    "/baseline": "Network Security",
    "/baseline/recommendations?status=all": "Secure score",
    "/baseline/documents": "public key",
    "/policies": "Resources that comply",
    "/people": "administrator@localhost",
    "/roles": "device:read",
    "/audit": "signed",
    "/settings": "host_names",
    "/search?q=hostile": "Device",
    "/notifications": "controls",
}
"""Pages that read with script switched off, and a text that shows it."""

OPEN = """() => {
    for (const fold of document.querySelectorAll("main details:not(.drop, :has([hx-get]))")) fold.open = true;
    document.querySelector("[data-select-all]")?.click();
}"""
"""Unfolds what is folded, and selects rows: forms that appear then count too."""

FILLED_BY_SCRIPT = """html => {
    const served = new DOMParser().parseFromString(html, "text/html");
    const filled = served.querySelectorAll("main :is([data-series], div[hx-trigger^=load])");
    return [...filled].map(each => each.parentElement.outerHTML).filter(html => !html.includes("<noscript>"));
}"""
"""Parts of a page as it was served that stay empty without script, and do not say so."""

TABLES = """tables => tables.map(table => {
    const served = table.closest("section.table");
    const tools = served ?? table.closest(".scroll")?.previousElementSibling;
    const csv = [...tools?.querySelectorAll("a, button") ?? []].find(each => each.textContent === "CSV");
    const parts = {
        sort: table.querySelector("thead :is(a, button.sorts)"),
        filter: tools?.querySelector("input[type=search]"),
        columns: tools?.querySelector("input[type=checkbox]"),
        csv,
    };
    return Object.keys(parts).filter(part => !parts[part]).join(" ");
})"""
"""What each table of a page lacks."""


@pytest.mark.parametrize("path", list(pages.addresses()))
def test_a_page_is_accessible_fits_and_trusts_no_string(
    page: Page, instance: RunningInstance, known: dict[str, str], path: str
) -> None:
    strangers: list[str] = []
    faults: list[str] = []
    page.on(
        "request", lambda r: None if r.url.startswith((instance.url, "data:")) else strangers.append(r.url)
    )
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    page.emulate_media(color_scheme="light")
    response = page.goto(pages.of_instance(path, known))
    assert response is not None
    assert response.status == 200
    if page.locator("main").count():
        assert page.evaluate(FILLED_BY_SCRIPT, response.text()) == []
        _looked_at(page, path.strip("/").replace("/", "-").partition("?")[0] or "overview")
        assert faults == []
    assert page.evaluate("window.owned") is None
    assert strangers == []


def test_every_page_of_the_console_is_visited() -> None:
    pages_known = {route.path for route in ROUTES if route.method == "GET" and route.is_page}
    assert set(pages.NOT_VISITED) <= pages_known, "what is not visited is a page"
    visited = {address.partition("?")[0] for address in pages.addresses()}
    for path in pages_known - set(pages.NOT_VISITED):
        shape = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))
        assert any(shape.fullmatch(address) for address in visited), path


@pytest.mark.parametrize("path", ["/devices/", "/no-such-page/", "/enrollment/", "/baseline/controls/"])
def test_an_error_shows_a_hostile_address_as_text(page: Page, instance: RunningInstance, path: str) -> None:
    response = page.goto(f"{instance.url}{path}{quote(HOSTILE[1], safe='')}")
    assert response is not None
    assert response.status in (400, 404)
    expect(page.get_by_role("main")).to_be_visible()
    assert page.evaluate("window.owned") is None


def _looked_at(page: Page, name: str) -> None:
    """A whole page at every width and in both themes, with everything that its tables must have."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)
        page.screenshot(path=ARTEFACTS / f"{name[:80]}-{width}.jpg", type="jpeg", quality=70)
    page.evaluate(OPEN)
    page.evaluate(f"() => {{ {AXE} }}")
    assert _problems(page, "'wcag2a', 'wcag2aa', 'wcag22aa'") == []
    page.emulate_media(color_scheme="dark")
    assert _problems(page, "'color-contrast'") == []
    assert walked(page) == []
    assert [lacks for lacks in page.locator("main table:not(.u-legend)").evaluate_all(TABLES) if lacks] == []


def _problems(page: Page, rules: str) -> list[str]:
    """What axe finds."""
    found = page.evaluate(f"axe.run(document, {{ runOnly: [{rules}], resultTypes: ['violations'] }})")
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found["violations"]]


def test_pages_read_without_script(
    instance: RunningInstance, signed_in: BrowserContext, browser: Browser
) -> None:
    context = browser.new_context(
        ignore_https_errors=True, java_script_enabled=False, storage_state=signed_in.storage_state()
    )
    page = context.new_page()
    page.goto(f"{instance.url}/devices")
    expect(
        page.get_by_role("region", name="Devices").get_by_role("link", name=HOSTILE[0]).first
    ).to_be_visible()
    page.goto(f"{instance.url}/devices/hostile-0")
    expect(page.get_by_text("21.5")).to_be_visible()
    for path, seen in READ_WITHOUT_SCRIPT.items():
        page.goto(f"{instance.url}{path}")
        assert page.get_by_role("main").get_by_text(seen).locator("visible=true").count(), path
        expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    page.goto(f"{instance.url}/devices/new")
    page.get_by_label("Device id").fill("without-script")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="without-script")).to_be_visible()
    page.goto(f"{instance.url}/devices")
    page.get_by_label("Filter", exact=True).fill("without-script")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("1 of 1", exact=True)).to_be_visible()
    page.goto(f"{instance.url}/network/map")
    page.get_by_text("The same as a list").click()
    page.get_by_role("link", name="Show the list").click()
    expect(page.get_by_role("link", name="10.1.0.20")).to_be_visible()
    context.close()
