"""The pages of the baseline over a real assessor, whose probes find no running instance."""

import re
from collections.abc import Iterator

import pytest

from holdfast.api.baseline_decisions import MAXIMUM_BODY
from holdfast.api.routes import ROUTES as API
from holdfast.baseline.decisions.files import MAXIMUM_BYTES
from holdfast.console.pages.baseline import ROUTES
from holdfast.kernel.clock import isoformat
from tests.baseline.world import BaselineWorld, open_baseline_world

UNSUPPORTED = "native-backup"
"""A feature whose probe needs no running instance."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaselineWorld]:
    with open_baseline_world(tmp_path_factory.mktemp("pages"), [*API, *ROUTES]) as world:
        world.baseline.run()
        world.clock.advance(60)
        yield world


def get(world: BaselineWorld, path: str, status: int = 200) -> str:
    answer = world.client.get(path)
    assert answer.status_code == status, answer.text
    return str(answer.text)


def controls(text: str) -> set[str]:
    return set(re.findall(r'href="/baseline/controls/([A-Z]{2}-\d+)"', text))


def test_the_controls_stand_below_their_domains_with_those_that_people_attest(world: BaselineWorld) -> None:
    text = get(world, "/baseline")
    assert "Backup and Recovery" in text or "Backup and recovery" in text
    assert {"BR-1", "GS-1", "DP-4"} <= controls(text)


def test_the_security_profile_stands_above_them_and_leads_to_what_to_do(world: BaselineWorld) -> None:
    text = get(world, "/baseline")
    assert "Stores customer content at rest" in text
    assert "Stores customer" not in get(world, "/baseline?state=satisfied")
    (link, *_) = re.findall(r'href="(/baseline/recommendations/profile-4)"', text)
    advice = get(world, link)
    assert 'href="/baseline#profile"' in advice
    assert "/baseline/controls/" not in advice


def test_filters_leave_what_was_asked_for(world: BaselineWorld) -> None:
    assert controls(get(world, "/baseline?state=attestation+due")) >= {"GS-1"}
    assert "BR-1" not in controls(get(world, "/baseline?state=attestation+due"))
    mapped = get(world, "/baseline?standard=nist-800-53-r4&id=ac-4")
    assert "NIST SP 800-53 r4" in mapped
    assert "NS-1" in controls(mapped)
    assert "GS-1" not in controls(mapped)
    assert "No control is like that" in get(world, "/baseline/standing?standard=cis-v8&id=99.99")


def test_a_moment_shows_how_it_stood_then(world: BaselineWorld) -> None:
    before = isoformat(world.clock.now() - 86_400)[:16]
    text = get(world, f"/baseline?at={before}")
    assert "As it stood at" in text
    assert 'hx-get="/baseline/standing' not in text
    assert "not supported yet" not in text
    assert "not supported yet" in get(world, "/baseline")
    get(world, "/baseline?at=yesterday", 400)


def test_a_feature_leads_from_what_was_seen_to_its_verified_item(world: BaselineWorld) -> None:
    text = get(world, f"/baseline/features/{UNSUPPORTED}")
    (link, *_) = re.findall(r'href="(/baseline/evidence\?[^"]+)"', text)
    item = get(world, link.replace("&amp;", "&"))
    assert "Verified just now" in item
    assert "absence.backup" in item


def test_items_of_the_evidence_follow_each_other(world: BaselineWorld) -> None:
    assert "Verified just now" in get(world, "/baseline/evidence?item=1")
    assert "Verified just now" in get(world, "/baseline/evidence?item=2")
    get(world, "/baseline/evidence?item=999999", 404)
    get(world, "/baseline/evidence?item=first", 400)


def test_recommendations_come_with_who_and_what_fixes_them(world: BaselineWorld) -> None:
    text = get(world, "/baseline/recommendations")
    assert f"/baseline/recommendations/{UNSUPPORTED}" in text
    assert "Wait for a release" in get(world, f"/baseline/recommendations/{UNSUPPORTED}")
    assert "private-link" in get(world, "/baseline/recommendations?status=unknown")
    get(world, "/baseline/recommendations/unheard-of", 404)


def test_services_stand_side_by_side(world: BaselineWorld) -> None:
    text = get(world, "/baseline/comparison")
    assert {"IoT Central", "Microsoft Defender for IoT", "Holdfast"} <= set(
        re.findall(r">([^<>]+)</th>", text)
    )


def test_every_document_can_be_downloaded(world: BaselineWorld) -> None:
    links = re.findall(r'href="(/api/baseline/publications/[^"]+)"', get(world, "/baseline/documents"))
    assert len(links) == 5
    for link in links:
        assert world.client.get(link).status_code == 200


def attest(world: BaselineWorld, control: str, content: bytes = b"", **changes: str) -> tuple[int, str]:
    """Send the form of a control's page, with a file."""
    (token, *_) = re.findall(
        r'name="form_token" value="([^"]+)"', get(world, f"/baseline/controls/{control}")
    )
    fields = {"form_token": token, "owner": "Grace", "statement": "It is.", "evidence": "", **changes}
    fields = {"satisfied": "yes", "expires": isoformat(world.clock.now() + 86_400)[:10], **fields}
    name = "<script>alert(1)</script>.html"
    answer = world.client.post(
        f"/baseline/controls/{control}/attestation",
        data=fields,
        files={"file": (name if content else "", content, "text/html")},
        headers={"sec-fetch-site": "same-origin"},
        follow_redirects=False,
    )
    return answer.status_code, answer.text


