"""The data that the product carries: benchmarks, features, service baselines and our own wording."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType

from pydantic import TypeAdapter

from holdfast.baseline.documents.strict_yaml import load_yaml
from holdfast.baseline.model.benchmark import Benchmark
from holdfast.baseline.model.feature import Feature
from holdfast.baseline.model.wording import Wording


class BenchmarkKey(StrEnum):
    """Which benchmark."""

    EARLIER = "asb-v3"
    """Azure Security Benchmark v3."""
    LATER = "mcsb-v1"
    """Microsoft cloud security benchmark v1."""


EARLIER = BenchmarkKey.EARLIER
LATER = BenchmarkKey.LATER
BENCHMARKS = tuple(BenchmarkKey)
"""The earlier one first."""

_FOLDER = resources.files("holdfast.baseline.data")


def load(*parts: str) -> object:
    """The content of a YAML file below this folder."""
    return load_yaml(_FOLDER.joinpath(*parts).read_bytes(), "/".join(parts))


@cache
def benchmark(key: str) -> Benchmark:
    """The benchmark `asb-v3` or `mcsb-v1`."""
    return Benchmark.model_validate(load("benchmarks", f"{key}.yaml"))


@cache
def features() -> tuple[Feature, ...]:
    """The canonical features in page order."""
    return TypeAdapter(tuple[Feature, ...]).validate_python(load("features.yaml"))


@cache
def feature_by_name() -> Mapping[str, Feature]:
    """Every feature by its name and by each alias."""
    return MappingProxyType(
        {name: feature for feature in features() for name in (feature.name, *feature.aliases)}
    )


@cache
def own_wording(key: str) -> Wording:
    """Our own standing sentences for a page on the benchmark `key`."""
    return Wording.model_validate(load("wording", f"{key}.yaml"))


@cache
def service_keys() -> tuple[str, ...]:
    """Keys of the service baselines that the product carries, sorted."""
    folder = _FOLDER.joinpath("services")
    return tuple(sorted(path.name.removesuffix(".yaml") for path in folder.iterdir()))


def service_file(key: str) -> bytes:
    """The YAML of a service baseline that the product carries."""
    return _FOLDER.joinpath("services", f"{key}.yaml").read_bytes()
