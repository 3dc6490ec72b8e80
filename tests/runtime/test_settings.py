"""Settings: what wins over what, what is refused, and that the page tells the truth."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from holdfast.kernel.errors import StartupError
from holdfast.runtime.settings import Settings, load_settings
from holdfast.runtime.settings_page import page

ROOT = Path(__file__).resolve().parents[2]


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "holdfast.toml"
    file.write_text(text)
    return file


def test_the_environment_wins_over_the_file_and_an_option_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, 'application_name = "file"\nid_scope = "0ne1"\n[people]\nport = 1\n')
    monkeypatch.setenv("HOLDFAST_PEOPLE__PORT", "2")
    monkeypatch.setenv("HOLDFAST_APPLICATION_NAME", "environment")
    settings = load_settings(file, application_name="option")
    assert (settings.id_scope, settings.people.port, settings.application_name) == ("0ne1", 2, "option")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("colour = 3", "no setting colour"),
        ("[people]\nprt = 3", "no setting people.prt"),
        ("[people]\nport = 99999", "people.port"),
        ("[people]\nport = 8883", "people.port and devices.mqtt_port both want"),
        ('[people]\naddresses = ["nowhere"]', "people.addresses"),
        ('[tls]\ncertificate_file = "a.pem"', "belong together"),
        ('[sensors]\nhost_name = "mirror.plant"', "none of host_names"),
        ("[log]\nretention_bytes = 2000000\nfile_bytes = 2000000", "at least two files"),
        ("not toml", "is not TOML"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path, text: str, part: str) -> None:
    with pytest.raises(StartupError) as caught:
        load_settings(write(tmp_path, text))
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"missing\.toml"):
        load_settings(tmp_path / "missing.toml")


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        if isinstance(field.default, BaseModel):
            yield from models(type(field.default))


def test_every_setting_is_described() -> None:
    missing = [
        f"{model.__name__}.{name}"
        for model in models(Settings)
        for name, field in model.model_fields.items()
        if not field.description
    ]
    assert missing == []


def test_every_setting_is_read() -> None:
    sources = [path for path in (ROOT / "src").rglob("*.py") if path.name != "settings.py"]
    read = {word for path in sources for word in re.findall(r"\.(\w+)", path.read_text())}
    assert [name for model in models(Settings) for name in model.model_fields if name not in read] == []


def test_the_settings_page_is_the_generated_one() -> None:
    assert (ROOT / "docs" / "settings.md").read_text() == page()
