"""What the instance was started with: every setting of its file and environment, for reading."""

from urllib.parse import quote

from starlette.responses import Response

from holdfast.api.frame import ApiRequest, Route
from holdfast.console.lists import ListTable, Pick
from holdfast.console.rendering import page
from holdfast.console.settings import RunningSetting, RunningSettings
from holdfast.console.tables import Cell, Column
from holdfast.kernel.permissions import Permission

HERE = "/settings"


def _is_changed(setting: RunningSetting) -> str:
    return "set here" if setting.value != setting.default else "default"


TABLE: ListTable[RunningSetting] = ListTable(
    id="settings",
    title="Settings of this instance",
    columns=(
        Column("name", "Setting", lambda s: Cell(s.name, "id")),
        Column("value", "Value", lambda s: Cell(s.value)),
        Column("from", "From", lambda s: Cell(_is_changed(s), "state")),
        Column("default", "Default", lambda s: Cell(s.default)),
        Column("meaning", "Meaning", lambda s: Cell(s.meaning.replace("`", ""), "prose")),
        Column("variable", "In the environment", lambda s: Cell(s.variable, "id")),
    ),
    hidden=frozenset({"default", "variable"}),
    empty="There is none.",
    search=lambda s: (s.name, s.meaning, s.variable),
    key=lambda s: s.name,
    picks=(
        Pick("section", "Section", lambda s: s.name.rpartition(".")[0]),
        Pick("from", "From", _is_changed),
    ),
)


def address_of(setting: RunningSetting) -> str:
    """Where one setting is shown."""
    return f"{HERE}?filter={quote(setting.name)}"


def _page(request: ApiRequest) -> Response:
    found = request.services.extension(RunningSettings).all
    if request.query.get("format") == "csv":
        return TABLE.csv(request, found)
    return page(request, "settings.html", table=TABLE.show(request, found))


ROUTES = [Route("GET", HERE, Permission.SETTINGS_READ, _page, "Settings of the instance", is_page=True)]
