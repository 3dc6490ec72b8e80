"""What is wrong is refused with a 4xx that names it, and changes nothing; versions, etags, pages, patches."""

import pytest

from tests.api.central.published import Central, Json

HOSTILE = "<script>alert(1)</script>\u202e=cmd|'/c calc'!A1"


def _error(central: Central, method: str, path: str, body: Json = None, **rest: str) -> Json:
    response = central(method, path, body, **rest)
    assert 400 <= response.status_code < 500, response.text
    error = response.json()["error"]
    assert {"code", "message", "requestId", "time"} <= error.keys(), error
    return {**error, "status": response.status_code}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/devices/x", {"displayName": 7}, "/displayName"),
        ("/devices/x", {"enabled": "yes"}, "/enabled"),
        ("/devices/x", {"etag": 5}, "/etag"),
        ("/devices/x", {"type": ["toaster"]}, "/type"),
        ("/devices/x", {"template": "dtmi:none;1"}, "/template"),
        ("/devices/x", {"organizations": ["nowhere"]}, "/organization"),
        ("/devices/-x..", {}, "/id"),
        ("/deviceGroups/x", {"displayName": "x", "filter": "SELECT * FROM devices WHERE"}, "/filter"),
        ("/deviceGroups/x", {"displayName": "x", "filter": "DROP TABLE devices"}, "/filter"),
        ("/deviceGroups/x", {"displayName": "x", "filter": "SELECT * FROM devices", "z": 1}, "/"),
        ("/users/x", {"type": "email", "email": "nonsense", "roles": [{"role": "none"}]}, "/roles/0/role"),
        ("/users/x", {"type": "robot", "roles": []}, "/type"),
        ("/fileUploads", {"connectionString": "file:///etc", "container": "x"}, "/connectionString"),
        ("/jobs/x", {"group": "none", "data": []}, "/data"),
        ("/deviceTemplates/not-a-dtmi", {"@type": ["ModelDefinition"], "capabilityModel": {}}, "/id"),
    ],
)
def test_the_field_is_named_and_nothing_is_made(central: Central, path: str, body: Json, field: str) -> None:
    error = _error(central, "PUT", path, body)
    assert error.get("target", "").startswith(field), error
    assert central("GET", path).status_code == 404


@pytest.mark.parametrize("version", ["2019-10-31", "", "2022-07-31'--"])
def test_an_unknown_version_is_not_found(central: Central, version: str) -> None:
    error = _error(central, "GET", "/devices", version=version)
    assert error["status"] == 404
    assert "is not a valid API version" in error["message"]


@pytest.mark.parametrize("version", ["1.0", "2022-05-31", "2022-06-30-preview", "2022-10-31-preview"])
def test_published_versions_are_served(central: Central, version: str) -> None:
    assert central("GET", "/devices", version=version).status_code == 200


def test_pages_lead_through_a_list_without_loss(central: Central) -> None:
    names = [f"paged-{number:02}" for number in range(7)]
    for name in names:
        central.ok("PUT", f"/devices/{name}", {})
    found: list[str] = []
    url = central.instance.url + "/api/devices?api-version=2022-07-31&%24top=3"
    url += "&%24filter=indexof(displayName,'paged-')%20ge%200&%24orderby=displayName%20desc"
    while url:
        page = central("GET", url).json()
        assert len(page["value"]) <= 3
        found += [device["id"] for device in page["value"]]
        url = page.get("nextLink", "")
    assert found == names[::-1]


@pytest.mark.parametrize(
    "query", ["%24top=0", "%24top=101", "maxpagesize=x", "%24skiptoken=abc", "%24filter=a", "%24orderby=x"]
)
def test_nonsense_in_the_query_is_refused(central: Central, query: str) -> None:
    url = f"{central.instance.url}/api/devices?api-version=2022-07-31&{query}"
    assert _error(central, "GET", url)["status"] == 400


def test_an_old_etag_is_refused_in_the_body_and_in_the_header(central: Central) -> None:
    made = central.ok("PUT", "/devices/etag", {"displayName": "one"})
    central.ok("PATCH", "/devices/etag", {"displayName": "two", "etag": made["etag"]})
    assert (
        _error(central, "PATCH", "/devices/etag", {"displayName": "x", "etag": made["etag"]})["status"] == 412
    )
    refused = _error(central, "PATCH", "/devices/etag", {"displayName": "x"}, if_match=made["etag"])
    assert refused["status"] == 412
    assert central.ok("GET", "/devices/etag")["displayName"] == "two"


def test_a_merge_patch_removes_with_null_and_takes_its_content_type(central: Central) -> None:
    body = {"displayName": "G", "filter": "SELECT * FROM devices", "description": "old"}
    central.ok("PUT", "/deviceGroups/merge", body)
    patched = central(
        "PATCH", "/deviceGroups/merge", {"description": None}, content_type="application/merge-patch+json"
    )
    assert "description" not in patched.json()
    refused = _error(central, "PATCH", "/deviceGroups/merge", {}, content_type="text/plain")
    assert refused["status"] == 415


def test_a_path_that_leads_nowhere_is_a_published_error(central: Central) -> None:
    assert central("GET", "/devices/..%2F..%2Fetc%2Fpasswd").status_code == 404
    assert central("POST", "/roles", {}).status_code == 405


def test_deep_and_long_bodies_are_refused(central: Central) -> None:
    deep: Json = 1
    for _ in range(100):
        deep = [deep]
    assert _error(central, "PUT", "/devices/deep", {"displayName": deep})["status"] == 400
    assert _error(central, "PUT", "/devices/long", {"displayName": "x" * 2_000_000})["status"] == 413


def test_hostile_texts_come_back_as_they_went_in(central: Central) -> None:
    assert central.ok("PUT", "/devices/hostile", {"displayName": HOSTILE})["displayName"] == HOSTILE
    assert _error(central, "PUT", "/devices/hosti\u0430e", {})["status"] == 400, "a Cyrillic letter"


def test_without_a_token_nothing_is_told(central: Central) -> None:
    refused = central("GET", "/devices/hostile", authorization="SharedAccessSignature sr=x&sig=y&skn=z&se=1")
    assert refused.status_code == 401
    assert "hostile" not in refused.text
