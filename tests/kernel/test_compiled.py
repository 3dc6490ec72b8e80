"""The compiled modules say what their sources say."""

import ast
import json
import os
import random
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from holdfast.defender.capture.packets import Packet
from holdfast.defender.capture.writer import pcap_bytes
from holdfast.kernel.compiled import MANIFEST, fitting, manifest, prefer_compiled
from tests.support.shared import shared
from tests.support.traffic.case import Play
from tests.support.traffic.cases.registry import CASES
from tests.support.traffic.wire import Wire

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.timeout(1200)  # to compile takes a minute of a processor


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the compiled modules are."""
    folder = tmp_path_factory.mktemp("compiled") / "modules"
    command = [sys.executable, str(ROOT / "scripts" / "compile.py"), "-O0", str(folder)]
    subprocess.run(command, check=True, timeout=900)
    return str(folder)


def run(*words: str | Path, compiled: str = "off") -> str:
    environment = {**os.environ, "HOLDFAST_COMPILED": compiled}
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def sound(frame: bytes) -> bytes:
    return frame


def spoiled(frame: bytes) -> bytes:
    """With one byte or length that is not what it should be."""
    chance = random.Random(frame)
    at = chance.randrange(len(frame))
    if chance.random() < 0.2:
        return frame[:at] or frame
    return frame[:at] + bytes([chance.randrange(256)]) + frame[at + 1 :]


def record(folder: Path, change: Callable[[bytes], bytes]) -> Path:
    """A folder with everything that our labelled traffic has."""
    folder.mkdir()
    for number, case in enumerate(CASES):
        plays: Iterator[Play] = filter(None, (case.learn, case.benign, case.attack))
        for play in plays:
            wire = Wire(1e9 + 1e5 * number)
            play(wire)
            packets = [
                Packet(place, round(moment * 1e9), 1, len(frame), change(frame))
                for place, (moment, frame) in enumerate(wire.frames, 1)
            ]
            (folder / f"{case.label}-{play.__name__}.pcap").write_bytes(pcap_bytes(packets))
    return folder


class Analyzed(NamedTuple):
    summary: list[str]
    records: list[str]


def analyzed(captures: Path, stage: str, folder: Path, modules: str) -> Analyzed:
    folder.mkdir()
    records, learned = folder / "records", folder / "learned"
    options = ["--json", f"--records={records}", f"--learned={learned}", f"--stage={stage}"]
    summary = run("holdfast.cli.main", "sensor", "analyze", captures, *options, compiled=modules)
    return Analyzed(summary.splitlines(), records.read_text().splitlines())


@pytest.mark.parametrize(
    ("traffic", "stage"),
    [
        ("sound", "learning"),
        ("sound", "operational"),
        ("spoiled", "operational"),
        ("published", "operational"),
    ],
)
def test_a_sensor_says_the_same(compiled: str, tmp_path: Path, traffic: str, stage: str) -> None:
    folder = shared("captures") if traffic == "published" else None
    folder = folder or record(tmp_path / traffic, spoiled if traffic == "spoiled" else sound)
    interpreted, machine_code = (
        analyzed(folder, stage, tmp_path / name, modules)
        for name, modules in (("interpreted", "off"), ("compiled", compiled))
    )
    assert len(interpreted.records) > 1000
    assert machine_code.records == interpreted.records
    assert machine_code.summary == interpreted.summary


def test_devices_are_served_the_same(compiled: str) -> None:
    """The tests of MQTT and of a running instance with its devices hold for the compiled modules."""
    tests = ["tests/protocol/mqtt", "tests/system/test_devices.py", "-k", "not postgresql and not gateways"]
    run("pytest", "-n", "0", *tests, compiled=compiled)


def test_no_compiled_class_has_an_option_that_mypyc_leaves_out() -> None:
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["holdfast"]["compiled"]
    modules = [path for pattern in patterns for path in (ROOT / "src" / "holdfast").glob(pattern)]
    assert modules
    for module in modules:
        for found in ast.walk(ast.parse(module.read_bytes())):
            if isinstance(found, ast.ClassDef) and found.keywords:
                statement = (
                    f"class {found.name}({', '.join(map(ast.unparse, [*found.bases, *found.keywords]))})"
                )
                assert statement == f"class {found.name}(FrozenStruct, frozen=True)", module


def test_modules_are_taken_only_while_every_source_is_what_was_compiled(tmp_path: Path) -> None:
    sources = [Path("kernel", "ids.py"), Path("kernel", "clock.py")]
    found = json.loads(manifest(sources))
    assert fitting(tmp_path) == frozenset()
    for content, names in (
        (found, {"holdfast.kernel.ids", "holdfast.kernel.clock"}),
        ({**found, "suffix": ".cpython-27.so"}, set()),
        ({**found, "sources": {**found["sources"], "kernel/ids.py": "0" * 64}}, set()),
        ({**found, "sources": {**found["sources"], "kernel/gone.py": "0" * 64}}, set()),
        ({}, set()),
    ):
        (tmp_path / MANIFEST).write_text(json.dumps(content))
        assert fitting(tmp_path) == names
    (tmp_path / MANIFEST).write_text(json.dumps(found)[:-20])
    assert fitting(tmp_path) == frozenset()


def test_modules_are_not_taken_beside_one_that_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_COMPILED", str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    (tmp_path / MANIFEST).write_text(manifest([Path("kernel", "compiled.py")]))
    assert not prefer_compiled()
    monkeypatch.delitem(sys.modules, "holdfast.kernel.compiled")
    assert prefer_compiled()
