"""Every page: accessible in both themes, as wide as the screen, asking nobody else, whatever it shows."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.support.hostile import HOSTILE
from tests.support.running import RunningInstance
from tests.support.waiting import Aside
from tests.system.console import pages

ROOT = Path(__file__).resolve().parents[3]
AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()
ARTEFACTS = ROOT / "artifacts" / "screenshots"
WIDTHS = (360, 1280, 1920)

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


@pytest.fixture(scope="module")
def known(aside: Aside, signed_in: BrowserContext) -> dict[str, str]:
    """What stands for ids that are known only once the instance runs."""
    page = signed_in.new_page()
    page.goto("/access/reviews")
    page.get_by_text("Begin a review").click()
    page.get_by_role("textbox", name="Name").fill(HOSTILE[0])
    page.get_by_label("Due by the end of").fill("2099-12-31")
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url("**/access/reviews/*")
    review = page.url.rpartition("/")[2]
    page.goto("/baseline")
    feature = page.locator("main a[href*='/baseline/features/']").first.get_attribute("href") or ""
    page.close()
    assets = aside.get("/api/defender/assets")["value"]
    alerts = aside.get("/api/defender/alerts")["value"]
    return {
        "ASSET": next(str(asset["id"]) for asset in assets if asset["address"] == "10.1.0.20"),
        "ALERT": next(str(alert["id"]) for alert in alerts if alert["packets"]),
        "REVIEW": review,
        "FEATURE": feature.rpartition("/")[2],
    }


@pytest.mark.parametrize("path", pages.addresses())
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
    for name, id in known.items():
        path = path.replace(name, id)
    page.emulate_media(color_scheme="light")
    response = page.goto(path)
    assert response is not None
    assert response.status == 200
    if page.locator("main").count():
        _looked_at(page, path.strip("/").replace("/", "-").partition("?")[0] or "overview")
        assert faults == []
    assert page.evaluate("window.owned") is None
    assert strangers == []


def _looked_at(page: Page, name: str) -> None:
    """A whole page at every width and in both themes, with everything that its tables must have."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)
        page.screenshot(path=ARTEFACTS / f"{name[:80]}-{width}.jpg", type="jpeg", quality=70)
    page.evaluate(f"() => {{ {AXE} }}")
    assert _problems(page, "'wcag2a', 'wcag2aa', 'wcag22aa'") == []
    page.emulate_media(color_scheme="dark")
    assert _problems(page, "'color-contrast'") == []
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
    assert page.get_by_role("link", name=HOSTILE[0]).is_visible()
    page.goto(f"{instance.url}/devices/hostile-0")
    assert page.get_by_text("21.5").is_visible()
    page.goto(f"{instance.url}/network/map")
    page.get_by_text("The same as a list").click()
    page.get_by_role("link", name="Show the list").click()
    assert page.get_by_role("link", name="10.1.0.20").is_visible()
    context.close()
