"""`holdfast api operations`: what a file publishes, and what serves it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from holdfast.api.published import operations
from holdfast.api.routes import ROUTES
from holdfast.cli.api import app
from holdfast.kernel.errors import InvalidError
from tests.support.shared import shared

SAMPLE = {
    "swagger": "2.0",
    "basePath": "/api",
    "info": {"version": "2022-07-31"},
    "paths": {
        "/devices/{anything}": {"get": {"operationId": "Devices_Get"}, "parameters": []},
        "/rockets": {"post": {}},
    },
}


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    file = tmp_path / "spec.json"
    file.write_text(json.dumps(SAMPLE))
    return file


def test_operations_are_matched_by_method_and_shape_of_the_path(sample: Path) -> None:
    found = operations(sample, ROUTES)
    assert [(o.id, o.method, o.path) for o in found] == [
        ("Devices_Get", "GET", "/api/devices/{anything}"),
        ("post /rockets", "POST", "/api/rockets"),
    ]
    assert [o.route.path if o.route else None for o in found] == ["/api/devices/{device}", None]


def test_a_route_of_other_versions_serves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "spec.json"
    file.write_text(json.dumps({**SAMPLE, "info": {"version": "1999-01-01"}}))
    assert [o.route for o in operations(file, ROUTES)] == [None, None]


def test_the_command_fails_when_an_operation_is_missing(sample: Path) -> None:
    result = CliRunner().invoke(app, ["operations", "--spec", str(sample), "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["missing"] == 1
    assert "1 of 2 operations" in CliRunner().invoke(app, ["operations", "--spec", str(sample)]).stdout


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"paths": 3}', "[" * 100_000])
def test_a_file_that_is_no_openapi_file_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "spec.json"
    file.write_text(text)
    with pytest.raises(InvalidError):
        operations(file, ROUTES)
    with pytest.raises(InvalidError):
        operations(tmp_path / "absent.json", ROUTES)


def test_every_published_operation_is_served() -> None:
    spec = shared("rest", "iotcentral-2022-07-31.json")
    found = operations(spec, ROUTES) if spec else []
    assert [o.id for o in found if o.route is None] == []
