"""Renews the pictures in docs/images: a real instance, SDK devices, traffic of a plant, a real browser."""

import asyncio
import logging
import ssl
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.running import RunningInstance, running  # noqa: E402 - as above
from tests.support.signing_in import sign_in  # noqa: E402 - as above
from tests.support.traffic import plant  # noqa: E402 - as above
from tests.support.traffic.wire import Wire  # noqa: E402 - as above
from tests.support.waiting import until  # noqa: E402 - as above

from holdfast.api.baseline_client import RUN_SECONDS, assessments_path  # noqa: E402 - as above
from holdfast.api.client import ApiClient  # noqa: E402 - needs the path above
from holdfast.baseline.service import WHOLE  # noqa: E402 - as above
from holdfast.runtime.demo.enrolling import certificate_folder, enroll  # noqa: E402 - as above
from holdfast.runtime.demo.thermostat import Thermostat  # noqa: E402 - as above

IMAGES = ROOT / "docs" / "images"
ROUNDS = 60
LINES = {"filling": plant.FILLING, "packing": plant.PACKING}
DAY_SECONDS, NIGHT_SECONDS = 7200.0, 600.0
"""How long ago the plant's captures begin."""
PICTURES = {
    "overview": "/",
    "device": "/devices/thermostat-3",
    "map": "/network/map",
}


async def fill(instance: RunningInstance, filled: threading.Event, done: threading.Event) -> None:
    """Connect the demo's five thermostats and let them send until the pictures are made."""
    api = ApiClient(instance.url, instance.root_ca, instance.token)
    with certificate_folder() as folder:
        identities = await enroll(api, Path(folder), time.time())
        root_ca = instance.root_ca.read_text()
        fleet = [Thermostat(i, instance.id_scope, instance.address, root_ca) for i in identities]
        for thermostat in fleet:
            await thermostat.connect(await thermostat.provision())
        await api.patch("/api/devices/thermostat-3/properties", {"targetTemperature": 22.5})
        second = 0
        while not done.is_set():
            second += 1
            for thermostat in fleet:
                await thermostat.send(second)
            if second == ROUNDS:
                filled.set()
            await asyncio.sleep(1)
        await asyncio.gather(*(thermostat.stop() for thermostat in fleet))
    await api.close()


def watch(instance: RunningInstance) -> None:
    """Learn what each line of the plant does by day, then look at its night; and assess the baseline."""
    with instance.remote() as remote:
        for zone, line in LINES.items():
            title = {"displayName": f"{zone.title()} line"}
            remote.put(f"/api/organizations/{zone}?api-version=2022-07-31", title)
            day = plant.usual(line, Wire(now=time.time() - DAY_SECONDS))
            upload(instance, f"{zone}-day", zone, "learning", day)
            upload(
                instance, f"{zone}-night", zone, "operational", plant.night(line, time.time() - NIGHT_SECONDS)
            )
        remote.post(assessments_path(WHOLE), seconds=RUN_SECONDS)


def upload(instance: RunningInstance, name: str, zone: str, stage: str, wire: Wire) -> None:
    """Give a capture to a zone, and wait until it is analyzed."""
    address = f"/api/defender/captures/{name}"
    httpx.put(
        f"{instance.url}{address}",
        params={"name": f"{name}.pcap", "stage": stage, "organization": zone},
        content=plant.pcap(wire),
        headers={"authorization": instance.token, "content-type": "application/octet-stream"},
        verify=ssl.create_default_context(cafile=str(instance.root_ca)),
        timeout=60,
    ).raise_for_status()
    with instance.remote() as remote:
        until(lambda: remote.get(address)["analysis"]["status"] == "done")


def main() -> None:
    """Make every picture."""
    logging.getLogger("azure").setLevel(logging.CRITICAL)
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "data") as instance:
        filled, done = threading.Event(), threading.Event()
        fleet = threading.Thread(target=lambda: asyncio.run(fill(instance, filled, done)))
        fleet.start()
        watch(instance)
        filled.wait(300)
        with sync_playwright() as playwright:
            arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
            page = browser.new_page(ignore_https_errors=True, viewport={"width": 1280, "height": 800})
            sign_in(page, instance)
            for name, path in PICTURES.items():
                page.goto(instance.url + path)
                page.wait_for_timeout(2500)
                page.screenshot(path=IMAGES / f"{name}.png")
                print(f"docs/images/{name}.png")
        done.set()
        fleet.join()


if __name__ == "__main__":
    main()
