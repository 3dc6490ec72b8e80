"""Every list takes the parameters of every published version, and does what they say or says why not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.in_memory import InMemory, open_api

Json = Any  # whatever JSON the instance answers
OPERATOR = "ae2c9854-393b-4f97-8c42-479d70ce626e"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InMemory]:
    folder: Path = tmp_path_factory.mktemp("lists")
    with open_api(folder) as opened:
        for path, body in {
            "organizations/north": {"displayName": "North"},
            "organizations/dock": {"displayName": "Dock", "parent": "north"},
            "users/kim": {"type": "email", "email": "kim@example.org", "roles": [{"role": OPERATOR}]},
            "users/bot": {
                "type": "servicePrincipal",
                "tenantId": "t",
                "objectId": "o",
                "roles": [{"role": OPERATOR}],
            },
            "devices/pump": {"displayName": "Pump", "organizations": ["dock"]},
            "devices/fan": {"displayName": "Fan", "enabled": False},
            "deviceGroups/all": {"displayName": "All", "filter": "SELECT * FROM devices"},
        }.items():
            assert ask(opened, "PUT", path, body).status_code == 200
        yield opened


def ask(api: InMemory, method: str, path: str, body: Json = None, **query: str) -> Any:
    parameters = {"api-version": "2022-07-31", **{name.replace("_", "$"): q for name, q in query.items()}}
    return api.client.request(method, f"/api/{path}", params=parameters, json=body)


@pytest.mark.parametrize(
    ("path", "filter", "found"),
    [
        ("organizations", "parent eq 'north'", ["dock"]),
        ("organizations", "startswith(displayName,'No')", ["north"]),
        ("users", "type eq 'servicePrincipal'", ["bot"]),
        ("users", "contains(email,'kim')", ["kim"]),
        ("apiTokens", "id eq 'x'", []),
        ("devices", "organizations eq 'dock'", ["pump"]),
        ("deviceGroups/all/devices", "enabled eq false", ["fan"]),
        ("deviceGroups", "id ne 'all'", []),
        ("devices/pump/relationships", "source eq 'fan'", []),
        ("jobs", "displayName eq 'x'", []),
    ],
)
def test_a_filter_is_applied_under_both_its_names(
    api: InMemory, path: str, filter: str, found: list[str]
) -> None:
    for name in ("_filter", "filter"):
        answer = ask(api, "GET", path, **{name: filter})
        assert [item["id"] for item in answer.json()["value"]] == found


@pytest.mark.parametrize("path", ["organizations", "users", "roles", "devices", "deviceGroups/all/devices"])
def test_an_order_and_a_size_are_applied(api: InMemory, path: str) -> None:
    def ids(order: str) -> list[str]:
        found, link = [], ""
        for _ in range(20):
            answer = api.client.get(link) if link else ask(api, "GET", path, _orderby=order, maxpagesize="1")
            found += [item["id"] for item in answer.json()["value"]]
            link = answer.json().get("nextLink", "")
            if not link:
                break
        return found

    assert ids("id") == sorted(ids("id desc"))
    assert ids("id desc") == ids("id")[::-1]
    assert len(ids("id")) > 1


@pytest.mark.parametrize("path", ["roles", "users", "devices/pump/relationships", "apiTokens"])
def test_what_a_list_cannot_be_filtered_by_is_refused(api: InMemory, path: str) -> None:
    refused = ask(api, "GET", path, _filter="colour eq 'red'")
    assert refused.status_code == 400


def test_null_takes_a_device_out_of_its_organization(api: InMemory) -> None:
    made = ask(api, "PUT", "devices/moved", {"organizations": ["dock"]}).json()
    assert made["organizations"] == ["dock"]
    assert ask(api, "PATCH", "devices/moved", {"displayName": "x"}).json()["organizations"] == ["dock"]
    assert ask(api, "PATCH", "devices/moved", {"organizations": None}).json()["organizations"] == []
    assert ask(api, "PATCH", "devices/moved", {"organizations": "dock"}).status_code == 400
    ask(api, "DELETE", "devices/moved")


@pytest.mark.parametrize("path", ["query", "dataExport/exports", "dataExport/destinations/x"])
def test_what_is_not_served_says_what_there_is_instead(api: InMemory, path: str) -> None:
    refused = ask(api, "POST" if path == "query" else "GET", path)
    assert refused.status_code == 404
    assert refused.headers["x-ms-error-code"] == refused.json()["error"]["code"] == "NotFound"
    assert "not served; " in refused.json()["error"]["message"]
