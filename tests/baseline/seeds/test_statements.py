"""What counts as a statement."""

from holdfast.baseline.documents.markdown.reader import read_page
from holdfast.baseline.seeds.statements import Kind, statements_of
from tests.baseline.samples import PAGE


def keys(text: str = PAGE) -> dict[str, Kind]:
    text = text.split("### NS-6")[0] + "## Identity management" + text.split("## Identity management")[1]
    return {item.key: item.kind for item in statements_of(read_page(text.encode(), "page.md").baseline)}


def test_each_line_row_and_sentence_is_a_statement() -> None:
    found = keys()
    place = "tide-gauge/NS-1/virtual-network-integration"
    assert found["tide-gauge/introduction/2"] is Kind.INTRODUCTION
    assert found["tide-gauge/profile/4"] is Kind.PROFILE
    assert found[f"{place}/row"] is Kind.ROW
    assert [key for key in found if "/notes/" in key] == [
        f"{place}/notes/{number}" for number in (1, 2, 3, 4)
    ]
    assert found["tide-gauge/DP-3/encryption-in-transit/standing-guidance"] is Kind.STANDING
    assert found[f"{place}/reference"] is Kind.LINK


def test_a_new_sentence_is_a_new_statement() -> None:
    added = keys(PAGE.replace("A first paragraph.", "A first paragraph. And another sentence."))
    assert set(added) - set(keys()) == {"tide-gauge/NS-1/virtual-network-integration/notes/5"}


def test_a_sentence_that_only_points_elsewhere_is_a_link() -> None:
    found = keys(PAGE.replace("After a gap.", "Read more here: https://example.org/a#b"))
    assert found["tide-gauge/NS-1/virtual-network-integration/notes/4"] is Kind.LINK
