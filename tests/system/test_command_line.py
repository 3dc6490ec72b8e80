"""The command line against a running instance."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.pki import issue
from tests.support.running import RunningInstance, running


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInstance]:
    with running(tmp_path_factory.mktemp("cli") / "data") as instance:
        yield instance


def holdfast(
    instance: RunningInstance, *words: str, token: str | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "HOLDFAST_URL": instance.url,
        "HOLDFAST_CA": str(instance.root_ca),
        "HOLDFAST_TOKEN": instance.token if token is None else token,
    }
    command = [sys.executable, "-m", "holdfast.cli.main", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def answer(instance: RunningInstance, *words: str) -> Any:
    done = holdfast(instance, *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_device_is_created_listed_blocked_and_deleted(instance: RunningInstance) -> None:
    made = answer(instance, "device", "create", "pump-1", "--name", "[red]Pump[/red]")
    assert made["displayName"] == "[red]Pump[/red]"
    assert [d["id"] for d in answer(instance, "device", "list", "--json")] == ["pump-1"]
    assert "[red]Pump[/red]" in holdfast(instance, "device", "list").stdout, "markup of people is text"
    assert answer(instance, "device", "block", "pump-1")["enabled"] is False
    assert "symmetricKey" in answer(instance, "device", "credentials", "pump-1")
    assert holdfast(instance, "device", "delete", "pump-1").returncode == 0
    assert answer(instance, "device", "list", "--json") == []


def test_a_ca_is_set_and_its_possession_proved(instance: RunningInstance, tmp_path: Path) -> None:
    root = issue("plant", authority=True)
    ca, proof = tmp_path / "ca.pem", tmp_path / "proof.pem"
    ca.write_text(root.pem)
    answer(instance, "enrollment-group", "create", "plant", "--certificate", str(ca))
    code = answer(instance, "enrollment-group", "code", "plant")["verificationCode"]
    proof.write_text(issue(code, root).pem)
    assert holdfast(instance, "enrollment-group", "verify", "plant", str(proof)).returncode == 0
    shown = answer(instance, "enrollment-group", "show", "plant")
    assert shown["attestation"]["x509"]["signingCertificates"]["primary"]["verified"] is True


@pytest.mark.parametrize(
    ("words", "token", "sentence"),
    [
        (("device", "show", "nobody"), None, "nobody"),
        (("device", "list"), "", "HOLDFAST_TOKEN"),
        (("device", "list"), "SharedAccessSignature sr=x&sig=y&skn=z&se=1", "refused (401)"),
        (("device", "properties", "d", "{"), None, "not JSON"),
    ],
)
def test_what_goes_wrong_is_one_sentence_on_standard_error(
    instance: RunningInstance, words: tuple[str, ...], token: str | None, sentence: str
) -> None:
    done = holdfast(instance, *words, token=token)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("holdfast: ")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
