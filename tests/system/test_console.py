"""The console as people use it: a real browser and instance; accessible, in both themes, at three widths."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from holdfast.console import navigation
from tests.support.running import RunningInstance, running
from tests.support.signing_in import PASSWORD, sign_in

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
HOSTILE = [
    "<script>window.owned=1</script>",
    '"><img src=x onerror=window.owned=1>',
    "{{ 7*7 }} ${7*7} javascript:alert(1)",
    "\u202etxet\u202c " + "long" * 30,
]
"""What devices and people write where a name is asked for."""


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInstance]:
    with running(tmp_path_factory.mktemp("console") / "data") as instance:
        with instance.remote() as remote:
            for number, name in enumerate(HOSTILE):
                remote.put(f"/api/devices/hostile-{number}", {"displayName": name[:148]})
        yield instance


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def signed_in(instance: RunningInstance, browser: Browser) -> Iterator[BrowserContext]:
    """A browser whose first administrator came in by the sign-in link and set a password."""
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    sign_in(page, instance)
    page.close()
    yield context
    context.close()


@pytest.fixture
def page(signed_in: BrowserContext) -> Iterator[Page]:
    page = signed_in.new_page()
    yield page
    page.close()


PAGES = [
    *(entry.path for section in navigation.SECTIONS for entry in section.entries),
    "/devices/new",
    "/devices/hostile-0",
    "/devices/hostile-0/credentials",
    "/enrollment/SAS-IoT-Devices",
    "/search?q=hostile",
    "/explorer?names=temperature",
]


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


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_accessible_in_both_themes_and_asks_nobody_else(
    instance: RunningInstance, page: Page, path: str
) -> None:
    strangers: list[str] = []
    faults: list[str] = []
    page.on("request", lambda r: None if r.url.startswith(instance.url) else strangers.append(r.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    response = page.goto(instance.url + path)
    assert response is not None
    assert response.status == 200
    for theme in ("light", "dark"):
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        found = page.evaluate(
            f"{AXE.read_text()}; axe.run(document, {{runOnly: ['wcag2a', 'wcag2aa', 'wcag22aa']}})"
        )
        problems = [f"{v['id']}: {v['nodes'][0]['html'][:150]}" for v in found["violations"]]
        assert problems == [], theme
    assert page.evaluate("window.owned") is None
    assert strangers == []
    assert faults == []


@pytest.mark.parametrize("width", [375, 768, 1280])
def test_no_page_is_wider_than_the_screen(
    instance: RunningInstance, page: Page, width: int, tmp_path: Path
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    artefacts = ROOT / "artifacts" / "screenshots"
    artefacts.mkdir(parents=True, exist_ok=True)
    for path in PAGES:
        page.goto(instance.url + path)
        name = path.strip("/").replace("/", "-").partition("?")[0] or "overview"
        page.screenshot(path=artefacts / f"{name}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_search_field_is_one_key_away(instance: RunningInstance, page: Page) -> None:
    page.goto(instance.url)
    page.keyboard.press("/")
    page.keyboard.type("hostile-2")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=hostile-2")
    page.get_by_role("link", name=HOSTILE[2]).click()
    assert "hostile-2" in page.url


def test_a_device_is_made_blocked_and_deleted(instance: RunningInstance, page: Page) -> None:
    page.goto(f"{instance.url}/devices/new")
    page.get_by_label("Device id").fill("pump-1")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("button", name="Block").click()
    assert page.get_by_text("waiting for approval").is_visible()
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete this device").click()
    page.wait_for_url("**/devices")
    page.goto(f"{instance.url}/devices?filter=pump-1")
    page.get_by_text("Nothing here matches").wait_for()


def test_a_group_shows_what_it_finds_while_its_query_is_typed(instance: RunningInstance, page: Page) -> None:
    page.goto(f"{instance.url}/groups")
    page.get_by_text("New group").click()
    page.get_by_label("Query").fill('SELECT * FROM devices WHERE $id = "hostile-0"')
    page.get_by_text("Finds 1 device now").wait_for()
    page.get_by_label("Query").fill("SELECT nonsense")
    page.locator("#preview .bad").wait_for()
    page.get_by_label("Query").fill('SELECT * FROM devices WHERE CONTAINS($displayName, "script")')
    page.get_by_role("textbox", name="Id").fill("scripts")
    page.get_by_role("textbox", name="Name").fill(HOSTILE[0])
    page.get_by_role("button", name="Create").click()
    page.wait_for_url("**/groups/scripts")
    assert page.get_by_role("link", name=HOSTILE[0]).is_visible()
    assert page.evaluate("window.owned") is None


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


def test_pages_read_without_script(
    instance: RunningInstance, signed_in: BrowserContext, browser: Browser
) -> None:
    context = browser.new_context(
        ignore_https_errors=True, java_script_enabled=False, storage_state=signed_in.storage_state()
    )
    page = context.new_page()
    page.goto(f"{instance.url}/devices")
    assert page.get_by_role("link", name=HOSTILE[0]).is_visible()
    context.close()


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
