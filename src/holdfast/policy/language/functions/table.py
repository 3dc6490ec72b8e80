"""Every template function, and those that policies may not call."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from holdfast.policy.language.functions import (
    containers,
    dates,
    encoding,
    logical,
    naming,
    network,
    numeric,
    text,
    text_format,
)
from holdfast.policy.language.functions.base import Function

_FAMILIES: Final = (containers, dates, encoding, logical, network, numeric, text, text_format)

FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType(
    {function.name.lower(): function for family in _FAMILIES for function in family.FUNCTIONS}
)
"""Functions of values alone, by their name in lower case."""

NAMING: Final[Mapping[str, Function]] = MappingProxyType(
    {function.name.lower(): function for function in naming.FUNCTIONS}
)
"""Functions that only the details of an effect may call, by their name in lower case."""

CONTEXTUAL: Final[Mapping[str, tuple[str, int, int]]] = MappingProxyType(
    {
        "claims": ("claims", 0, 0),
        "current": ("current", 0, 1),
        "field": ("field", 1, 1),
        "parameters": ("parameters", 1, 1),
        "policy": ("policy", 0, 0),
        "requestcontext": ("requestContext", 0, 0),
        "resourcegroup": ("resourceGroup", 0, 0),
        "subscription": ("subscription", 0, 0),
        "utcnow": ("utcNow", 0, 1),
    }
)
"""Functions that read the evaluation: their published name and how many arguments they take."""

_DEPLOYMENT: Final = "it exists only while a template is deployed"
_NOT_REPEATABLE: Final = "its value is not the same in each evaluation"
_NAMES: Final = "it names what a deployment makes, so only the details of an effect may call it"

REFUSED: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(
        (
            "copyindex", "deployer", "deployment", "environment", "extensionresourceid", "filter", "groupby",
            "lambda", "lambdavariables", "list", "listaccountsas", "listkeys", "listsecrets",
            "managementgroup",
            "managementgroupresourceid", "map", "mapvalues", "pickzones", "providers", "reduce", "reference",
            "references", "resourceid", "sort", "subscriptionresourceid", "tenant", "tenantresourceid",
            "toobject", "variables",
        ),
        _DEPLOYMENT,
    )
    | {"newguid": _NOT_REPEATABLE}
    | dict.fromkeys(NAMING, _NAMES)
)  # fmt: skip
"""Functions of templates that are not for policies, and why."""
