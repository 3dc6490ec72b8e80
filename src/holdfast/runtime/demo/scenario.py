"""What the demo does, step by step. Each step shows what happened, or the demo fails."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.live import Live
from rich.table import Table

from holdfast.api.client import ApiClient
from holdfast.kernel.clock import Clock, SystemClock
from holdfast.kernel.errors import HoldfastError, UnavailableError
from holdfast.runtime.demo.enrolling import certificate_folder, enroll
from holdfast.runtime.demo.thermostat import Thermostat, until
from holdfast.runtime.launch import Announcement
from holdfast.runtime.settings import Settings

READY_SECONDS = 60.0
LIVE_ROUNDS = 6
"""Measurements that each thermostat sends while the table shows them arriving."""
STEP_SECONDS = 15.0


@dataclass
class Demo:
    """One run of the demo against a new instance."""

    settings: Settings
    command: Sequence[str]
    """Starts the platform with these settings and `--json`."""
    console: Console
    assess: Callable[[ApiClient], Awaitable[Table]]
    """Runs the baseline's probes and gives the table of claims."""
    clock: Clock = field(default_factory=SystemClock)
    fleet: list[Thermostat] = field(default_factory=list)

    async def run(self, *, once: bool) -> None:
        """Run every step; then, unless `once`, keep the fleet sending until Ctrl-C.

        Raises the HoldfastError of the step that did not happen, or of a platform that ended by itself.
        """
        # A process of its own, as its users run it: what the SDK does in this one cannot hold it up.
        platform = await asyncio.create_subprocess_exec(
            *self.command, stdout=asyncio.subprocess.PIPE, start_new_session=True
        )
        try:
            news = await self._announced(platform)
            async with self._client(Path(news.root_certificate), news.token) as api:
                await self._steps(api, news)
                if not once:
                    await self._stay(platform)
        finally:
            await asyncio.gather(*(thermostat.stop() for thermostat in self.fleet), return_exceptions=True)
            with suppress(ProcessLookupError):
                platform.terminate()
            await platform.wait()

    async def _announced(self, platform: asyncio.subprocess.Process) -> Announcement:
        assert platform.stdout is not None
        line = await platform.stdout.readline()
        if not line:  # the platform has said on standard error what stands in its way
            raise UnavailableError("The platform did not start.")
        news = Announcement(**msgspec.json.decode(line))
        if not news.token:
            raise UnavailableError("The demo wants a data folder of its own; name one that does not exist.")
        return news

    @asynccontextmanager
    async def _client(self, root_ca: Path, token: str) -> AsyncIterator[ApiClient]:
        address = f"https://{self.settings.host_names[0]}:{self.settings.people.port}"
        api = ApiClient(address, root_ca, token)
        try:
            yield api
        finally:
            await api.close()

    async def _steps(self, api: ApiClient, news: Announcement) -> None:
        with self.console.status("Starting the platform"):
            await api.wait_until_ready(READY_SECONDS)
        self._happened(f"The platform runs on {self.settings.data} (a new, encrypted data folder)")
        with certificate_folder() as folder:
            with self.console.status("Enrolling"):
                await self._enroll(api, news, Path(folder))
            await self._connect()
            await self._show_telemetry(api)
            await self._call_method(api)
            await self._change_desired(api)
            await self._revoke(api)
        with self.console.status("Probing the running system for the security baseline"):
            table = await self.assess(api)
        self.console.print(table)
        self._show_addresses(news)

    def _happened(self, text: str) -> None:
        self.console.print(f"[green]✓[/green] {text}", highlight=False)

    async def _enroll(self, api: ApiClient, news: Announcement, folder: Path) -> None:
        identities = await enroll(api, folder, self.clock.now())
        root_ca = Path(news.root_certificate).read_text(encoding="ascii")
        host = self.settings.host_names[0]
        self.fleet = [Thermostat(identity, news.id_scope, host, root_ca) for identity in identities]
        self._happened("Enrolled: a group with keys, a group with a verified CA, one thumbprint")

    async def _connect(self) -> None:
        for thermostat in self.fleet:
            with self.console.status(f"Provisioning {thermostat.device}"):
                hub = await thermostat.provision()
                await thermostat.connect(hub)
            self._happened(f"{thermostat.device} provisioned and connected: {thermostat.identity.how}")

    async def _show_telemetry(self, api: ApiClient) -> None:
        seen: dict[str, Any] = {}  # device → the API's answer
        with Live(self._telemetry_table(seen), console=self.console, refresh_per_second=8) as live:
            for second in range(LIVE_ROUNDS):
                for thermostat in self.fleet:
                    await thermostat.send(second)
                await asyncio.sleep(0.4)
                await self._read_telemetry(api, seen)
                live.update(self._telemetry_table(seen))
        missing = [t.device for t in self.fleet if t.device not in seen]
        if missing:
            raise UnavailableError(f"No telemetry of {', '.join(missing)} arrived.")
        self._happened("Telemetry of all five arrives and is stored")

    async def _read_telemetry(self, api: ApiClient, seen: dict[str, Any]) -> None:
        for thermostat in self.fleet:
            with suppress(HoldfastError):  # not there yet; the end of the step counts
                path = f"/api/devices/{thermostat.device}/telemetry/temperature"
                seen[thermostat.device] = await api.get(path)

    def _telemetry_table(self, seen: dict[str, Any]) -> Table:
        table = Table("device", "authenticates by", "sent", "temperature", "stored at")
        for thermostat in self.fleet:
            last = seen.get(thermostat.device, {})
            value, moment = last.get("value", ""), last.get("timestamp", "")
            table.add_row(
                thermostat.device, thermostat.identity.how, str(thermostat.sent), str(value), moment
            )
        return table

    async def _call_method(self, api: ApiClient) -> None:
        target = self.fleet[0]
        with self.console.status(f"Calling a direct method of {target.device}"):
            answer = await api.post(f"/api/devices/{target.device}/commands/blink", {"request": 3})
        if answer.get("responseCode") != 200 or target.calls != ["blink"]:
            raise UnavailableError(f"{target.device} did not answer the direct method: {answer}.")
        self._happened(f"{target.device} answered the direct method blink: {answer['response']}")

    async def _change_desired(self, api: ApiClient) -> None:
        target = self.fleet[2]
        path = f"/api/devices/{target.device}/properties"
        with self.console.status("Changing a desired property"):
            await api.patch(path, {"targetTemperature": 19.5})
            if not await until(lambda: target.target == 19.5, STEP_SECONDS):
                raise UnavailableError(f"{target.device} did not get the desired property.")
            reported = await self._reported(api, path)
        self._happened(f"{target.device} took the desired targetTemperature and reports {reported}")

    async def _reported(self, api: ApiClient, path: str) -> Any:  # the property's value
        try:
            async with asyncio.timeout(STEP_SECONDS):
                while True:
                    properties = await api.get(path)
                    if "lastUpdateTime" in properties.get("$metadata", {}).get("targetTemperature", {}):
                        return properties["targetTemperature"]
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise UnavailableError("The device's answer to the desired property did not arrive.") from None

    async def _revoke(self, api: ApiClient) -> None:
        target = self.fleet[1]
        with self.console.status(f"Revoking {target.device}"):
            await api.patch(f"/api/devices/{target.device}", {"enabled": False})
            if not await target.wait_until_cut_off(STEP_SECONDS):
                raise UnavailableError(f"{target.device} is still connected after it was blocked.")
            refusal = await self._refusal(target)
        self._happened(f"{target.device} was blocked: its session ended, and it is refused ({refusal})")

    async def _refusal(self, target: Thermostat) -> str:
        try:
            await target.client.connect()
        except Exception as error:  # whatever the SDK makes of the refusal
            return type(error).__name__
        raise UnavailableError(f"{target.device} could connect again although it is blocked.")

    def _show_addresses(self, news: Announcement) -> None:
        table = Table(show_header=False, box=None)
        for name, address in news.addresses.items():
            table.add_row(name, address)
        table.add_row("ID scope", news.id_scope)
        table.add_row("root certificate", news.root_certificate)
        self.console.print(table)
        self.console.print("Sign in to the console (the link is good once, for an hour):")
        self.console.print(news.sign_in_link, soft_wrap=True, highlight=False)
        self.console.print("API token of the administrator (shown this once):")
        self.console.print(news.token, soft_wrap=True, highlight=False)

    async def _stay(self, platform: asyncio.subprocess.Process) -> None:
        stopped = asyncio.Event()  # Ctrl-C is the ordinary end: what is being sent is sent
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stopped.set)
        self.console.print("The fleet keeps sending. Stop with Ctrl-C.")
        second = LIVE_ROUNDS
        while not stopped.is_set():
            if platform.returncode is not None:
                raise UnavailableError(f"The platform ended by itself with exit code {platform.returncode}.")
            second += 1
            for thermostat in self.fleet:
                if thermostat.client.connected:
                    with suppress(Exception):  # the platform may be stopping
                        await asyncio.wait_for(thermostat.send(second), 5)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), 2)
