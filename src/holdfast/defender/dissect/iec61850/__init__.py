"""IEC 61850: MMS between clients and servers, GOOSE and sampled values on the station bus."""
