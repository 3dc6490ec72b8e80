"""The baseline table at the end of the demo."""

from rich.table import Table

from holdfast.api.baseline_client import RUN_SECONDS, assessment_table, assessments_path, summary
from holdfast.api.client import ApiClient
from holdfast.baseline.service import WHOLE


async def assess(api: ApiClient) -> Table:
    """Run the probes against the running instance; control, feature, claim, state, evidence, age."""
    assessment = (await api.post(assessments_path(WHOLE), seconds=RUN_SECONDS))["assessment"]
    table = assessment_table(assessment)
    table.title, table.caption = "Security baseline, proven on this instance", summary(assessment)
    return table
