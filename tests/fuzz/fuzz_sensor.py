"""What sensors and the platform tell each other: messages to the platform, instructions to the sensor."""

import contextlib

from holdfast.defender.sensor.sensor import Sensor
from holdfast.defender.sensor.settings import SensorSettings
from holdfast.defender.uplink.instructions import InstructionError, follow
from holdfast.defender.uplink.messages import MessageError, pack, unpack

_SENSOR = Sensor(SensorSettings())


def target(data: bytes) -> None:
    """Each is read, or refused with its own error; what is read is written back."""
    with contextlib.suppress(MessageError):
        assert unpack(pack(unpack(data))) == unpack(data)
    with contextlib.suppress(InstructionError):
        follow(_SENSOR, data, 0.0)
    with contextlib.suppress(InstructionError):
        follow(_SENSOR, b"devices/s/messages/devicebound/\n" + data, 0.0)
