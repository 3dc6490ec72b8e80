"""Every page: accessible in both themes, as wide as the screen, asking nobody else, whatever it shows."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from holdfast.console import navigation
from tests.support.hostile import HOSTILE, TEMPLATE
from tests.support.running import RunningInstance
from tests.support.waiting import Aside

ROOT = Path(__file__).resolve().parents[3]
AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()
ARTEFACTS = ROOT / "artifacts" / "screenshots"
WIDTHS = (390, 1024, 1600)

PAGES = [
    *(entry.path for section in navigation.SECTIONS for entry in section.entries),
    "/notifications",
    "/organization",
    "/people/administrator",
    "/devices/new",
    "/devices/hostile-0",
    "/devices/hostile-0/properties",
    "/devices/hostile-0/commands",
    "/devices/hostile-0/raw",
    "/devices/hostile-0/files",
    "/devices/hostile-0/history",
    "/devices/hostile-0/credentials",
    "/guide",
    "/guide/hostile-0",
    "/groups/hostile-0",
    f"/templates/{TEMPLATE}",
    f"/templates/{TEMPLATE}/edit",
    "/template-editor?device=hostile-0",
    "/jobs/hostile",
    "/job-editor",
    "/enrollment/SAS-IoT-Devices",
    "/enrollment/hostile",
    "/search?q=hostile",
    "/dashboards/hostile",
    "/dashboards/hostile/edit",
    "/explorer?names=t",
    "/network/map?layout=connection",
    "/network/assets/ASSET",
    "/network/alerts/ALERT",
    "/network/alerts/ALERT/packets",
]


@pytest.fixture(scope="module")
def addresses(aside: Aside) -> dict[str, str]:
    """What stands for ids that are known only once the instance runs."""
    assets = aside.get("/api/defender/assets")["value"]
    alerts = aside.get("/api/defender/alerts")["value"]
    return {
        "ASSET": next(str(asset["id"]) for asset in assets if asset["address"] == "10.1.0.20"),
        "ALERT": next(str(alert["id"]) for alert in alerts if alert["packets"]),
    }


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_accessible_fits_and_trusts_no_string(
    page: Page, instance: RunningInstance, addresses: dict[str, str], path: str
) -> None:
    strangers: list[str] = []
    faults: list[str] = []
    page.on(
        "request", lambda r: None if r.url.startswith((instance.url, "data:")) else strangers.append(r.url)
    )
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    for name, id in addresses.items():
        path = path.replace(name, id)
    page.emulate_media(color_scheme="light")
    response = page.goto(path)
    assert response is not None
    assert response.status == 200
    name = path.strip("/").replace("/", "-").partition("?")[0] or "overview"
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=ARTEFACTS / f"{name[:80]}-{width}.png")
    assert _problems(page, "'wcag2a', 'wcag2aa', 'wcag22aa'") == []
    page.emulate_media(color_scheme="dark")
    assert _problems(page, "'color-contrast'") == []
    assert page.evaluate("window.owned") is None
    assert strangers == []
    assert faults == []


def _problems(page: Page, rules: str) -> list[str]:
    """What axe finds; its script is given to the page once."""
    page.evaluate(f"window.axe || (() => {{ {AXE} }})()")
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
    assert page.get_by_role("link", name="10.1.0.10").is_visible()
    context.close()
