"""What the console shows of the settings: all of them, and no secret."""

from pydantic import BaseModel

from holdfast.runtime.settings import LogSettings, Settings
from holdfast.runtime.shown_settings import shown_settings

SETTINGS = Settings(database="postgresql://holdfast:hunter2@db/x", log=LogSettings(retention_days=30.0))
SHOWN = {setting.name: setting for setting in shown_settings(SETTINGS).all}


def test_every_setting_is_shown_under_its_name_in_the_file() -> None:
    fields = Settings.model_fields.items()
    inner = {
        f"{s}.{n}"
        for s, f in fields
        if isinstance(f.default, BaseModel)
        for n in type(f.default).model_fields
    }
    outer = {name for name, field in fields if not isinstance(field.default, BaseModel)}
    assert set(SHOWN) == inner | outer


def test_a_setting_has_its_value_its_default_and_its_name_in_the_environment() -> None:
    retention = SHOWN["log.retention_days"]
    assert (retention.value, retention.default) == ("30.0", "7.0")
    assert retention.variable == "HOLDFAST_LOG__RETENTION_DAYS"
    assert (SHOWN["people.addresses"].value, SHOWN["sensors.addresses"].value) == ("127.0.0.1", "–")


def test_the_password_in_the_address_of_a_database_is_not_shown() -> None:
    assert SHOWN["database"].value == "set, not shown"
    assert "hunter2" not in repr(SHOWN)
