"""One instance and one browser for the tests of the console that follow one another in this process.

The instance holds hostile strings in every field that a person, a device or a packet can fill.
"""

import asyncio
import ssl
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from holdfast.protocol.sas import decode_key, derive_key
from tests.support.hostile import capture, plant, plant_beside, speak
from tests.support.running import RunningInstance, running
from tests.support.signing_in import sign_in
from tests.support.waiting import Aside, until

PATIENCE = 60_000
"""Milliseconds that a page may take on a machine that is busy with other things."""


@pytest.fixture(scope="package")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInstance]:
    quick = {"HOLDFAST_SIMULATION__INTERVAL_SECONDS": "1"}
    with running(tmp_path_factory.mktemp("console") / "data", **quick) as instance:
        with instance.remote() as remote:
            plant(remote)
            plant_beside(remote)
            group = remote.get("/api/enrollmentGroups/SAS-IoT-Devices")
            key = decode_key(str(group["attestation"]["symmetricKey"]["primaryKey"]))
            asyncio.run(speak(instance, "hostile-0", derive_key(key, "hostile-0")))
            httpx.put(
                f"{instance.url}/api/defender/captures/hostile?name=hostile&stage=operational",
                content=capture(),
                headers={"authorization": instance.token, "content-type": "application/octet-stream"},
                verify=ssl.create_default_context(cafile=str(instance.root_ca)),
                timeout=60,
            ).raise_for_status()
            until(lambda: remote.get("/api/defender/captures/hostile")["analysis"]["status"] == "done")
            until(lambda: remote.get("/api/defender/alerts")["value"])
        yield instance


@pytest.fixture(scope="package")
def aside(instance: RunningInstance) -> Aside:
    return Aside(instance)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def signed_in(instance: RunningInstance, browser: Browser) -> Iterator[BrowserContext]:
    """A browser whose first administrator came in by the sign-in link and set a password."""
    context = browser.new_context(ignore_https_errors=True, base_url=instance.url)
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
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
