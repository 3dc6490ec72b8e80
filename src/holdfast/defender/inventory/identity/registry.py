"""Every source of identity and every behaviour that tells what a device is."""

from holdfast.defender.inventory.identity import (
    bacnet,
    cip,
    dnp3,
    iec61850,
    it,
    modbus,
    network,
    profinet,
    s7,
)
from holdfast.defender.inventory.identity.model import Behaviour, Source
from holdfast.defender.inventory.model import AssetType

SOURCES: tuple[Source, ...] = (
    *modbus.SOURCES,
    *dnp3.SOURCES,
    *cip.SOURCES,
    *s7.SOURCES,
    *iec61850.SOURCES,
    *bacnet.SOURCES,
    *profinet.SOURCES,
    *network.SOURCES,
    *it.SOURCES,
)

BEHAVIOURS: tuple[Behaviour, ...] = (
    Behaviour("modbus", server=True, kind=AssetType.PLC, confidence=40),
    Behaviour("modbus", server=False, kind=AssetType.HMI),
    Behaviour("umas", server=True, kind=AssetType.PLC, confidence=80),
    Behaviour("umas", server=False, kind=AssetType.ENGINEERING_STATION, confidence=50),
    Behaviour("dnp3", server=True, kind=AssetType.RTU, confidence=60),
    Behaviour("dnp3", server=False, kind=AssetType.HMI),
    Behaviour("cip", server=True, kind=AssetType.PLC, confidence=40),
    Behaviour("cip", server=False, kind=AssetType.HMI),
    Behaviour("s7comm", server=True, kind=AssetType.PLC, confidence=70),
    Behaviour("s7comm", server=False, kind=AssetType.HMI),
    Behaviour("s7comm_plus", server=True, kind=AssetType.PLC, confidence=70),
    Behaviour("s7comm_plus", server=False, kind=AssetType.HMI),
    Behaviour("iec104", server=True, kind=AssetType.RTU, confidence=60),
    Behaviour("iec104", server=False, kind=AssetType.HMI),
    Behaviour("mms", server=True, kind=AssetType.IED, confidence=60),
    Behaviour("mms", server=False, kind=AssetType.HMI),
    Behaviour("goose", server=True, kind=AssetType.IED, confidence=70),
    Behaviour("sv", server=True, kind=AssetType.IED, confidence=70),
    Behaviour("bacnet", server=True, kind=AssetType.HVAC, confidence=50),
    Behaviour("bacnet", server=False, kind=AssetType.HMI, confidence=20),
    Behaviour("pn_rt", server=True, kind=AssetType.IO_ADAPTER, confidence=40),
    Behaviour("pn_dcp", server=True, kind=AssetType.IO_ADAPTER),
    Behaviour("pn_dcp", server=False, kind=AssetType.ENGINEERING_STATION, confidence=20),
    Behaviour("profinet_io_cm", False, AssetType.PLC, 60, frozenset({"Connect"})),
    Behaviour("opcua", server=True, kind=AssetType.SERVER, confidence=40),
    Behaviour("opcua", server=False, kind=AssetType.HMI),
    Behaviour("hart_ip", server=True, kind=AssetType.PROTOCOL_CONVERTER, confidence=50),
    Behaviour("hart_ip", server=False, kind=AssetType.HMI),
    Behaviour("tds", server=True, kind=AssetType.DATABASE, confidence=60),
    Behaviour("http", False, AssetType.WORKSTATION, 15),
    Behaviour("dns", server=True, kind=AssetType.SERVER),
    Behaviour("dhcp", server=True, kind=AssetType.SERVER),
    Behaviour("ntp", True, AssetType.NTP_SERVER, 20, frozenset({"server"})),
    Behaviour("cip_io", server=True, kind=AssetType.IO_ADAPTER),
)
