"""The Holdfast baseline: in order, about what exists, and each policy good for something."""

import re

import pytest

from holdfast.policy.builtin.catalog import BASELINE, Entry, built_in, entries
from holdfast.policy.kinds.kinds import is_own_type
from holdfast.policy.kinds.names import INITIATIVE, name_in
from holdfast.policy.language.assignments.parse import parse_initiative
from holdfast.policy.language.evaluation.concern import may_concern, unknown_aliases
from holdfast.policy.language.lint import lint
from holdfast.policy.language.rules.definition import parse_definition
from holdfast.policy.types.catalog import own_catalog, policy_types


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_each_policy_is_in_order_and_about_a_type_of_ours(entry: Entry) -> None:
    assert lint(entry.document, own_catalog(), is_own_type) == ()
    definition = parse_definition(entry.document)
    concerned = [each.name for each in policy_types().values() if may_concern(definition, each.name)]
    assert len(concerned) == 1
    assert unknown_aliases(definition, concerned[0], own_catalog()) == ()
    assert re.fullmatch(r"[A-Z]{2}-\d{1,2}", entry.control)
    assert entry.feature
    assert entry.title.endswith(entry.title.rstrip("."))
    assert entry.description.endswith(".")


def test_names_and_titles_are_unique() -> None:
    assert len({entry.name for entry in entries()}) == len(entries()) >= 40
    assert len({entry.title for entry in entries()}) == len(entries())


def test_the_initiative_holds_every_policy_below_its_control() -> None:
    initiative = parse_initiative(built_in()[INITIATIVE, BASELINE])
    controls = {name_in(each.definition_id): each.groups for each in initiative.policies}
    assert controls == {
        entry.name: (f"Azure_Security_Benchmark_v3.0_{entry.control}",) for entry in entries()
    }
    assert all(initiative.group_of(groups[0]) is not None for groups in controls.values())
