"""SMB 1 to 3 ([MS-CIFS], [MS-SMB], [MS-SMB2]) and the NetBIOS services that carry it (RFC 1002)."""
