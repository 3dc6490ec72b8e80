"""A refused form is shown as it was filled in, whichever of a page's forms it was."""

from html import escape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.console.refill import refilled

PAGE = """<main>
<form action="/people" method="post"><input type="hidden" name="form_token" value="t">
<input name="email" type="email" required></form>
<details class="panel"><summary>New</summary><form action="/people" method="post">
<input type="hidden" name="form_token" value="t"><input type="hidden" name="kind" value="group">
<input name="name" maxlength="9" value="before"><input name="secret" type="password">
<input name="code" autocomplete="one-time-code">
<textarea name="notes">old &amp; gone</textarea>
<select name="role"><option value="a" selected>A</option><option>B</option></select>
<input type="checkbox" name="mfa" checked><input type="checkbox" name="approval">
<button name="action" value="make">Make</button></form></details></main>"""
FIELDS = [("form_token", "t"), ("kind", "group"), ("name", "x"), ("secret", "hush"), ("code", "123456")]


class _Shown(HTMLParser):
    """The texts of the fields `name` and `notes`."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self._inside = "notes" if tag == "textarea" else ""
        if attributes.get("name") == "name":
            self.found["name"] = attributes.get("value") or ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[self._inside] = self.found.get(self._inside, "") + data

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""


def test_every_kind_of_field_is_as_it_was_filled_in() -> None:
    sent = [*FIELDS, ("notes", "new <b>"), ("role", "B"), ("approval", "on"), ("action", "make")]
    shown = refilled(PAGE, "/people", sent)
    assert '<details class="panel" open>' in shown
    assert '<input name="name" maxlength="9" value="x">' in shown
    assert '<textarea name="notes">\nnew &lt;b&gt;</textarea>' in shown
    assert '<option value="a">A</option><option selected>B</option>' in shown
    assert '<input type="checkbox" name="mfa"><input type="checkbox" name="approval" checked>' in shown
    assert "hush" not in shown
    assert "123456" not in shown


def test_the_form_that_was_sent_is_found_among_several_at_one_address() -> None:
    shown = refilled(PAGE, "/people", [("form_token", "t"), ("email", "ada@example.org")])
    assert 'value="ada@example.org"' in shown
    assert shown.replace(' value="ada@example.org"', "") == PAGE


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/elsewhere", FIELDS),
        ("/people", [*FIELDS, ("unknown", "x")]),
        ("/people", [("form_token", "t"), ("kind", "program"), ("name", "x")]),
    ],
)
def test_a_page_without_the_form_stays_what_it_is(path: str, sent: list[tuple[str, str]]) -> None:
    assert refilled(PAGE, path, sent) == PAGE


@given(st.text(st.characters(exclude_characters="\r\x00", exclude_categories=["Cs"])), st.text("<>&\"'/ab"))
def test_whatever_was_written_is_shown_and_never_becomes_markup(notes: str, name: str) -> None:
    before = PAGE.replace("before", escape(notes))  # what stands on the page must not move what is written
    shown = refilled(before, "/people", [*FIELDS[:2], ("name", name), ("notes", notes)])
    found = _Shown(shown).found
    assert (found["name"], found["notes"]) == (name, "\n" + notes)
