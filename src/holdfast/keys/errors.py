"""What can go wrong with keys."""

from holdfast.kernel.errors import StartupError


class KeyUnavailableError(StartupError):
    """A key is revoked, wrong, damaged or out of reach; without it nothing can be read."""

    code = "KeyUnavailable"
