"""The audit log at the console: filtered, and its integrity as it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.access.roles.builtin import AUDITOR, OPERATOR
from holdfast.resources.integrity import FRESH_SECONDS
from tests.api.access.http import Http, open_http
from tests.console.pages.access.browser import Browser


@pytest.fixture
def http(tmp_path: Path) -> Iterator[Http]:
    with open_http(tmp_path) as http:
        yield http


@pytest.fixture
def auditor(http: Http) -> Browser:
    http.here.user("eve", AUDITOR.id)
    return Browser(http, "eve")


def edit(http: Http, resource: str) -> None:
    with http.here.world.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE audit SET actor = 'nobody' WHERE resource = '{resource}'")


def seal(http: Http) -> None:
    """Let the sealer's next half second come, and a record with it."""
    http.here.clock.advance(1)
    http.here.user("late", OPERATOR.id)
    http.here.clock.advance(1)


def test_the_chain_is_checked_from_the_page_and_what_was_edited_is_found(
    http: Http, auditor: Browser
) -> None:
    seal(http)
    assert "It was not checked since this process began" in auditor.get("/audit")
    page = auditor.post("/audit/verify")
    assert "Integrity intact" in page
    edit(http, "eve")
    http.here.clock.advance(FRESH_SECONDS + 1)
    page = auditor.post("/audit/verify")
    assert ("Integrity changed" in page, "edited" in page) == (True, True)
    found = http.root("POST", "/api/audit/verify").json()
    assert (found["ok"], found["findings"][0]["code"]) == (False, "edited")


def test_a_check_is_not_repeated_for_everybody_who_asks_at_once(http: Http) -> None:
    first = http.root("POST", "/api/audit/verify").json()
    http.here.user("bob", OPERATOR.id)
    assert http.root("POST", "/api/audit/verify").json() == first
    http.here.clock.advance(FRESH_SECONDS + 1)
    assert http.root("POST", "/api/audit/verify").json()["records"] > first["records"]


def test_the_log_is_checked_by_whoever_may_read_it(http: Http) -> None:
    http.here.user("ada", OPERATOR.id)
    assert http.person("ada")("POST", "/api/audit/verify").status_code == 403
    assert Browser(http, "ada").submit("/audit/verify", {}).status_code == 403


def test_records_are_filtered_on_the_page_and_in_its_file(http: Http, auditor: Browser) -> None:
    http.here.user("bob", OPERATOR.id)
    page = auditor.get("/audit?name=user.created&resource=bob")
    assert ("user.created bob" in page, "session.created" in page) == (True, False)
    assert "Nothing matches" in auditor.get("/audit?resource=nobody")
    lines = auditor.request("GET", "/audit?format=csv&resource=bob").text.splitlines()
    assert (lines[0].split(",")[:3], len(lines)) == (["sequence", "time", "actor"], 2)
    assert auditor.request("GET", "/audit?before=x").status_code == 400
