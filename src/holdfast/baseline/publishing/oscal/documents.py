"""All OSCAL documents of a publication, checked for references to nothing."""

from collections.abc import Mapping

from holdfast.baseline.assessment.assess import Assessment
from holdfast.baseline.documents.document import DocumentError
from holdfast.baseline.documents.oscal.catalog import CATALOG_FILE, PROFILE_FILE, write_catalog, write_profile
from holdfast.baseline.documents.oscal.component import write_component_definition
from holdfast.baseline.documents.oscal.references import reference_problems
from holdfast.baseline.probes.probe import Probe
from holdfast.baseline.publishing.oscal.action import write_plan_of_action
from holdfast.baseline.publishing.oscal.plan import COMPONENT_FILE, write_plan
from holdfast.baseline.publishing.oscal.results import PLAN_FILE, write_results
from holdfast.baseline.publishing.publication import Publication

RESULTS_FILE = "assessment-results.json"
ACTION_FILE = "plan-of-action-and-milestones.json"


def publish_oscal(publication: Publication, probes: Mapping[str, Probe]) -> dict[str, bytes]:
    """A folder of documents for each service, by path.

    Raises DocumentError when a document points at something that none of its folder has.
    """
    files: dict[str, bytes] = {}
    for assessment in publication.assessments:
        documents = _documents(publication, assessment, probes)
        for part in _checked_together(documents):
            for problem in reference_problems(part):
                raise DocumentError(f"oscal/{assessment.service.key}", "", problem)
        files |= {f"oscal/{assessment.service.key}/{name}": data for name, data in documents.items()}
    return files


def _checked_together(documents: Mapping[str, bytes]) -> tuple[Mapping[str, bytes], ...]:
    """The plan of action stands on its own: it repeats the observations of the results under their UUIDs."""
    action = {name: data for name, data in documents.items() if name == ACTION_FILE}
    return action, {name: data for name, data in documents.items() if name != ACTION_FILE}


def _documents(
    publication: Publication, assessment: Assessment, probes: Mapping[str, Probe]
) -> dict[str, bytes]:
    service = assessment.service
    controls = [control.control for control in assessment.controls]
    action = write_plan_of_action(publication, assessment)
    return {
        CATALOG_FILE: write_catalog(service.benchmark),
        PROFILE_FILE: write_profile(service.benchmark, service.name, controls),
        COMPONENT_FILE: write_component_definition(service, PROFILE_FILE, publication.moment),
        PLAN_FILE: write_plan(assessment, probes),
        RESULTS_FILE: write_results(publication, assessment),
        **({ACTION_FILE: action} if action else {}),
    }
