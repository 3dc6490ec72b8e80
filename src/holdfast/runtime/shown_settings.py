"""The settings that an instance runs with, as the console shows them."""

from collections.abc import Iterator

from pydantic import BaseModel

from holdfast.console.settings import RunningSetting, RunningSettings
from holdfast.kernel.json import JsonValue
from holdfast.runtime.settings import Settings

HIDDEN = frozenset({"database"})
"""Settings whose value may hold a password."""


def shown_settings(settings: Settings) -> RunningSettings:
    """Every setting with its value; of those that hold a secret only whether they are set."""
    return RunningSettings((*_of(settings, ""), *_of_sections(settings)))


def _of_sections(settings: Settings) -> Iterator[RunningSetting]:
    for name in type(settings).model_fields:
        section = getattr(settings, name)
        if isinstance(section, BaseModel):
            yield from _of(section, f"{name}.")


def _of(section: BaseModel, prefix: str) -> Iterator[RunningSetting]:
    for name, field in type(section).model_fields.items():
        value, whole = getattr(section, name), prefix + name
        if isinstance(value, BaseModel):
            continue
        shown = "set, not shown" if value and whole in HIDDEN else _text(value)
        variable = f"HOLDFAST_{whole.replace('.', '__').upper()}"
        yield RunningSetting(whole, shown, _text(field.default), field.description or "", variable)


def _text(value: JsonValue) -> str:
    if value is None or value == "" or value == []:
        return "–"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
