"""Every source of identity and every behaviour that tells what a device is."""

from holdfast.defender.inventory.identity import cip, dnp3, modbus
from holdfast.defender.inventory.identity.model import Behaviour, Source
from holdfast.defender.inventory.model import AssetType

SOURCES: tuple[Source, ...] = (*modbus.SOURCES, *dnp3.SOURCES, *cip.SOURCES)

BEHAVIOURS: tuple[Behaviour, ...] = (
    Behaviour("modbus", server=True, kind=AssetType.PLC, confidence=40),
    Behaviour("modbus", server=False, kind=AssetType.HMI),
    Behaviour("umas", server=True, kind=AssetType.PLC, confidence=80),
    Behaviour("umas", server=False, kind=AssetType.ENGINEERING_STATION, confidence=50),
    Behaviour("dnp3", server=True, kind=AssetType.RTU, confidence=60),
    Behaviour("dnp3", server=False, kind=AssetType.HMI),
    Behaviour("cip", server=True, kind=AssetType.PLC, confidence=40),
    Behaviour("cip", server=False, kind=AssetType.HMI),
    Behaviour("cip_io", server=True, kind=AssetType.IO_ADAPTER),
)
