"""Renews the pictures in docs/images: a real instance, real devices on the SDK, a real browser."""

import asyncio
import logging
import sys
import tempfile
import threading
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.running import RunningInstance, running  # noqa: E402 - as above
from tests.support.signing_in import sign_in  # noqa: E402 - as above

from holdfast.api.client import ApiClient  # noqa: E402 - needs the path above
from holdfast.runtime.demo.enrolling import certificate_folder, enroll  # noqa: E402 - as above
from holdfast.runtime.demo.thermostat import Thermostat  # noqa: E402 - as above

IMAGES = ROOT / "docs" / "images"
ROUNDS = 40
PICTURES = {
    "device": "/devices/thermostat-3",
    "explorer": "/explorer?names=temperature&range=15m",
    "overview": "/",
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
        for second in range(ROUNDS):
            for thermostat in fleet:
                await thermostat.send(second)
            await asyncio.sleep(0.5)
        await api.patch("/api/devices/thermostat-3/properties", {"targetTemperature": 22.5})
        filled.set()
        await asyncio.to_thread(done.wait)
        await asyncio.gather(*(thermostat.stop() for thermostat in fleet))
    await api.close()


def main() -> None:
    """Make every picture."""
    logging.getLogger("azure").setLevel(logging.CRITICAL)
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "data") as instance:
        filled, done = threading.Event(), threading.Event()
        fleet = threading.Thread(target=lambda: asyncio.run(fill(instance, filled, done)))
        fleet.start()
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
