"""Filter languages: any text is a condition or one FilterError."""

from holdfast.devices.query.fields import GroupFields, device_filter_fields
from holdfast.devices.query.group_query import parse_group_query, paths_of, templates_named
from holdfast.devices.query.odata import parse_filter
from holdfast.devices.query.tokens import FilterError

_GROUP = GroupFields(lambda _id: None, lambda name: (f"cloud.{name}", f"reported.{name}"))
_DEVICES = device_filter_fields(lambda _id: None)


def target(data: bytes) -> None:
    """The bytes are tried as a filter of each language and as the rest of a group's query."""
    text = data.decode(errors="replace")
    for query in (text, f"SELECT * FROM devices WHERE {text}"):
        try:
            condition = parse_group_query(query, _GROUP)
        except FilterError:
            continue
        assert all(paths_of(condition))
        assert all(isinstance(template, str) for template in templates_named(query))
    try:
        parse_filter(text, _DEVICES)
    except FilterError:
        return
