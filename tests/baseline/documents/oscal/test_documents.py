"""OSCAL documents are valid for compliance-trestle and point only at what exists."""

import json

import pytest
from trestle.oscal.catalog import Catalog
from trestle.oscal.component import ComponentDefinition
from trestle.oscal.profile import Profile

from holdfast.baseline.data.catalog import BENCHMARKS, service_keys
from holdfast.baseline.documents.oscal.catalog import write_catalog, write_profile
from holdfast.baseline.documents.oscal.component import implemented_controls, write_component_definition
from holdfast.baseline.documents.oscal.references import reference_problems
from holdfast.baseline.documents.workbook.reader import read_workbook
from holdfast.baseline.model.service import ServiceBaseline
from holdfast.baseline.services import carried_service
from tests.baseline.samples import workbooks

BASELINES = [
    *(carried_service(key) for key in (*service_keys(), "holdfast")),
    *(read_workbook(data, name).baseline for name, data in workbooks()),
]


@pytest.mark.parametrize("key", BENCHMARKS)
def test_a_catalog_has_every_control_and_mapping(key: str) -> None:
    content = json.loads(write_catalog(key))["catalog"]
    assert Catalog(**content).metadata.title
    controls = [control for group in content["groups"] for control in group["controls"]]
    assert len(controls) == {"asb-v3": 85, "mcsb-v1": 86}[key]
    first = {(prop["name"], prop["value"]) for prop in controls[0]["props"]}
    assert {("label", "NS-1"), ("mapping-nist-800-53-r4", "SC-7"), ("mapping-cis-v8", "3.12")} <= first


@pytest.mark.parametrize("baseline", BASELINES, ids=lambda baseline: str(baseline.key)[:24])
def test_a_component_definition_is_valid(baseline: ServiceBaseline) -> None:
    content = json.loads(write_component_definition(baseline))
    assert ComponentDefinition(**content["component-definition"]).components
    assert content["component-definition"]["components"][0]["title"] == baseline.name
    documents = {
        "catalog.json": write_catalog(baseline.benchmark),
        "component.json": write_component_definition(baseline),
    }
    assert list(reference_problems(documents)) == []


def test_statements_carry_answers_and_probes() -> None:
    content = json.loads(write_component_definition(carried_service("holdfast-platform")))
    text = json.dumps(content)
    requirement = next(
        item
        for item in content["component-definition"]["components"][0]["control-implementations"][0][
            "implemented-requirements"
        ]
        if item["control-id"] == "dp-3"
    )
    properties = {(prop["name"], prop["value"]) for prop in requirement["statements"][0]["props"]}
    assert {
        ("supported", "True"),
        ("responsibility", "Holdfast"),
        ("probe", "transit.old-tls-refused"),
    } <= properties
    assert "dp-3_smt.encryption-in-transit" in text


def test_a_profile_selects_the_controls_of_a_service() -> None:
    data = write_profile("asb-v3", "iot-central", implemented_controls(carried_service("iot-central")))
    content = json.loads(data)["profile"]
    assert Profile(**content).imports
    selected = content["imports"][0]["include-controls"][0]["with-ids"]
    assert selected[:3] == ["ns-1", "ns-2", "im-1"]
    assert len(selected) == 14
    assert list(reference_problems({"catalog": write_catalog("asb-v3"), "profile": data})) == []


def test_documents_are_stable() -> None:
    baseline = carried_service("iot-central")
    assert write_component_definition(baseline) == write_component_definition(baseline)
