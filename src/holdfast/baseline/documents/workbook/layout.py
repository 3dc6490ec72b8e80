"""The sheets and columns of a mapping workbook, and how a cell stands for a value."""

from typing import Final

PROFILE_SHEET: Final = "Security Profile"
FEATURE_SHEET: Final = "Feature Summary"

PROFILE_COLUMNS: Final = ("Behavior Attribute", "Description", "Value")
FEATURE_COLUMNS: Final = (
    "Control Domain",
    "ASB Control ID",
    "ASB Control Title",
    "Guidance",
    "Responsibility",
    "Feature Name",
    "Feature Description",
    "Feature Supported",
    "Feature Enabled by Default",
    "Feature Reference",
    "Feature Notes",
    "Guidance Notes",
)
FEATURE_FIELDS: Final = (
    "domain",
    "control",
    "title",
    "guidance",
    "responsibility",
    "feature",
    "description",
    "supported",
    "enabled_by_default",
    "reference",
    "notes",
    "guidance_notes",
)
"""The fields of `Entry` in the order of the columns."""

POLICY_SHEET: Final = "Policy Definitions"
POLICY_COLUMNS: Final = (
    "Control",
    "Namespace",
    "Name",
    "Link",
    "Description",
    "Effects",
    "Version",
    "Version Link",
)
"""A sheet of ours: published workbooks have no policies, published pages do."""

OUR_SHEETS: Final = ("State", "Evidence", "History")
"""Sheets that a publication of an assessment adds; a reader passes over them."""

TITLE: Final = "Security baseline: "
"""Before the service's name in the title among the properties of a workbook that we wrote; its subject is the
key and its category the benchmark, so that a file may be called as one likes."""

NOTHING: Final = "None"
"""How the published workbooks write a cell without a value."""


def text_of(value: str | None) -> str:
    """The cell for `value`."""
    return NOTHING if value is None else value


def value_of(text: str) -> str | None:
    """The value of a cell."""
    return None if text == NOTHING else text
