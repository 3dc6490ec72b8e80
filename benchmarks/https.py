"""Telemetry over HTTPS to a real instance (`holdfast up`, everything on), beside uvicorn in the same run.

    Holdfast       token verified, message on disk (fsync) before the 204
    uvicorn        with h11 and TLS, answering 204 to whatever comes: it verifies and stores nothing

CPU of the serving process for each request, on connections that stay open; and what an upload of 64 MB costs.
"""

import asyncio
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
from azure.storage.blob import BlobClient
from tests.support.running import RunningInstance, own_address, running

from holdfast.protocol.sas import decode_key, sign_sas
from holdfast.vault.authority import create_authority

CONNECTIONS = 20
SECONDS = 5.0
BODY = b'{"temperature":21.5,"humidity":40.25,"pressure":1013.2}'
UPLOAD = 64 * 2**20
APPLICATION = """
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})
"""


async def _post(address: str, port: int, context: ssl.SSLContext, token: str, until: float) -> int:
    """Send one request after the other; how many were answered."""
    reader, writer = await asyncio.open_connection(address, port, ssl=context)
    head = (
        f"POST /devices/bench/messages/events?api-version=2021-04-12 HTTP/1.1\r\nHost: {address}\r\n"
        f"Authorization: {token}\r\niothub-contenttype: application/json\r\n"
        f"iothub-contentencoding: utf-8\r\nContent-Length: {len(BODY)}\r\n\r\n"
    )
    request, count = head.encode() + BODY, 0
    while time.monotonic() < until:
        writer.write(request)
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 204"), answer
        count += 1
    writer.close()
    return count


async def _load(address: str, port: int, context: ssl.SSLContext, token: str) -> int:
    until = time.monotonic() + SECONDS
    work = (_post(address, port, context, token, until) for _ in range(CONNECTIONS))
    return sum(await asyncio.gather(*work))


def measure(name: str, process: psutil.Process, load: tuple[str, int, ssl.SSLContext, str]) -> float:
    """Run the load and print what it cost; microseconds of the process's CPU for each request."""
    before = process.cpu_times()
    count = asyncio.run(_load(*load))
    after = process.cpu_times()
    cpu = (after.user + after.system - before.user - before.system) / count * 1e6
    print(f"{name:<12} {count / SECONDS:>8,.0f} requests/s   {cpu:>6.0f} µs of CPU each")
    return cpu


@contextmanager
def uvicorn(folder: Path) -> Iterator[tuple[psutil.Process, str, ssl.SSLContext]]:
    """The peer, with a certificate of its own."""
    address, authority = own_address(), create_authority("benchmark", time.time())
    issued = authority.issue_server([address], time.time())
    (folder / "peer.py").write_text(APPLICATION)
    (folder / "chain.pem").write_bytes(issued.chain_pem)
    (folder / "key.pem").write_bytes(issued.key_pem)
    command = [sys.executable, "-m", "uvicorn", "peer:app", "--host", address, "--port", "8443"]
    command += ["--http", "h11", "--loop", "uvloop", "--no-access-log", "--log-level", "error"]
    command += ["--ssl-certfile", "chain.pem", "--ssl-keyfile", "key.pem"]
    context = ssl.create_default_context(cadata=authority.certificate_pem.decode())
    with subprocess.Popen(command, cwd=folder) as process:
        try:
            _wait(address, context)
            yield psutil.Process(process.pid), address, context
        finally:
            process.terminate()


def _wait(address: str, context: ssl.SSLContext) -> None:
    for _ in range(600):
        try:
            httpx.get(f"https://{address}:8443/", verify=context)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the peer does not answer")


def _gateway(instance: RunningInstance) -> psutil.Process:
    assert instance.process is not None
    children = psutil.Process(instance.process.pid).children(recursive=True)
    return next(child for child in children if "gateway-1" in child.cmdline())


def _upload(instance: RunningInstance, context: ssl.SSLContext, token: str) -> None:
    process = _gateway(instance)
    headers = {"Authorization": token}
    with httpx.Client(base_url=f"https://{instance.address}", verify=context, headers=headers) as client:
        info = client.post("/devices/bench/files", json={"blobName": "large"}).json()
        address = "https://{hostName}/{containerName}/{blobName}{sasToken}".format(**info)
        blob = BlobClient.from_blob_url(address, connection_verify=str(instance.root_ca))
        resident, began, before = process.memory_info().rss, time.monotonic(), process.cpu_times()
        blob.upload_blob(bytes(UPLOAD), overwrite=True)
        seconds, after = time.monotonic() - began, process.cpu_times()
    grown = (process.memory_info().rss - resident) / 2**20
    cpu = (after.user + after.system - before.user - before.system) / (UPLOAD / 2**20) * 1e3
    print(f"upload       {UPLOAD / 2**20 / seconds:>8,.0f} MB/s   {cpu:.1f} ms of CPU for each MB, ", end="")
    print(f"resident memory {grown:+.1f} MB")


def main() -> None:
    """Print our figures and the peer's."""
    limits = {
        "HOLDFAST_LIMITS__MESSAGES_PER_SECOND": "1000000",
        "HOLDFAST_LIMITS__MESSAGES_BURST": "1000000",
    }
    with tempfile.TemporaryDirectory() as name, running(Path(name) / "data", **limits) as instance:
        with instance.remote() as remote:
            setting = {"connectionString": "Storage=Local", "container": "files", "sasTtl": "PT1H"}
            remote.put("/api/fileUploads", setting)
            remote.put("/api/devices/bench", {})
            keys = remote.get("/api/devices/bench/credentials")["symmetricKey"]
        context = ssl.create_default_context(cafile=str(instance.root_ca))
        resource = f"{instance.address}/devices/bench"
        token = sign_sas(resource, decode_key(keys["primaryKey"]), int(time.time()) + 86_400)
        ours = measure("Holdfast", _gateway(instance), (instance.address, 443, context, token))
        with uvicorn(Path(name)) as (process, address, peers):
            theirs = measure("uvicorn", process, (address, 8443, peers, token))
        print(f"ratio        {ours / theirs:.2f} of uvicorn's CPU, with everything that it does not do")
        _upload(instance, context, token)


if __name__ == "__main__":
    main()
