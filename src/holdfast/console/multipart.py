"""Forms with files (RFC 7578): fields and files of a body that is already here, within limits."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from holdfast.kernel.errors import InvalidError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MULTIPART: Final = "multipart/form-data"
MAXIMUM_PARTS: Final = 200


class UploadedFile(NamedTuple):
    """A file that a person chose. Its name and content are a stranger's."""

    name: str
    """As the browser sends it: without folders, unless somebody made the request by hand."""
    content: bytes


class MultipartForm(NamedTuple):
    """What a form sent."""

    fields: list[tuple[str, str]]
    files: dict[str, UploadedFile]
    """By field; without those where nothing was chosen."""


def parse_multipart(content_type: str, body: bytes) -> MultipartForm:
    """Take a form apart. InvalidError for a body that is cut, has no boundary or too many parts."""
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise InvalidError("The form has no boundary between its parts; send it with a browser.")
    collector = _Collector()
    try:
        parser = MultipartParser(boundary, collector.callbacks)
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise InvalidError(f"The form cannot be read ({error}); send it again.") from error
    if not collector.ended:
        raise InvalidError("The form was cut before its end; send it again.")
    return collector.form


@dataclass
class _Collector:
    """Puts together what the parser finds piece by piece."""

    form: MultipartForm = field(default_factory=lambda: MultipartForm([], {}))
    ended: bool = False
    parts: int = 0
    name: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    disposition: bytes = b""
    data: bytearray = field(default_factory=bytearray)

    @property
    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self.name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self.value.extend(data[start:end]),
            "on_header_end": self._header,
            "on_part_data": lambda data, start, end: self.data.extend(data[start:end]),
            "on_part_end": self._part,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self.parts += 1
        if self.parts > MAXIMUM_PARTS:
            raise InvalidError(f"A form has at most {MAXIMUM_PARTS} parts.")
        self.disposition = b""
        self.data.clear()

    def _header(self) -> None:
        if self.name.lower() == b"content-disposition":
            self.disposition = bytes(self.value)
        self.name.clear()
        self.value.clear()

    def _part(self) -> None:
        _, options = parse_options_header(self.disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            self.form.fields.append((name, self.data.decode("utf-8", "replace")))
        elif options[b"filename"]:  # browsers send an empty name where nothing was chosen
            file_name = options[b"filename"].decode("utf-8", "replace")
            self.form.files[name] = UploadedFile(file_name, bytes(self.data))

    def _end(self) -> None:
        self.ended = True
