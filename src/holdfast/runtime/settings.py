"""The settings of an instance: one typed model, read from a TOML file and the environment.

Every setting is documented here; `docs/settings.md` is generated from it and a test compares the two. What
people change while the product runs (network rules, retention of a kind, policies) is not here: that is a
resource and takes the change path.
"""

import ipaddress
import tomllib
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from holdfast.kernel.errors import StartupError


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _addresses(value: list[str]) -> list[str]:
    for text in value:
        ipaddress.ip_address(text)
    return value


class DeviceListener(_Section):
    """Where devices connect: provisioning and hub over MQTT, WebSocket and HTTPS."""

    addresses: list[str] = Field(
        default=["127.0.0.1"], min_length=1, description="Addresses to listen on; `0.0.0.0` for all."
    )
    mqtt_port: int = Field(
        default=8883, ge=0, le=65535, description="MQTT over TLS; the device SDKs insist on 8883."
    )
    https_port: int = Field(
        default=8443,
        ge=0,
        le=65535,
        description="MQTT over WebSocket and device HTTPS; the SDKs insist on 443, if you may bind it.",
    )
    trusted_proxies: list[str] = Field(
        default=[], description="Networks of load balancers whose PROXY protocol v2 header is believed."
    )

    _check_addresses = field_validator("addresses")(_addresses)


class PeopleListener(_Section):
    """Where people and scripts connect: console and REST API over HTTPS."""

    addresses: list[str] = Field(
        default=["127.0.0.1"], min_length=1, description="Addresses to listen on; `0.0.0.0` for all."
    )
    port: int = Field(default=9443, ge=0, le=65535, description="HTTPS of the console and the API.")
    trusted_proxies: list[str] = Field(
        default=[], description="Networks of load balancers whose PROXY protocol v2 header is believed."
    )

    _check_addresses = field_validator("addresses")(_addresses)


class SensorListener(_Section):
    """Where sensors connect: the device protocols on interfaces of their own."""

    addresses: list[str] = Field(
        default=[], description="Addresses to listen on; none means sensors use the device listener."
    )
    mqtt_port: int = Field(default=8884, ge=0, le=65535, description="MQTT over TLS for sensors.")
    host_name: str = Field(
        default="",
        description="The one of `host_names` that sensors are told, which leads to these addresses; empty: "
        "the first.",
    )

    _check_addresses = field_validator("addresses")(_addresses)


class Tls(_Section):
    """The server's certificate."""

    certificate_file: Path | None = Field(
        default=None,
        description="PEM chain of your own certificate; empty: the built-in authority issues one.",
    )
    key_file: Path | None = Field(default=None, description="PEM key of your own certificate.")

    @model_validator(mode="after")
    def _both_or_none(self) -> "Tls":
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file belong together: set both or none")
        return self


class LogSettings(_Section):
    """The durable log of what devices said."""

    retention_days: float = Field(default=7.0, gt=0, description="Age at which log files are removed.")
    retention_bytes: int = Field(
        default=20 * 2**30, ge=2**20, description="Size of all log files at which the oldest are removed."
    )
    file_bytes: int = Field(
        default=256 * 2**20, ge=2**20, description="Size at which a log file is closed and the next begun."
    )

    @model_validator(mode="after")
    def _room_for_files(self) -> "LogSettings":
        if self.retention_bytes < 2 * self.file_bytes:
            raise ValueError(
                "retention_bytes must hold at least two files of file_bytes: raise it or lower file_bytes"
            )
        return self


