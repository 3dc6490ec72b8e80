"""A target that fails, by which the runner is tested."""


def target(data: bytes) -> None:
    """Fails once the fuzzer tries anything at all."""
    assert not data, "a planted fault"
