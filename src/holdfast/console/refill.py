"""A refused form as it was filled in: done once, on the page that is shown again, for every form there is.

Of several forms at one address it is the one that could have sent these fields. Passwords and one-time codes
are not sent back.
"""

from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urlsplit

Attributes = dict[str, str | None]  # None for one without a value, such as `checked`
Pairs = list[tuple[str, str]]

_NOT_FILLED = frozenset({"hidden", "password", "submit", "button", "file"})
_TICKED = frozenset({"checkbox", "radio"})


class Edit(NamedTuple):
    """What takes the place of a part of the page."""

    start: int
    end: int
    text: str


@dataclass
class Control:
    """One input, text area or option."""

    tag: str
    start: int
    end: int
    attributes: Attributes
    name: str
    text: str = ""
    """Between its tags."""
    closes: int = 0
    """Where its end tag begins."""

    @property
    def type(self) -> str:
        """Of an input."""
        return self.attributes.get("type") or "text"

    @property
    def is_filled_in(self) -> bool:
        """Whether a person writes into it what may be written there again."""
        return self.type not in _NOT_FILLED and self.attributes.get("autocomplete") != "one-time-code"

    @property
    def value(self) -> str:
        """What it sends as it stands."""
        default = self.text if self.tag == "option" else "on" if self.type in _TICKED else ""
        return self.attributes.get("value", default) or ""


@dataclass
class Form:
    """One form of the page."""

    action: str
    inside: list[Control]
    """The `details` around it, which have to be open to see it."""
    controls: list[Control] = field(default_factory=list)
    buttons: set[str] = field(default_factory=set)

    def could_send(self, pairs: Pairs) -> bool:
        """Whether these fields can come from it: hidden ones as they stand, no other names."""
        names = {each.name for each in self.controls} | self.buttons
        hidden = {(c.name, c.value) for c in self.controls if c.type == "hidden" and c.name != "form_token"}
        return hidden <= set(pairs) and {name for name, _ in pairs} <= names


def refilled(text: str, path: str, pairs: Pairs) -> str:
    """A page of ours with the form that sent `pairs` to `path` as it was filled in."""
    for form in _Reader(text).forms:
        if (urlsplit(form.action).path or path) == path and form.could_send(pairs):
            return _edited(text, _edits(form, pairs))
    return text


def _edits(form: Form, pairs: Pairs) -> list[Edit]:
    edits = [_tag(details, {**details.attributes, "open": None}) for details in form.inside]
    left = list(pairs)
    for control in form.controls:
        if control.tag == "option" or control.type in _TICKED:
            mark = "selected" if control.tag == "option" else "checked"
            others = {name: value for name, value in control.attributes.items() if name != mark}
            chosen = (control.name, control.value) in pairs
            edits.append(_tag(control, {**others, mark: None} if chosen else others))
        elif control.is_filled_in:
            given = next((pair for pair in left if pair[0] == control.name), None)
            if given is not None:
                left.remove(given)
                edits.append(_written(control, given[1]))
    return edits


def _written(control: Control, value: str) -> Edit:
    if control.tag == "textarea":
        # The first line end of a text area is lost (HTML 13.1.2.6).
        return Edit(control.end, control.closes, "\n" + escape(value))
    return _tag(control, {**control.attributes, "value": value})


def _tag(control: Control, attributes: Attributes) -> Edit:
    written = (name if value is None else f'{name}="{escape(value)}"' for name, value in attributes.items())
    return Edit(control.start, control.end, f"<{' '.join([control.tag, *written])}>")


def _edited(text: str, edits: list[Edit]) -> str:
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


class _Reader(HTMLParser):
    """Finds the forms of one of our own pages, and where everything in them stands."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._lines = [0]
        for line in text.split("\n"):  # what `getpos` counts, unlike `splitlines`
            self._lines.append(self._lines[-1] + len(line) + 1)
        self._form: Form | None = None
        self._details: list[Control] = []
        self._select = ""
        self._open: Control | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms, what is in them, and what is around them."""
        attributes = dict(attrs)
        start = self._place()
        end = start + len(self.get_starttag_text() or "")
        control = Control(tag, start, end, attributes, attributes.get("name") or "")
        if tag == "details":
            self._details.append(control)
        elif tag == "form":
            self._form = Form(attributes.get("action") or "", list(self._details))
            self.forms.append(self._form)
        elif self._form is not None:
            self._within(self._form, control)

    def handle_endtag(self, tag: str) -> None:
        """Note where texts end."""
        if tag == "details" and self._details:
            self._details.pop()
        elif tag == "form":
            self._form = None
        elif self._open is not None and tag == self._open.tag:
            self._open.closes = self._place()
            self._open = None

    def handle_data(self, data: str) -> None:
        """Note what stands in options and text areas."""
        if self._open is not None:
            self._open.text += data

    def _within(self, form: Form, control: Control) -> None:
        if control.tag == "select":
            self._select = control.name
        elif control.tag == "button":
            form.buttons.add(control.name)
        elif control.tag in ("input", "textarea", "option"):
            if control.tag == "option":
                control.name = self._select
            if control.tag != "input":
                self._open = control
            form.controls.append(control)

    def _place(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column
