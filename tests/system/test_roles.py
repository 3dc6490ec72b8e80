"""Roles are processes: each may die and comes back, the others go on; a stop is clean."""

import signal
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.running import RunningInstance, running


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInstance]:
    with running(tmp_path_factory.mktemp("roles") / "data") as instance:
        yield instance


def processes(instance: RunningInstance) -> dict[str, psutil.Process]:
    assert instance.process is not None
    children = psutil.Process(instance.process.pid).children()
    return {child.cmdline()[-1]: child for child in children if child.is_running()}


@pytest.mark.parametrize("node", ["worker-1", "gateway-1", "control-1"])
def test_a_killed_role_comes_back_and_the_others_go_on(instance: RunningInstance, node: str) -> None:
    before = processes(instance)
    before[node].send_signal(signal.SIGKILL)
    psutil.wait_procs([before[node]], timeout=60)
    instance.wait_until_ready()
    after = processes(instance)
    assert set(after) == set(before)
    assert after[node].pid != before[node].pid
    assert all(after[other].pid == process.pid for other, process in before.items() if other != node)


def test_workers_leave_the_processor_to_devices_and_people(instance: RunningInstance) -> None:
    niceness = {node: process.nice() for node, process in processes(instance).items()}
    own = niceness["gateway-1"]
    assert niceness == {"control-1": own, "gateway-1": own, "worker-1": min(19, own + 10)}


def test_one_page_shows_the_health_of_all_and_one_their_metrics(instance: RunningInstance) -> None:
    trust = ssl.create_default_context(cafile=str(instance.root_ca))
    with httpx.Client(verify=trust, base_url=instance.url, timeout=60) as client:
        assert client.get("/healthz").status_code == 200
        ready = client.get("/readyz").json()
        metrics = client.get("/metrics").text
    assert ready["processes"] == ["control-1", "gateway-1", "worker-1"]
    for node in ready["processes"]:
        assert f'node="{node}"' in metrics


def test_a_second_instance_on_the_same_folder_is_refused_in_a_sentence(instance: RunningInstance) -> None:
    other = RunningInstance(instance.data)
    with pytest.raises(AssertionError, match="Another Holdfast"):
        other.start()
    assert other.process is not None
    assert other.process.wait(60) == 1


def test_an_instance_whose_ports_are_taken_is_refused_in_a_sentence(
    instance: RunningInstance, tmp_path: Path
) -> None:
    other = RunningInstance(tmp_path / "data", instance.address)
    with pytest.raises(AssertionError, match="port 8883"):
        other.start()


def test_a_terminated_instance_ends_by_itself_with_all_its_processes(tmp_path: Path) -> None:
    with running(tmp_path / "data") as instance:
        children = list(processes(instance).values())
        assert instance.stop() == 0
        assert not any(child.is_running() for child in children)


def test_a_restarted_instance_has_what_the_first_one_made(tmp_path: Path) -> None:
    with running(tmp_path / "data") as instance:
        with instance.remote() as remote:
            remote.put("/api/devices/kept", {"displayName": "Kept"})
        assert instance.stop() == 0
        instance.start()
        with instance.remote() as remote:
            assert remote.get("/api/devices/kept")["displayName"] == "Kept"
