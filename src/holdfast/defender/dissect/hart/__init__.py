"""HART-IP (FieldComm Group HCF_SPEC-085): HART commands over TCP and UDP."""
