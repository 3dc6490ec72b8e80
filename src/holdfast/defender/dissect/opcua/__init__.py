"""OPC UA binary over its TCP mapping (OPC 10000-6)."""
