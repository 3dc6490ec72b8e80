"""EtherNet/IP (ODVA volume 2) and the Common Industrial Protocol in it (volume 1)."""
