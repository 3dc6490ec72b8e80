"""A manager reads a sensor's health over SNMP, and nobody else reads or changes anything."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pysnmp.hlapi.v3arch import asyncio as snmp

from holdfast import __version__
from holdfast.defender.sensor.health import Usage
from holdfast.defender.sensor.live import LiveRun
from holdfast.defender.sensor.sensor import Sensor
from holdfast.defender.sensor.settings import SensorSettings
from holdfast.defender.sensor.snmp import ROOT, Agent, Secrets, Values, agent_at, values_of
from holdfast.kernel.clock import ManualClock
from holdfast.kernel.errors import InvalidError, UnavailableError
from tests.defender.sensor.test_live import Played
from tests.support.traffic.wire import BEGIN

HERE = "127.0.0.1"
SECRETS = Secrets("plant-north-reader", "watcher", "authentication-1", "encryption-2")
BASE = ".".join(map(str, ROOT))


def values(folder: Path) -> Values:
    """Of a sensor that looked after its health twice."""
    clock = ManualClock(BEGIN)
    sensor = Sensor(SensorSettings(name="line-3"))
    used = iter([Usage(0.0, 1 << 20), Usage(5.0, 1 << 30)])
    live = LiveRun(Played([], clock), sensor, None, None, clock, lambda: next(used), print, print, "mirror0")
    sensor.counters.packets, live.connection = 70_000_000_000, lambda: "connected"
    for _ in range(2):
        live._look_after_health()
        clock.advance(10.0)
    return values_of(live, folder)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    current = values(tmp_path)
    agent = Agent(HERE, 0, SECRETS)
    agent.start(lambda: current)
    yield agent
    agent.stop()


V2 = snmp.CommunityData(SECRETS.community, mpModel=1)
V3 = snmp.UsmUserData(
    SECRETS.user,
    SECRETS.authentication,
    SECRETS.privacy,
    authProtocol=snmp.USM_AUTH_HMAC96_SHA,
    privProtocol=snmp.USM_PRIV_CFB128_AES,
)


def ask(
    agent: Agent, who: Any, oid: str, write: str = "", timeout: float = 20.0
) -> tuple[str, dict[str, Any]]:
    """GET (or SET) of one object below the sensor's: what went wrong, and the values."""

    async def run() -> tuple[str, dict[str, Any]]:
        engine = snmp.SnmpEngine()
        try:
            target = await snmp.UdpTransportTarget.create((HERE, agent.port), timeout=timeout, retries=0)
            name = snmp.ObjectIdentity(f"{BASE}.{oid}")
            item = snmp.ObjectType(name, snmp.OctetString(write)) if write else snmp.ObjectType(name)
            command = snmp.set_cmd if write else snmp.get_cmd
            failed, status, _, found = await command(engine, who, target, snmp.ContextData(), item)
            return str(failed or status or ""), {str(n)[len(BASE) + 1 :]: value for n, value in found}
        finally:
            engine.close_dispatcher()

    return asyncio.run(run())


def walk(agent: Agent, who: Any) -> dict[str, Any]:
    """Everything below the sensor's objects, in the order of the agent."""

    async def run() -> dict[str, Any]:
        engine = snmp.SnmpEngine()
        try:
            target = await snmp.UdpTransportTarget.create((HERE, agent.port), timeout=20.0, retries=0)
            found = {}
            start = snmp.ObjectType(snmp.ObjectIdentity(BASE))
            async for failed, status, _, pairs in snmp.bulk_walk_cmd(
                engine, who, target, snmp.ContextData(), 0, 10, start, lexicographicMode=False
            ):
                assert not failed
                assert not status
                found.update({str(name)[len(BASE) + 1 :]: value for name, value in pairs})
            return found
        finally:
            engine.close_dispatcher()

    return asyncio.run(run())


@pytest.mark.parametrize("who", [V2, V3], ids=["v2c", "v3"])
def test_a_manager_reads_the_documented_objects_and_our_counters(agent: Agent, who: Any) -> None:
    found = walk(agent, who)
    texts = {oid: str(found[oid]) for oid in ("1.0", "2.0", "5.0", "6.0")}
    assert texts == {"1.0": "line-3", "2.0": __version__, "5.0": "RUNNING", "6.0": "connected"}
    assert int(found["3.1.0"]) == 50
    assert 0 < int(found["3.4.0"]) <= 100
    assert 0 < int(found["3.3.0"]) <= 100
    assert int(found["100.1.0"]) == 70_000_000_000
    assert list(found) == sorted(found, key=lambda oid: [int(part) for part in oid.split(".")])


def test_one_object_is_read_and_none_is_written(agent: Agent) -> None:
    problem, found = ask(agent, V2, "1.0")
    assert (problem, str(found["1.0"])) == ("", "line-3")
    assert ask(agent, V2, "99.0")[1]["99.0"].isSameTypeWith(snmp.NoSuchObject(""))
    problem, _ = ask(agent, V2, "1.0", write="mine", timeout=1.0)
    assert problem
    assert str(ask(agent, V2, "1.0")[1]["1.0"]) == "line-3"


def test_who_does_not_know_the_secret_is_not_answered(agent: Agent) -> None:
    problem, _ = ask(agent, snmp.CommunityData("public", mpModel=1), "1.0", timeout=1.0)
    assert "No SNMP response" in problem
    wrong = snmp.UsmUserData(
        SECRETS.user, "another-secret", "another-secret", snmp.USM_AUTH_HMAC96_SHA, snmp.USM_PRIV_CFB128_AES
    )
    problem, found = ask(agent, wrong, "1.0", timeout=1.0)
    assert problem
    assert "1.0" not in found


@pytest.mark.parametrize(
    "secrets",
    [Secrets(), Secrets("public"), Secrets(user="watcher", authentication="short", privacy="x" * 8)],
)
def test_guessable_secrets_are_refused(secrets: Secrets) -> None:
    with pytest.raises(InvalidError):
        Agent(HERE, 0, secrets)


def test_the_address_may_name_a_port(agent: Agent) -> None:
    with agent_at("", Secrets()) as none:
        assert none is None
    with pytest.raises(UnavailableError), agent_at(f"{HERE}:{agent.port}", SECRETS):
        pass
    with pytest.raises(InvalidError), agent_at(f"{HERE}:snmp", SECRETS):
        pass
    with agent_at("[::1]:0", SECRETS) as other:
        assert other is not None
        assert other.port
