"""Journeys with the baseline, each once: from a control to the observation, a run, decisions, documents."""

from playwright.sync_api import Page, expect

from holdfast.api.baseline_client import RUN_SECONDS
from tests.support.hostile import HOSTILE
from tests.support.hostile_decisions import FEATURE, in_a_year
from tests.support.waiting import until

FEATURE_NAME = "Virtual Network Integration"


def test_a_control_leads_to_its_feature_its_observation_and_its_verification(page: Page) -> None:
    page.goto("/baseline?standard=nist-800-53-r4")
    expect(page.get_by_role("columnheader", name="NIST SP 800-53 r4").first).to_be_visible()
    page.get_by_role("link", name=FEATURE_NAME).click()
    page.wait_for_url(f"**/baseline/features/{FEATURE}")
    observations = page.get_by_role("region", name="Observations")
    expect(observations).to_contain_text("passed")
    observations.get_by_role("link").first.click()
    expect(page.get_by_role("status")).to_contain_text("Verified just now")


def test_probes_run_now_and_tell_how_far_they_are(page: Page) -> None:
    page.goto(f"/baseline/features/{FEATURE}")
    seen = page.get_by_role("region", name="Observations").locator("time").first
    before = seen.get_attribute("datetime")
    page.get_by_role("button", name="Run its probes now").click()

    def is_seen_anew() -> bool:
        page.reload()
        return seen.get_attribute("datetime") != before

    until(is_seen_anew, RUN_SECONDS)


def test_a_control_is_attested_and_the_word_taken_back(page: Page) -> None:
    page.goto("/baseline/controls/GS-1")
    page.get_by_label("Who answers for it").first.fill(HOSTILE[0])
    page.get_by_label("Statement").fill(HOSTILE[1])
    page.get_by_label("Link to what shows it").fill("https://example.org/handbook")
    page.get_by_label("Until").first.fill(in_a_year())
    page.get_by_role("button", name="Attest").click()
    attested = page.get_by_role("region", name="Attestation")
    expect(attested).to_contain_text(HOSTILE[0])
    attested.get_by_role("button", name="Take it back").click()
    expect(attested).to_have_count(0)
    assert page.evaluate("window.owned") is None


def test_recommendations_services_and_documents_are_there(page: Page) -> None:
    page.goto("/baseline/recommendations?status=all")
    row = page.get_by_role("region", name="Recommendations").locator("tbody tr").first
    row.get_by_role("link").nth(1).click()
    expect(
        page.get_by_role("heading", name="What to do").or_(page.get_by_text("fixed")).first
    ).to_be_visible()
    page.goto("/baseline/comparison")
    expect(page.get_by_role("region", name="Services side by side")).to_contain_text(FEATURE_NAME)
    page.goto("/baseline/documents")
    with page.expect_download() as download:
        page.get_by_role("link", name="oscal").click()
    assert download.value.path().read_bytes()[:2] == b"PK"
