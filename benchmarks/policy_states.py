"""How soon a change is seen in the compliance states of a running instance, alone and under 100 changes/s.

Each change of a device turns one state of a policy over; from the answer to the change until the state's
history has the turn is the latency. Beside the processes' CPU a change stands how much of it is the change
itself: what control spends.
"""

import queue
import ssl
import statistics
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote

import httpx
import psutil
from tests.support.policies import DEVICES, STATES, Client, of_type
from tests.support.running import RunningInstance, running

from holdfast.kernel.clock import parse_isoformat

FLEET = 2_000
ASSIGNMENTS = 20
RATE = 100
SECONDS = 20.0
CALLERS = 4
GOAL = 1.0
PATIENCE = 60.0
_PAGE = 1_000
_WATCHED = "watched"


def main() -> None:
    """See the module."""
    with (
        tempfile.TemporaryDirectory() as name,
        running(Path(name) / "data") as instance,
        _web(instance) as web,
    ):
        client = Client(instance, web)
        _prepare(client)
        first = 0
        for rate in (1, RATE):
            _measure(client, rate, first)
            first += int(rate * SECONDS)


def _web(instance: RunningInstance) -> httpx.Client:
    trust = ssl.create_default_context(cafile=str(instance.root_ca))
    return httpx.Client(
        base_url=instance.url, headers={"authorization": instance.token}, verify=trust, timeout=600
    )


def _prepare(client: Client) -> None:
    """A fleet, and policies that watch it; on return every device is judged."""
    rows = "".join(f"pump-{number:04},good\n" for number in range(FLEET))
    content = f"IOTC_DEVICEID,IOTC_DEVICENAME\n{rows}"
    csv = {"content-type": "text/csv"}
    client.http.post("/api/fleet/devices.csv", content=content, headers=csv).raise_for_status()
    for number in range(ASSIGNMENTS):
        name = _WATCHED if number == 0 else f"{_WATCHED}-{number}"
        named = of_type(DEVICES, {"field": f"{DEVICES}/displayName", "equals": "bad" + "!" * number})
        client.assign(name, client.define(name, named, "audit"))
    deadline = time.monotonic() + PATIENCE
    while sum(_counted(client).values()) < FLEET and time.monotonic() < deadline:
        time.sleep(0.5)


def _counted(client: Client) -> dict[str, int]:
    summary = client.ok("POST", f"{STATES}/latest/summarize?policyAssignmentName={_WATCHED}")
    details = summary["value"][0]["results"]["resourceDetails"]
    return {each["complianceState"]: each["count"] for each in details}


def _measure(client: Client, rate: int, first: int) -> None:
    turned: dict[str, float] = {}
    before = _spent(client.instance)
    numbers = range(first, first + int(rate * SECONDS))
    _change(client.instance, rate, numbers, turned)
    latencies = _latencies(client, turned)
    after = _spent(client.instance)
    costs = {name: (after[name] - before[name]) / len(turned) * 1e3 for name in after}
    shares = ", ".join(f"{name} {cost:.1f} ms" for name, cost in costs.items())
    worst = latencies[-1]
    p99 = statistics.quantiles(latencies, n=100)[98]
    print(
        f"{len(turned) / SECONDS:.0f} changes/s, {FLEET} devices, {ASSIGNMENTS} assignments beside the "
        f"baseline: state after {statistics.median(latencies):.2f} s (median), {p99:.2f} s (p99), "
        f"{worst:.2f} s (worst; goal {GOAL:.0f} s); CPU a change: {shares}"
    )


def _change(instance: RunningInstance, rate: int, numbers: range, turned: dict[str, float]) -> None:
    """Name devices by turns badly and well, `rate` times a second; `turned` gets when each was answered."""
    due: queue.SimpleQueue[int | None] = queue.SimpleQueue()

    def work() -> None:
        with _web(instance) as web:
            while (number := due.get()) is not None:
                device = f"pump-{number % FLEET:04}"
                body = {"displayName": "bad" if number % (2 * FLEET) < FLEET else "good"}
                web.patch(f"/api/devices/{device}?api-version=2022-07-31", json=body).raise_for_status()
                turned[device] = time.time()

    callers = [threading.Thread(target=work) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    begun = time.monotonic()
    for count, number in enumerate(numbers):
        time.sleep(max(0.0, begun + count / rate - time.monotonic()))
        due.put(number)
    for _ in callers:
        due.put(None)
    for caller in callers:
        caller.join()
    print(f"  {len(numbers)} changes took {time.monotonic() - begun:.1f} s")


def _latencies(client: Client, turned: dict[str, float]) -> list[float]:
    """Seconds from each change's answer to the moment that its new state has, in order."""
    began = min(turned.values()) - 1
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        since = _since(client)
        if all(since.get(device, 0.0) > began for device in turned):
            return sorted(since[device] - at for device, at in turned.items())
        time.sleep(0.5)
    raise TimeoutError("some states did not follow their resources")


def _since(client: Client) -> dict[str, float]:
    """Since when each device's state is what it is."""
    found: dict[str, float] = {}
    query, token = f"{STATES}/latest/queryResults?policyAssignmentName={_WATCHED}&$top={_PAGE}", ""
    while True:
        answer = client.ok("POST", query + (f"&$skiptoken={quote(token)}" if token else ""))
        for each in answer["value"]:
            name = each["resourceId"].rpartition("/")[2]
            found[name] = parse_isoformat(each["stateSince"])
        token = answer.get("@odata.nextToken", "")
        if not token:
            return found


def _spent(instance: RunningInstance) -> dict[str, float]:
    """CPU seconds of the two processes that a change concerns."""
    assert instance.process is not None
    children = psutil.Process(instance.process.pid).children(recursive=True)
    names = {"control": "control-1", "worker": "worker-1"}
    return {
        label: sum(sum(each.cpu_times()[:2]) for each in children if name in each.cmdline())
        for label, name in names.items()
    }


if __name__ == "__main__":
    main()
