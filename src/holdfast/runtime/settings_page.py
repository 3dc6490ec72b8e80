"""Writes docs/settings.md from the settings model.

`python -m holdfast.runtime.settings_page > docs/settings.md`
"""

import sys
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from holdfast.runtime.settings import Settings

_HEAD = """# Settings

`holdfast up --config FILE` reads a TOML file; the environment wins over it, and command-line options over
both. A section is a TOML table; in the environment its name and the setting's are joined by two underscores:
`HOLDFAST_PEOPLE__PORT=9443`. Lists are JSON there: `HOLDFAST_HOST_NAMES='["iot.example.org"]'`.

An unknown name or two settings that contradict each other stop the start with one sentence that says which.
What people change while the product runs (network rules, roles, policies) is not here: that is a resource,
changed in the console, by the API or by `holdfast`.

This page is generated from the model in `src/holdfast/runtime/settings.py`.
"""


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is None or value == "":
        return "–"
    if isinstance(value, list):
        return "`[" + ", ".join(f'"{item}"' for item in value) + "]`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def _table(model: type[BaseModel]) -> Iterator[str]:
    yield "| Setting | Default | Meaning |"
    yield "|---|---|---|"
    for name, field in model.model_fields.items():
        if not isinstance(field.default, BaseModel):
            yield f"| `{name}` | {_default(field)} | {field.description} |"


def page() -> str:
    """The whole page as Markdown."""
    lines = [_HEAD, "## The instance", "", *_table(Settings)]
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, BaseModel):
            lines += [
                "",
                f"## `[{name}]`",
                "",
                f"{type(field.default).__doc__}",
                "",
                *_table(type(field.default)),
            ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
