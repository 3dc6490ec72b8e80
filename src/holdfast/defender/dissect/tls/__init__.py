"""TLS (RFC 8446, RFC 5246 and older): handshakes, certificates, fingerprints of clients and servers."""
