"""Every kind of resource there is. A new kind is one entry here."""

from holdfast.access.kinds import ACCESS_KINDS
from holdfast.devices.attestation import ATTESTATION_KIND
from holdfast.devices.device import DEVICE_KIND
from holdfast.devices.enrollment_group import ENROLLMENT_GROUP_KIND
from holdfast.resources.model import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        *ACCESS_KINDS,
        DEVICE_KIND,
        ENROLLMENT_GROUP_KIND,
        ATTESTATION_KIND,
    )
}
