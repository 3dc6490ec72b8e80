"""Protocols of offices and networks, as far as inventory and detection need them."""
