"""DCE/RPC (C706): connectionless for PROFINET context management, connection-oriented for Windows
services."""
