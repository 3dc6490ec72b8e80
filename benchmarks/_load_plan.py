"""What a loader is asked to do and what it answers: the benchmark writes the plan as one line of JSON."""

import json
import resource
import ssl
import statistics
from dataclasses import dataclass, field

from holdfast.protocol.mqtt.connect import Connect, encode_connect


@dataclass
class Login:
    """How one device connects."""

    client_id: str
    user_name: str = ""
    password: str = ""
    topic: str = ""
    certificate: str = ""
    """File with key and chain; empty for a device with a key."""
    clean: bool = True

    def hello(self) -> bytes:
        """The CONNECT packet."""
        return encode_connect(
            Connect(
                self.client_id,
                clean_start=self.clean,
                user_name=self.user_name or None,
                password=self.password.encode() or None,
                keep_alive=600,
            )
        )


@dataclass
class Plan:
    """What the loader does."""

    mode: str
    """`publish`, `idle`, `listen`, `flood` or `register`."""
    host: str
    port: int
    ca: str
    """PEM of the server's authority."""
    logins: list[Login]
    in_flight: int = 1
    payload_bytes: int = 128
    seconds: float = 5.0
    warm_up: float = 1.0
    rate: float = 0.0
    """Messages a second that all publishing devices send together at random moments, each once its last one
    was acknowledged; 0: each sends again as soon as it was."""

    @classmethod
    def from_json(cls, line: str) -> "Plan":
        fields = json.loads(line)
        return cls(**{**fields, "logins": [Login(**login) for login in fields["logins"]]})

    def context(self, login: Login) -> ssl.SSLContext:
        """TLS as the device does it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=self.ca)
        if login.certificate:
            context.load_cert_chain(login.certificate)
        return context


@dataclass
class Result:
    """What came of a plan."""

    connect_seconds: float
    messages: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    def as_json(self) -> dict[str, float]:
        percentiles = statistics.quantiles(self.latencies, n=100) if len(self.latencies) > 1 else [0.0] * 99
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "connect_seconds": self.connect_seconds,
            "rate": self.messages / self.seconds if self.seconds else 0.0,
            "messages": self.messages,
            "p50": percentiles[49] * 1000,
            "p99": percentiles[98] * 1000,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
        }


def say(what: str, **more: object) -> None:
    """A line for the benchmark."""
    print(json.dumps({"what": what, **more}), flush=True)
