"""Twin patches: what is taken is within every bound and can be written again."""

from holdfast.kernel.json import merge_patch
from holdfast.protocol.twin import TwinError, check_size, decode_patch, encode_twin


def target(data: bytes) -> None:
    """The bytes are tried as a patch, which is applied to a twin."""
    try:
        patch = decode_patch(data)
        merged = merge_patch({"a": {"b": 1}}, patch)
        assert isinstance(merged, dict)
        check_size(merged)
    except TwinError:
        return
    encode_twin(merged, patch, (1, 1))