def test_a_control_is_attested_with_a_file_that_comes_back_as_a_download(world: BaselineWorld) -> None:
    expires = isoformat(world.clock.now() + 5 * 86_400)[:10]
    assert attest(world, "GS-2", b"<script>alert(2)</script>", expires=expires) == (303, "")
    text = get(world, "/baseline/controls/GS-2")
    assert "script&gt;.html" in text
    assert "<script>alert" not in text
    (link,) = re.findall(r'href="(/api/baseline/attestations/GS-2/evidence)"', text)
    answer = world.client.get(link)
    assert answer.content == b"<script>alert(2)</script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_refused_attestation_is_shown_as_it_was_filled_in(world: BaselineWorld) -> None:
    status, text = attest(world, "GS-3", expires="2020-01-01")
    assert status == 400
    assert "needs evidence" in text
    assert 'value="Grace"' in text
    status, text = attest(world, "GS-3", b"x" * (MAXIMUM_BYTES + 1))
    assert status == 400
    assert "1 byte to 8 MiB" in text
    assert attest(world, "GS-3", b"x" * MAXIMUM_BODY)[0] == 413
    assert attest(world, "GS-3", b"x", form_token="of somebody else")[0] == 403


def test_states_over_time_end_with_those_of_now(world: BaselineWorld) -> None:
    answer = world.client.get("/baseline/history").json()
    moments, satisfied, *_ = answer["columns"]
    assert answer["series"][0] == "satisfied"
    assert moments == sorted(moments)
    now = world.baseline.assessment().controls
    assert satisfied[-1] == sum(control.state == "satisfied" for control in now)


def test_a_run_begins_beside_the_page(world: BaselineWorld) -> None:
    before = world.baseline.evidence.head().sequence
    world.baseline.begin(UNSUPPORTED).join(60)
    assert world.baseline.evidence.head().sequence > before
    assert "probes have looked" not in get(world, f"/baseline/features/{UNSUPPORTED}")


def test_pages_tell_how_far_a_run_is_and_follow_it(world: BaselineWorld) -> None:
    with world.baseline.assessor.progress.run(["one", "other"]) as finished:
        finished("one")
        feature, whole = get(world, f"/baseline/features/{UNSUPPORTED}"), get(world, "/baseline")
    for text, topic in ((feature, "baseline:feature"), (whole, "baseline:run")):
        assert "1 of 2 probes have looked; waiting for other." in text
        assert f'data-live="{topic}"' in text
    assert 'data-live="baseline:run"' not in get(world, "/baseline")
