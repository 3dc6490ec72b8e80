"""Every labelled case."""

from tests.support.traffic.case import Case
from tests.support.traffic.cases import flows, modbus

CASES: tuple[Case, ...] = (*modbus.CASES, *flows.CASES)
