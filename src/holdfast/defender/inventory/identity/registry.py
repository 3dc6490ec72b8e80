"""Every source of identity and every behaviour that tells what a device is."""

from holdfast.defender.inventory.identity import modbus
from holdfast.defender.inventory.identity.model import Behaviour, Source
from holdfast.defender.inventory.model import AssetType

SOURCES: tuple[Source, ...] = (*modbus.SOURCES,)

BEHAVIOURS: tuple[Behaviour, ...] = (
    Behaviour("modbus", server=True, kind=AssetType.PLC, confidence=40),
    Behaviour("modbus", server=False, kind=AssetType.HMI),
    Behaviour("umas", server=True, kind=AssetType.PLC, confidence=80),
    Behaviour("umas", server=False, kind=AssetType.ENGINEERING_STATION, confidence=50),
)
