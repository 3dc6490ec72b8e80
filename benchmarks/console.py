"""The console with a large fleet and network: when pages show something, and how soon they answer a hand.

Beside each page stands the floor: a page of the same server that only says it is alive, in the same browser.
"""

import ssl
import statistics
import struct
import tempfile
import time
from pathlib import Path

import httpx
from playwright.sync_api import Page, sync_playwright
from tests.support.running import RunningInstance, running
from tests.support.signing_in import sign_in
from tests.support.traffic import modbus
from tests.support.traffic.wire import Wire

DEVICES, ASSETS, SERVERS = 10_000, 12_000, 40
REPEATS = 5
FIRST_PAINT_GOAL, INTERACTION_GOAL = 1000.0, 200.0
ANALYSIS_SECONDS = 900
PAGES = {
    "overview": "/",
    "devices": "/devices",
    "devices, filtered": "/devices?filter=pump-09",
    "a device": "/devices/pump-0001",
    "assets": "/network/assets",
    "map": "/network/map",
    "alerts": "/network/alerts",
    "search": "/search?q=pump-0999",
    "explorer": "/explorer?names=temperature",
}
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1"
UNTIL_PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def network() -> bytes:
    """A capture in which each asset asks one of some servers once."""
    wire = Wire(step=0.0001)
    request, answer = modbus.frame(modbus.read()), modbus.frame(modbus.registers())
    for number in range(ASSETS - SERVERS):
        client = f"10.{1 + number // 65_536}.{number // 256 % 256}.{number % 256}"
        talk = wire.connect(client, f"10.200.0.{1 + number % SERVERS}", 502)
        talk.ask(request, answer)
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    frames = (
        struct.pack("<IIII", int(at), int(at % 1 * 1e6), len(frame), len(frame)) + frame
        for at, frame in wire.frames
    )
    return head + b"".join(frames)


def fill(instance: RunningInstance) -> None:
    """Ten thousand devices through the import, twelve thousand assets through a capture."""
    rows = "".join(f"pump-{number:04},Pump {number}\n" for number in range(DEVICES))
    client = httpx.Client(
        base_url=instance.url,
        headers={"authorization": instance.token},
        verify=ssl.create_default_context(cafile=str(instance.root_ca)),
        timeout=600,
    )
    with client:
        csv = {"content-type": "text/csv"}
        content = f"IOTC_DEVICEID,IOTC_DEVICENAME\n{rows}"
        client.post("/api/fleet/devices.csv", content=content, headers=csv).raise_for_status()
        capture = {"content-type": "application/octet-stream"}
        address = "/api/defender/captures/plant"
        client.put(address, content=network(), headers=capture).raise_for_status()
        ends = time.monotonic() + ANALYSIS_SECONDS
        while client.get(address).json()["analysis"]["status"] != "done":
            if time.monotonic() > ends:
                raise TimeoutError("the capture was not analyzed in time")
            time.sleep(1)
        print(f"  {client.get('/api/defender/overview').json()} and {DEVICES} devices")


def first_paint(page: Page, path: str) -> float:
    """Milliseconds from asking for a page to its first content, the median of some times."""
    times = []
    for _ in range(REPEATS):
        page.goto(path)
        page.wait_for_function(f"() => ({FIRST_PAINT}) >= 0")
        times.append(page.evaluate(FIRST_PAINT))
    return float(statistics.median(times))


def drawn(page: Page) -> float:
    """Milliseconds from asking for the map to its drawing, the median of some times."""
    times = []
    for _ in range(REPEATS):
        page.goto("/network/map")
        page.wait_for_selector("#map[data-drawn]", state="attached")
        times.append(page.evaluate("performance.now()"))
    return float(statistics.median(times))


def interaction(page: Page, work: str) -> float:
    """Milliseconds from a hand's deed to the next frame that shows what came of it."""
    begun, ended = "const began = performance.now()", "return performance.now() - began"
    script = f"async () => {{ {begun}; {work}; await {UNTIL_PAINTED}; {ended}; }}"
    return float(statistics.median(page.evaluate(script) for _ in range(REPEATS)))


def _typed(field: str, value: str) -> str:
    at = f"document.getElementById('{field}')"
    return f"{at}.value = '{value}'; {at}.dispatchEvent(new Event('input'))"


def line(what: str, milliseconds: float, goal: float, floor: float) -> None:
    met = "met" if milliseconds <= goal else "MISSED"
    print(f"  {what:<34} {milliseconds:8.0f} ms   goal {goal:5.0f} ms {met:<7} floor {floor:6.0f} ms")


def measure(page: Page) -> None:
    floor = first_paint(page, "/healthz")
    for name, path in PAGES.items():
        line(f"first paint: {name}", first_paint(page, path), FIRST_PAINT_GOAL, floor)
    line("the map is drawn", drawn(page), FIRST_PAINT_GOAL, floor)
    still = interaction(page, "")
    slide = _typed("map-since", "500")
    line("interaction: the map's time slider", interaction(page, slide), INTERACTION_GOAL, still)
    find = _typed("map-find", "10.1")
    line("interaction: find on the map", interaction(page, find), INTERACTION_GOAL, still)
    page.goto("/devices")
    line(
        "interaction: select all rows",
        interaction(page, "document.querySelector('[data-select-all]').click()"),
        INTERACTION_GOAL,
        still,
    )
    line("interaction: change the theme", interaction(page, "switchTheme()"), INTERACTION_GOAL, still)


def main() -> None:
    """Print when pages show something and how soon they answer, beside the goals."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "data") as instance:
        fill(instance)
        with sync_playwright() as playwright:
            arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
            context = browser.new_context(ignore_https_errors=True, base_url=instance.url)
            page = context.new_page()
            sign_in(page, instance)
            measure(page)
            browser.close()
