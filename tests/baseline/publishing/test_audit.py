"""What an auditor gets can be checked without us."""

import io
import zipfile
from pathlib import Path

from typer.testing import CliRunner

from holdfast.baseline.evidence.store import open_evidence
from holdfast.baseline.probes.probe import DAY
from holdfast.baseline.publishing.audit import audit_archive
from holdfast.cli.main import build
from holdfast.kernel.clock import ManualClock
from tests.baseline.evidence.items import INSTANCE, KEY, NOW, observation
from tests.baseline.publishing.publications import publication


def test_the_archive_of_a_period_verifies_offline(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    evidence = open_evidence(tmp_path, b"\7" * 32, INSTANCE, KEY, clock)
    evidence.add_observations([observation(collected=NOW + day * DAY) for day in range(4)])
    period = NOW + DAY, NOW + 2 * DAY
    clock.advance(5 * DAY)
    data = audit_archive(publication(), evidence, *period)
    clock.advance(DAY)  # the same bytes, whenever it is asked for
    assert data == audit_archive(publication(), evidence, *period)
    path = tmp_path / "audit.zip"
    path.write_bytes(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == [
            "README.txt",
            "evidence.jsonl",
            "index.html",
            "manifest.json",
            "public-key.pem",
        ]
        archive.extract("public-key.pem", tmp_path)
    words = ["evidence", "verify", str(path), "--key", str(tmp_path / "public-key.pem")]
    result = CliRunner().invoke(build("evidence"), words)
    assert result.stdout.startswith("Sound: 2 items")
    assert "The 4 files of the archive are those that the instance signed." in result.stdout
