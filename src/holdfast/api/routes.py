"""Every operation that is served over HTTP: the tables of all modules in one list."""

from holdfast.api.central import devices, enrollment_groups
from holdfast.api.frame import Route

ROUTES: list[Route] = [
    *devices.ROUTES,
    *enrollment_groups.ROUTES,
]
