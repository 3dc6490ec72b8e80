"""What can go wrong with certificates and sealed secrets."""

from holdfast.kernel.errors import InvalidError, UnavailableError


class CertificateError(InvalidError):
    """A certificate, a key or a host name given to the vault is not usable."""

    code = "InvalidCertificate"


class AuthorityUnavailableError(UnavailableError):
    """The authority's stored key cannot be read: damaged, or sealed under other keys."""

    code = "AuthorityUnavailable"
