"""Every kind of resource there is. A new kind is one entry here."""

from holdfast.access.kinds import ACCESS_KINDS
from holdfast.baseline.decisions.kinds import DECISION_KINDS
from holdfast.defender.network.kinds import NETWORK_KINDS
from holdfast.delivery.kind import DESTINATION_KIND
from holdfast.devices.attestation import ATTESTATION_KIND
from holdfast.devices.commands import DEVICE_COMMAND_KIND
from holdfast.devices.dashboards import DASHBOARD_KIND
from holdfast.devices.device import DEVICE_KIND
from holdfast.devices.enrollment_group import ENROLLMENT_GROUP_KIND
from holdfast.devices.file_uploads import FILE_UPLOAD_KIND
from holdfast.devices.groups import DEVICE_GROUP_KIND
from holdfast.devices.jobs.kinds import JOB_DEVICE_KIND, JOB_KIND, SCHEDULED_JOB_KIND
from holdfast.devices.manifests import DEPLOYMENT_MANIFEST_KIND
from holdfast.devices.relationships import RELATIONSHIP_KIND
from holdfast.devices.shared_access import SHARED_ACCESS_POLICY_KIND
from holdfast.devices.templates.kind import DEVICE_TEMPLATE_KIND
from holdfast.policy.kinds.table import POLICY_KINDS, VERSION_KINDS
from holdfast.resources.model import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        *ACCESS_KINDS,
        DEVICE_KIND,
        DEVICE_TEMPLATE_KIND,
        DEVICE_GROUP_KIND,
        DEVICE_COMMAND_KIND,
        RELATIONSHIP_KIND,
        ENROLLMENT_GROUP_KIND,
        ATTESTATION_KIND,
        SHARED_ACCESS_POLICY_KIND,
        JOB_KIND,
        JOB_DEVICE_KIND,
        SCHEDULED_JOB_KIND,
        FILE_UPLOAD_KIND,
        DEPLOYMENT_MANIFEST_KIND,
        DASHBOARD_KIND,
        *POLICY_KINDS,
        *VERSION_KINDS,
        *NETWORK_KINDS,
        DESTINATION_KIND,
        *DECISION_KINDS,
    )
}