class DeviceLimits(_Section):
    """Bounds of one device, one address and the whole gateway. A breach shapes first and closes after."""

    messages_per_second: float = Field(
        default=100.0, gt=0, description="Messages a device may send, sustained."
    )
    messages_burst: int = Field(default=500, ge=1, description="Messages a device may send at once.")
    total_messages_per_second: float = Field(
        default=200_000.0, gt=0, description="Messages a gateway takes in all."
    )
    message_bytes: int = Field(
        default=262_144,
        ge=1024,
        le=983_040,
        description="Largest device-to-cloud message (hosted: 256 KB); a log record has at most 1 MB.",
    )
    connections_per_address: int = Field(
        default=10_000, ge=1, description="Open connections from one address."
    )
    accepts_per_second: float = Field(default=2_000.0, gt=0, description="New connections a gateway takes.")
    concurrent_handshakes: int = Field(default=256, ge=1, description="TLS handshakes at the same time.")
    handshake_seconds: float = Field(default=15.0, gt=0, description="Time for TLS handshake and CONNECT.")
    failures_per_minute: float = Field(
        default=60.0, gt=0, description="Failed authentications from one address before it has to wait."
    )
    connects_per_minute: float = Field(
        default=30.0,
        gt=0,
        description="Sessions one device may open before the answer to its CONNECT is delayed.",
    )
    shaped_seconds: float = Field(
        default=300.0,
        gt=0,
        description="How long a device may be held back without a pause before it is disconnected.",
    )
    pending_log_bytes: int = Field(
        default=64 * 2**20,
        ge=2**20,
        description="Bytes waiting for the log above which sockets are not read.",
    )


class FileUploads(_Section):
    """Bounds of the files that devices upload; where they go is an application setting (`fileUploads`)."""

    file_bytes: int = Field(default=2**30, ge=2**20, description="Largest file.")
    device_bytes: int = Field(default=10 * 2**30, ge=2**20, description="All files of one device together.")
    files: int = Field(default=1000, ge=1, description="Files of one device.")


class ObjectStorage(_Section):
    """S3-compatible storage for the content of device files, which is sealed here before it goes there."""

    endpoint: str = Field(
        default="",
        description="`https://host[:port]` of the storage; empty: content is kept in the data folder.",
    )
    bucket: str = Field(default="", description="The bucket; it must exist.")
    prefix: str = Field(default="", description="In front of every name, for a bucket that others use too.")
    region: str = Field(default="us-east-1", description="The region that requests are signed for.")
    access_key_id: str = Field(default="", description="Who may read, write and delete in the bucket.")
    secret_key_file: Path | None = Field(
        default=None, description="File that holds the secret access key, readable for the service alone."
    )
    authority_file: Path | None = Field(
        default=None, description="PEM of the authority behind the endpoint, unless the system trusts it."
    )

    @model_validator(mode="after")
    def _whole_and_safe(self) -> "ObjectStorage":
        if not self.endpoint:
            return self
        parts = urlsplit(self.endpoint)
        local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        if parts.scheme != "https" and not (parts.scheme == "http" and local):
            raise ValueError("endpoint must be an https:// address; http:// is for this machine alone")
        if parts.path.strip("/") or parts.query or parts.username or not parts.hostname:
            raise ValueError("endpoint is a scheme, a host and a port; name the bucket in bucket")
        if not (self.bucket and self.access_key_id and self.secret_key_file):
            raise ValueError("endpoint needs bucket, access_key_id and secret_key_file")
        return self


class Simulation(_Section):
    """Simulated devices: those that are marked so connect through the gateway as any other."""

    devices: int = Field(default=100, ge=0, le=5000, description="How many at most; 0 switches them off.")
    interval_seconds: float = Field(
        default=10.0, ge=0.1, le=60, description="How often each sends its telemetry."
    )


