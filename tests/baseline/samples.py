"""Documents of the published form with content of our own, and the shared ones where they are there."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

import openpyxl

from holdfast.baseline.data.catalog import benchmark, features
from holdfast.baseline.documents.workbook import layout
from tests.support.shared import shared

WORKBOOK = "tide-gauge-azure-security-benchmark-v3-latest-security-baseline.xlsx"

NOT_APPLICABLE = ("Not Applicable",) * 3
PROFILE = (
    ("Product Category", "What kind of thing it is.", "IoT"),
    ("Customer can access HOST / OS", "Who gets at the machine.", "No Access"),
    ("Service can be deployed into customer's virtual network", "Where it stands.", "False"),
    ("Stores customer content at rest", "Whether it remembers.", "True"),
)


def row(feature: str, answers: Sequence[str] = NOT_APPLICABLE, **cells: str) -> list[str]:
    """A row of the feature summary; `cells` replaces columns by the model's name for them."""
    known = next(item for item in features() if item.name == feature)
    control = benchmark("asb-v3").control_by_id[known.control]
    domain = benchmark("asb-v3").domain_by_code[control.domain_code]
    values = {
        "domain": domain.name,
        "control": control.id,
        "title": control.title,
        "guidance": "None",
        "feature": feature,
        "description": f"About {feature}.",
        "supported": answers[0],
        "enabled_by_default": answers[1],
        "responsibility": answers[2],
        "reference": "None",
        "notes": "None",
        "guidance_notes": "None",
        **cells,
    }
    return [values[name] for name in layout.FEATURE_FIELDS]


def no_feature(control: str, guidance: str) -> list[str]:
    """A row of guidance for a control as a whole."""
    nothing = "No Related Feature"
    values = dict.fromkeys(layout.FEATURE_FIELDS, nothing)
    values |= {
        "control": control,
        "guidance": guidance,
        "responsibility": "Customer",
        "guidance_notes": "None",
    }
    return [values[name] for name in layout.FEATURE_FIELDS]


def rows(*special: list[str]) -> list[list[str]]:
    """The canonical features, not applicable, with `special` rows in place of their own."""
    names = layout.FEATURE_FIELDS.index("feature")
    replaced = {cells[names] for cells in special}
    return [*special, *(row(item.name) for item in features() if item.name not in replaced)]


def workbook(
    feature_rows: Sequence[Sequence[object]] | None = None, profile: Sequence[Sequence[object]] = PROFILE
) -> bytes:
    """A mapping workbook as openpyxl writes it."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    sheet = book.create_sheet(layout.PROFILE_SHEET)
    for cells in (layout.PROFILE_COLUMNS, *profile):
        sheet.append(list(cells))
    sheet = book.create_sheet(layout.FEATURE_SHEET)
    for cells in (layout.FEATURE_COLUMNS, *(rows() if feature_rows is None else feature_rows)):
        sheet.append(list(cells))
    for cell in (cell for cells in sheet.iter_rows() for cell in cells if cell.data_type == "f"):
        cell.data_type = "s"
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    """The bytes of a workbook."""
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def cells_of(data: bytes) -> dict[str, list[tuple[object, ...]]]:
    """Every cell of a workbook by sheet."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}


def workbooks() -> list[tuple[str, bytes]]:
    """Workbooks to try a round trip on: our own odd one, the shared ones, and those made from shared rows."""
    return [(WORKBOOK, ODD_WORKBOOK), *_shared_workbooks(), *_workbooks_from_rows()]


def _shared_workbooks() -> list[tuple[str, bytes]]:
    folder = shared("baselines", "xlsx")
    return [(path.name, path.read_bytes()) for path in sorted(folder.glob("*.xlsx"))] if folder else []


def _workbooks_from_rows() -> list[tuple[str, bytes]]:
    path = shared("baselines", "service-baselines-sample.json")
    return [_workbook_from_rows(item) for item in json.loads(path.read_bytes())["baselines"]] if path else []


def _workbook_from_rows(item: dict) -> tuple[str, bytes]:
    names = "domain control_id control_title guidance responsibility feature feature_description supported"
    columns = [*names.split(), "enabled_by_default", "reference", "feature_notes", "guidance_notes"]
    cells = [[line[name] or "None" for name in columns] for line in item["rows"]]
    profile = [(name, f"About {name}.", value or "None") for name, value in item["profile"].items()]
    return item["file"], workbook(cells, profile)


def shared_file(*parts: str) -> Path | None:
    """A shared file, or None where there is none."""
    return shared(*parts)


NOT_SUPPORTED = "That one is not supported to secure it."
FROM_THE_START = "Leave it be: it is there on a default deployment."

