"""S7 communication of Siemens controllers, classic and plus, over ISO transport (no public specification)."""
