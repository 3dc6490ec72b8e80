"""Certificates as policies see them."""

from holdfast.policy.compliance.sources.certificates import certificate_documents
from holdfast.vault.authority import create_authority

_NOW = 1_800_000_000.0


def test_certificates_show_end_key_and_issuer() -> None:
    ours, foreign = create_authority("Ours", _NOW), create_authority("Foreign", _NOW)
    pems = {
        "server": ours.issue_server(["plant.example"], _NOW).chain_pem,
        "other": foreign.issue_server(["other.example"], _NOW).chain_pem,
    }
    server, other = certificate_documents(pems, ours.certificate_pem)
    properties = server.content["properties"]
    assert isinstance(properties, dict)
    assert server.id == "/providers/Holdfast.Vault/certificates/server"
    assert str(properties["notAfter"]) > "2027-01-15"
    assert (properties["keyType"], properties["selfIssued"]) == ("EC", True)
    assert properties["keyBits"] in (256, 384)
    assert isinstance(other.content["properties"], dict)
    assert other.content["properties"]["selfIssued"] is False
