"""Series as uPlot draws them: one column of moments, and one of values for each series."""

from collections.abc import Sequence

from holdfast.kernel.json import JsonValue
from holdfast.telemetry.history import Series


def as_columns(found: Sequence[Series]) -> list[JsonValue]:
    """The columns; where a series has no value at a moment stands None."""
    moments = sorted({point.time for series in found for point in series.points})
    columns: list[JsonValue] = [list(moments)]
    for series in found:
        values = dict(series.points)
        columns.append([values.get(moment) for moment in moments])
    return columns
