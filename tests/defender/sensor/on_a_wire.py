"""A live sensor on a virtual cable: `unshare -rn python -m tests.defender.sensor.on_a_wire FOLDER`.

Prints one JSON object with what the sensor said.
"""

import json
import signal
import socket
import subprocess
import sys

from tests.support.traffic.cable import MIRROR, SENDER, lay_cable
from tests.support.traffic.cases.exchanges import together
from tests.support.traffic.cases.modbus import poll, umas_exchange
from tests.support.traffic.wire import Wire


def frames() -> list[bytes]:
    wire = Wire()
    together(poll, umas_exchange(0x33, 0x41))(wire)
    return [frame for _, frame in wire.frames]


def main() -> None:
    lay_cable()
    command = [sys.executable, "-m", "holdfast.cli.main", "sensor", "run", "--json", "--user", "root"]
    command += ["--interface", MIRROR, "--state", sys.argv[1]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sensor:
        assert sensor.stdout is not None
        lines = [sensor.stdout.readline()]  # it watches
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
            wire.bind((SENDER, 0))
            for frame in frames():
                wire.send(frame)
            while "controller-stop" not in lines[-1]:
                lines.append(sensor.stdout.readline())
                assert lines[-1], "the sensor ended before it saw the attack"
        sensor.send_signal(signal.SIGTERM)
        lines += sensor.stdout.readlines()
    said = [json.loads(line) for line in lines]
    alerts = [item["alert"]["type"] for item in said if "alert" in item]
    answer = {"alerts": alerts, "counters": said[-1]["counters"], "status": sensor.returncode}
    print(json.dumps({**answer, "sent": len(frames())}))  # noqa: T201 - to the test


if __name__ == "__main__":
    main()
