"""Names of EtherNet/IP and CIP numbers, as ICSNPP gives them; the long tables are in `tables`."""

from typing import Final

COMMANDS: Final = {
    0x00: "NOP",
    0x04: "List Services",
    0x63: "List Identity",
    0x64: "List Interfaces",
    0x65: "Register Session",
    0x66: "Unregister Session",
    0x6F: "Send RR Data",
    0x70: "Send Unit Data",
    0x72: "Indicate Status",
    0x73: "Cancel",
}

STATUSES: Final = {
    0x00: "Success",
    0x01: "Invalid/Unsupported Command",
    0x02: "Insufficient Memory Resources",
    0x03: "Malformed or Incorrect Data",
    0x64: "Invalid Session Handle",
    0x65: "Invalid Length",
    0x69: "Unsupported Protocol Version",
    0x6A: "CIP Service Not Allowed",
}

SERVICES: Final = {
    0x01: "Get Attributes All",
    0x02: "Set Attributes All",
    0x03: "Get Attribute List",
    0x04: "Set Attribute List",
    0x05: "Reset",
    0x06: "Start",
    0x07: "Stop",
    0x08: "Create",
    0x09: "Delete",
    0x0A: "Multiple Service Packet",
    0x0D: "Apply Attributes",
    0x0E: "Get Attributes Single",
    0x10: "Set Attributes Single",
    0x11: "Find Next Object Instance",
    0x15: "Restore",
    0x16: "Save",
    0x17: "No Forward Open",
    0x18: "Get Member",
    0x19: "Set Member",
    0x1A: "Insert Member",
    0x1B: "Remove Member",
    0x1C: "Group Sync",
    0x1D: "Get Connection Point Member List",
    0x4B: "Execute PCCC Service",
    0x4C: "Read Data",
    0x4D: "Write Data",
    0x4E: "Read Write Modify Data",
    0x52: "Read Data Fragmented",
    0x53: "Write Data Fragmented",
    0x54: "Forward Open",
}
"""Services by code; those from 0x4B on mean something else in some classes."""

CONNECTION_MANAGER: Final = 0x06
CLASS_SERVICES: Final = {
    (CONNECTION_MANAGER, 0x4E): "Forward Close",
    (CONNECTION_MANAGER, 0x52): "Unconnected Send",
    (CONNECTION_MANAGER, 0x54): "Forward Open",
    (CONNECTION_MANAGER, 0x56): "Get Connection Data",
    (CONNECTION_MANAGER, 0x57): "Search Connection Data",
    (CONNECTION_MANAGER, 0x5A): "Get Connection Owner",
    (CONNECTION_MANAGER, 0x5B): "Large Forward Open",
    (0x37, 0x4B): "Initiate Upload",
    (0x37, 0x4C): "Initiate Download",
    (0x37, 0x4F): "Upload Transfer",
    (0x37, 0x50): "Download Transfer",
    (0x6B, 0x55): "Get Instance Attribute List",
}
"""Services whose meaning depends on the class."""
