"""How policies stand, and stood."""

from dataclasses import replace

from holdfast.kernel.organizations import ROOT, child
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Grant
from holdfast.policy.compliance.monitor import SWEEP_SECONDS
from tests.api.in_memory import EVERYTHING
from tests.api.test_azure_policies import Azure, assign
from tests.api.test_azure_policies import azure as azure  # a fixture


def test_compliance_over_time_is_that_of_each_sweep_and_of_now(azure: Azure) -> None:
    assign(azure)
    azure.api.world.put("device", "third", {"simulated": True})
    azure.api.world.clock.advance(SWEEP_SECONDS)
    azure.catch_up()
    azure.api.world.clock.advance(60)
    azure.api.world.put("device", "fourth", {"simulated": False})
    azure.catch_up()
    history = azure.ok("GET", "/policies/history")
    assert "here" in history["series"]
    moments, *columns = history["columns"]
    here = columns[history["series"].index("here")]
    assert moments == sorted(moments)
    assert [round(percent) for percent in here] == [50, 33, 50]


def test_whoever_does_not_see_everything_gets_no_counts_of_everything(azure: Azure) -> None:
    assign(azure)
    north = Grant(child(ROOT, "north"), frozenset({Permission.POLICY_READ}))
    azure.api.speaking.append(replace(EVERYTHING, grants=(north,)))
    assert azure.ok("GET", "/policies/history")["series"] == []
