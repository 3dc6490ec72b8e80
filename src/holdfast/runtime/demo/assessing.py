"""The baseline table at the end of the demo."""

from rich.table import Table

from holdfast.api.client import ApiClient


async def assess(_api: ApiClient) -> Table:
    """Run the probes against the running instance; control, feature, claim, state, evidence, age."""
    return Table("control", "feature", "claim", "state", "evidence", "age")