ODD_WORKBOOK = workbook(
    rows(
        row(
            "Data in Transit Encryption",
            ("True", "True", "Microsoft"),
            guidance="Our tides are secret; we see to that.",
            reference="Tides: https://docs.microsoft.com/en-us/azure/tides?tab=a#b",
        ),
        row(
            "Data in Transit Encryption",
            ("True", "True", "Microsoft"),
            guidance=FROM_THE_START,
            reference="Tides: https://docs.microsoft.com/en-us/azure/tides?tab=a#b",
        ),
        row(
            "Service Native Backup Capability",
            ("True", "False", "Shared"),
            domain="None",
            control="None",
            title="None",
            guidance="Copy the tide tables.\n\n- every day\n- at low water",
            guidance_notes="See also [tables](https://example.org/t).",
        ),
        row("Local Admin Accounts", ("False", "Not Applicable", "Customer"), guidance=NOT_SUPPORTED),
        row("Azure Private Link", ("False", "Not Applicable", "Not Applicable"), guidance=NOT_SUPPORTED),
        row("Service Principals", ("True", "False", "Customer"), guidance="Give the buoy an account."),
        row(
            "Azure RBAC for Data Plane",
            ("True", "False", "Customer"),
            notes=" Two  spaces, | bars and\ttabs ",
        ),
        no_feature("NS-6", "Keep waves out."),
        no_feature("PV-2", "Look once."),
        no_feature("PV-2", "Look again."),
    ),
    [("Product Category", "What kind of thing it is.", "None"), *PROFILE[1:]],
)
"""Everything that the published workbooks do and their rules do not explain."""

PAGE = """---
title: Shore security baseline for Tide Gauge
description: Where Tide Gauge stands.
ms.service: tide-gauge

# Important: made by a machine

---

# Shore security baseline for Tide Gauge

How Tide Gauge fares under the [Azure Security Benchmark version 3.0](/security/benchmark/azure/overview).

> [!NOTE]
> What makes no sense for Tide Gauge is in the **[file](https://example.org/x/tide-gauge-azure-security-benchmark-v3-latest-security-baseline.xlsx)**.

## Security profile

Tide Gauge in four lines.

| Service Behavior Attribute | Value |
|--|--|
| Product Category | IoT |
| Customer can access HOST / OS | No Access |
| Service can be deployed into customer's virtual network | False |
| Stores customer content at rest | True |

## Network security

*Look at the [Azure Security Benchmark: Network security](../security-controls-v3-network-security.md).*

### NS-1: Establish network segmentation boundaries

#### Features

##### Virtual Network Integration

**Description**: Water on both sides. [Learn more](/azure/water#both).

| Supported | Enabled By Default | Configuration Responsibility |
|---|---|---|
| True | False | Customer |

**Feature notes**: A first paragraph.\x20

And a second one,
on two lines.


After a gap.

**Configuration Guidance**: Anchor it.
1) once
2) twice

**Custom Guidance**: Anchor it well.

**Reference**: [Anchors](/azure/anchors?tab=a)

**Guidance notes**: Mind the tide.

### NS-6: Deploy web application firewall

#### Other guidance for NS-6

Keep waves out.

- the high ones
- the long ones

## Identity management

*Look at the [Azure Security Benchmark: Identity management](../security-controls-v3-identity-management.md).*

### IM-1: Use centralized identity and authentication system

#### Features

##### Local Authentication Methods for Data Plane Access

**Description**: Knots that only we know. [Learn more](/azure/knots).

| Supported | Enabled By Default | Configuration Responsibility |
|---|---|---|
| False | Not Applicable | Not Applicable |

**Configuration Guidance**: That one is not supported to secure it.

#### Microsoft Defender for Cloud monitoring

**Azure Policy built-in definitions - Microsoft.Tides**:

|Name<br /><sub>(Azure portal)</sub> |Description |Effect(s) |Version<br /><sub>(GitHub)</sub> |
|---|---|---|---|
|[Buoys should float](https://example.org/p?a=b) |Or \\| a cork. |Audit, Deny, Disabled |1.0 |

## Data protection

*Look at the [Azure Security Benchmark: Data protection](../security-controls-v3-data-protection.md).*

### DP-3: Encrypt sensitive data in transit

#### Features

##### Data in Transit Encryption

**Description**: Sealed bottles. [Learn more](/azure/bottles).

| Supported | Enabled By Default | Configuration Responsibility |
|---|---|---|
| True | True | Microsoft |

**Configuration Guidance**: Leave it be: it is there on a default deployment.

## Next steps

- See the [overview](../overview.md)
"""
"""A page in the published form with sentences of our own."""


def page() -> bytes:
    """`PAGE` as bytes."""
    return PAGE.encode()


def pages() -> list[tuple[str, bytes]]:
    """Pages to try a round trip on: our own, and the shared ones."""
    paths = (
        shared("seeds", "iot-central-security-baseline.md"),
        shared("baselines", "key-vault-security-baseline.md"),
    )
    return [("page.md", page()), *((path.name, path.read_bytes()) for path in paths if path)]
