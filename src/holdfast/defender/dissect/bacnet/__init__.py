"""BACnet/IP (ASHRAE 135): virtual link, network and application layer."""
