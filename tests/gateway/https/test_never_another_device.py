"""Whatever a device sends over HTTPS, it speaks, listens and uploads for itself alone.

Every combination of whom the path names, whom the token names, and whose key signed it.
"""

import itertools
import json
from pathlib import Path
from typing import NamedTuple

import pytest

from holdfast.devices.messages import STATE_ENQUEUE, message_body
from holdfast.devices.uploads import records
from holdfast.gateway.limits import GatewayLimits
from holdfast.log.port import QueuedMessage
from tests.gateway.https.client import SECONDS, open_https
from tests.gateway.https.uploading import set_up
from tests.gateway.platform import Platform, open_platform
from tests.support.pki import issue


class Name(NamedTuple):
    """A device or one of its modules."""

    device: str
    module: str = ""

    @property
    def path(self) -> str:
        return f"/devices/{self.device}/modules/{self.module}" if self.module else f"/devices/{self.device}"


NAMES = [Name("dev-1"), Name("dev-2"), Name("dev-1", "m1"), Name("dev-2", "m1")]


async def queue(platform: Platform, name: Name) -> None:
    now = platform.clock.now()
    message = QueuedMessage(f"for {name}", name.device, name.module, b"x", "", now, now + 3600, 0)
    await platform.control.bus.request("gateway", STATE_ENQUEUE, message_body(message), SECONDS)


@pytest.mark.parametrize("what", ["telemetry", "devicebound", "files"])
async def test_who_is_not_who_it_says_gets_nothing(tmp_path: Path, what: str) -> None:
    async with open_platform(tmp_path, GatewayLimits(failures_per_minute=1e6)) as platform:
        set_up(platform)
        group = platform.key_group()
        keys = {
            device: platform.device_with_key(device, group, modules=["m1"]) for device in ("dev-1", "dev-2")
        }
        for name in NAMES:
            await queue(platform, name)
        async with await open_https(platform) as client:
            for asked, named, signer in itertools.product(NAMES, NAMES, keys):
                token = platform.token(named.device, keys[signer], module=named.module)
                right = asked == named and signer == asked.device
                if what == "telemetry":
                    body = json.dumps(asked).encode()
                    answer = await client.request("POST", f"{asked.path}/messages/events", body, token)
                    assert answer.status == (204 if right else 401)
                elif what == "devicebound":
                    answer = await client.request("GET", f"{asked.path}/messages/devicebound", token=token)
                    assert answer.status == (200 if right else 401)
                elif not asked.module:
                    body = b'{"blobName":"x"}'
                    answer = await client.request("POST", f"{asked.path}/files", body, token)
                    assert answer.status == (200 if right else 401)
        told = [(record.device, record.module) for record in platform.records("telemetry")]
        assert sorted(told) == (sorted(NAMES) if what == "telemetry" else [])
        for device in keys:
            uploads = platform.state.read(records.of_device, device)
            assert [upload.device for upload in uploads] == ([device] if what == "files" else [])


async def test_a_certificate_speaks_for_its_device_alone(tmp_path: Path) -> None:
    async with open_platform(tmp_path, GatewayLimits(failures_per_minute=1e6)) as platform:
        own = {device: issue(device) for device in ("dev-1", "dev-2")}
        for device, identity in own.items():
            platform.device_with_thumbprint(device, identity)
        for shown, identity in own.items():
            async with await open_https(platform, platform.context_for(identity)) as client:
                for asked in own:
                    answer = await client.request("POST", f"/devices/{asked}/messages/events", b"x")
                    assert answer.status == (204 if asked == shown else 401)
