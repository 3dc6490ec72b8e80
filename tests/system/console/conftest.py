"""One instance and one browser for the tests of the console that follow one another in this process.

The instance holds hostile strings in every field that a person, a device or a packet can fill.
"""

import asyncio
import base64
import ssl
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from holdfast.api.baseline_client import RUN_SECONDS
from holdfast.api.client import Remote
from holdfast.protocol.sas import decode_key, derive_key
from tests.support import hostile_sensor
from tests.support.hostile import HOSTILE, capture, plant, plant_beside, speak
from tests.support.hostile_decisions import (
    FEATURE,
    office_capture,
    plant_authority,
    plant_decisions,
    plant_rules,
    plant_wishes,
)
from tests.support.running import RunningInstance, running
from tests.support.signing_in import sign_in
from tests.support.uploading_device import upload
from tests.support.waiting import Aside, until

PATIENCE = 60_000
"""Milliseconds that a page may take on a machine that is busy with other things."""


@pytest.fixture(scope="package")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInstance]:
    quick = {"HOLDFAST_SIMULATION__INTERVAL_SECONDS": "1"}
    folder = tmp_path_factory.mktemp("console")
    with running(folder / "data", **quick) as instance:
        with instance.remote() as remote:
            plant(remote)
            plant_beside(remote)
            plant_authority(remote)
            plant_rules(remote)
            _let_a_device_speak(instance, remote)
            for name, content in {"hostile": capture(), "office": office_capture()}.items():
                _watch(instance, remote, name, content)
            hostile_sensor.report(remote, folder / "sensor")
            plant_decisions(remote)
            remote.post("/api/baseline/assessments", {"feature": FEATURE}, RUN_SECONDS)
        yield instance


def _let_a_device_speak(instance: RunningInstance, remote: Remote) -> None:
    group = remote.get("/api/enrollmentGroups/SAS-IoT-Devices")
    key = decode_key(str(group["attestation"]["symmetricKey"]["primaryKey"]))
    own = derive_key(key, "hostile-0")
    plant_wishes(remote, "hostile-0")
    asyncio.run(speak(instance, "hostile-0", own))
    remote.put("/api/fileUploads", {"connectionString": "Storage=Local", "container": "files"})
    text = base64.b64encode(own).decode()
    upload(instance, "hostile-0", text, b"<svg onload=window.owned=1>", HOSTILE[0])


def _watch(instance: RunningInstance, remote: Remote, id: str, content: bytes) -> None:
    address = f"/api/defender/captures/{id}"
    httpx.put(
        f"{instance.url}{address}",
        params={"name": HOSTILE[0], "stage": "operational"},
        content=content,
        headers={"authorization": instance.token, "content-type": "application/octet-stream"},
        verify=ssl.create_default_context(cafile=str(instance.root_ca)),
        timeout=60,
    ).raise_for_status()
    until(lambda: remote.get(address)["analysis"]["status"] == "done")


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
    context = browser.new_context(ignore_https_errors=True, base_url=instance.url, user_agent=HOSTILE[0])
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page = context.new_page()
    sign_in(page, instance)
    page.close()
    yield context
    context.close()


@pytest.fixture(scope="package")
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
    page.close()
    assets = aside.get("/api/defender/assets")["value"]
    alerts = [alert for alert in aside.get("/api/defender/alerts")["value"] if alert["packets"]]
    return {
        "ASSET": next(str(asset["id"]) for asset in assets if asset["address"] == "10.1.0.20"),
        "ALERT": next(str(alert["id"]) for alert in alerts if alert["source"] not in HOSTILE),
        "SUSPECT": next(str(asset["id"]) for asset in assets if asset["address"] == HOSTILE[0]),
        "ALARM": next(str(alert["id"]) for alert in alerts if alert["source"] == HOSTILE[0]),
        "REVIEW": review,
    }


@pytest.fixture
def page(signed_in: BrowserContext) -> Iterator[Page]:
    page = signed_in.new_page()
    yield page
    page.close()