class Logging(_Section):
    """The product's own log on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severity that is written."
    )
    format: Literal["json", "text"] = Field(
        default="json", description="`json` for machines, `text` for people."
    )


class BaselineSettings(_Section):
    """When the instance assesses its own security baseline."""

    automatic: bool = Field(
        default=True,
        description="Probe at the start, on schedule and after changes; otherwise only when somebody asks.",
    )
    owner: str = Field(
        default="the operator of this instance",
        min_length=1,
        max_length=200,
        description="Who answers for the baseline's documents; printed on each.",
    )


class Settings(_Section):
    """All settings of an instance."""

    data: Path = Field(
        default=Path("data"), description="The data folder; made at the first start, mode 0700."
    )
    database: str = Field(
        default="",
        description="`postgresql://…` of a database of your own; empty: encrypted SQLite in the data folder.",
    )
    application_name: str = Field(
        default="Holdfast",
        min_length=1,
        max_length=128,
        description="What people see as the application's name.",
    )
    host_names: list[str] = Field(
        default=["localhost"],
        min_length=1,
        description="Names and addresses under which devices and people reach this instance; they stand in "
        "the certificate. The first is told to devices as their hub.",
    )
    id_scope: str = Field(
        default="",
        max_length=64,
        description="The ID scope that devices give; empty: made at the first start.",
    )
    gateways: int = Field(default=1, ge=1, le=16, description="Gateway processes.")
    workers: int = Field(default=1, ge=1, le=16, description="Worker processes.")
    key_file: Path | None = Field(
        default=None,
        description="File (mode 0600) of the key that wraps the root key; empty: one in the data folder.",
    )
    accept_clock: bool = Field(
        default=False,
        description="Start although the audit log has records from later than this machine's clock says.",
    )
    devices: DeviceListener = Field(default=DeviceListener(), description="The listener for devices.")
    people: PeopleListener = Field(
        default=PeopleListener(), description="The listener for people and scripts."
    )
    sensors: SensorListener = Field(default=SensorListener(), description="The listener for sensors.")
    tls: Tls = Field(default=Tls(), description="The server's certificate.")
    log: LogSettings = Field(default=LogSettings(), description="The durable log.")
    limits: DeviceLimits = Field(default=DeviceLimits(), description="Bounds for devices.")
    uploads: FileUploads = Field(default=FileUploads(), description="Bounds of uploaded files.")
    object_storage: ObjectStorage = Field(default=ObjectStorage(), description="Storage for device files.")
    simulation: Simulation = Field(default=Simulation(), description="Simulated devices.")
    baseline: BaselineSettings = Field(default=BaselineSettings(), description="The security baseline.")
    logging: Logging = Field(default=Logging(), description="The product's own log.")

    @model_validator(mode="after")
    def _listeners_differ(self) -> "Settings":
        taken: dict[tuple[str, int], str] = {}
        for name, addresses, port in self.ports():
            for address in addresses:
                other = taken.setdefault((address, port), name)
                if port and other != name:
                    raise ValueError(
                        f"{name} and {other} both want {address} port {port}: give one another port"
                    )
        return self

    @model_validator(mode="after")
    def _sensors_verify_the_certificate(self) -> "Settings":
        name = self.sensors.host_name
        if name and name not in self.host_names:
            raise ValueError(f"sensors.host_name is {name}, which is none of host_names: add it there too")
        return self

    def ports(self) -> list[tuple[str, list[str], int]]:
        """Every setting that is a port: its name, the addresses, the port."""
        return [
            ("devices.mqtt_port", self.devices.addresses, self.devices.mqtt_port),
            ("devices.https_port", self.devices.addresses, self.devices.https_port),
            ("people.port", self.people.addresses, self.people.port),
            ("sensors.mqtt_port", self.sensors.addresses, self.sensors.mqtt_port),
        ]


class _FromEnvironment(Settings, BaseSettings):
    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix="HOLDFAST_", env_nested_delimiter="__"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, which arrives as the init arguments."""
        return env_settings, init_settings


def load_settings(file: Path | None = None, **overrides: Any) -> Settings:  # values of any setting
    """The settings from a TOML file, the environment (`HOLDFAST_PEOPLE__PORT=…`) and overrides.

    Overrides (command-line options) win over the environment, that over the file. Raises StartupError with
    one sentence for each thing that is wrong.
    """
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8")) if file else {}
    except OSError as error:
        raise StartupError(f"The settings file {file} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StartupError(f"The settings file {file} is not TOML: {error}.") from error
    try:
        given = {key: value for key, value in overrides.items() if value is not None}
        return Settings.model_validate({**_FromEnvironment(**values).model_dump(), **given})
    except ValidationError as error:
        raise StartupError(_explain(error, file)) from error


def _explain(error: ValidationError, file: Path | None) -> str:
    sentences = []
    for problem in error.errors():
        name = ".".join(str(part) for part in problem["loc"]) or "the settings"
        if problem["type"] == "extra_forbidden":
            sentences.append(f"there is no setting {name} (docs/settings.md lists them all)")
        else:
            sentences.append(f"{name}: {problem['msg'].removeprefix('Value error, ')}")
    source = f"in {file} or the environment" if file else "in the environment or the options"
    return f"Settings {source} are wrong: {'; '.join(sentences)}."
