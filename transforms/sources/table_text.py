"""The text of a table as people save it: UTF-8 or UTF-16, and cells parted by commas, semicolons or tabs."""

import codecs
import csv
import io
import re
from collections.abc import Iterator

from schemas.errors import UsageError

_SEPARATORS = ",;\t"
CURE = 'save it as UTF-8 (in Excel: "CSV UTF-8")'
"""What to do about a table in another encoding."""
_UNDECODABLE = re.compile("[\udc80-\udcff]")  # bytes that are no UTF-8, as Python keeps them
_CLEAR_CHARACTERS = 8  # so many ASCII characters at the begin tell UTF-16 without a byte order mark


def decoded(table_uri: str, data: bytes) -> str:
    """The table as text: by its byte order mark, as UTF-16 without one where that is clear, else as UTF-8.

    Bytes that are no UTF-8 become surrogates, because a path may hold them. UsageError: damaged UTF-16, or NUL bytes.
    """
    has_mark = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if has_mark else _utf16_without_mark(data)
    if not encoding or data.startswith(codecs.BOM_UTF32_LE):
        if b"\0" in data:
            raise UsageError(f"the table {table_uri!r} is not text, or is in an unknown encoding: {CURE}")
        return data.decode("utf-8-sig", "surrogateescape")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UsageError(f"the table {table_uri!r} is not whole UTF-16 ({error.reason}): {CURE}") from error


def csv_rows(text: str) -> tuple[list[str], Iterator[dict[str | None, object]]]:
    """Column names and rows of a CSV or TSV text; lines without any text are no rows. csv.Error: it is neither.

    More cells than columns are kept under the name None. The header tells the separator, or a line `sep=;` before it.
    """
    text = text.lstrip("\r\n")
    separator = ""
    if text[:4].lower() == "sep=" and text[4:5] not in ("", "\r", "\n"):
        separator, text = text[4], text[5:].lstrip("\r\n")
    header = next(_lines(text), "")
    reader = csv.reader(_lines(text), delimiter=separator or _separator_of(header), strict=True)
    names = _without_empty_end(next(reader, []))
    rows = (_row(names, cells) for cells in map(_without_empty_end, reader) if cells)
    return names, rows


def encoding_hint(text: str) -> str:
    """What a text with undecodable bytes would say in Windows-1252, the most usual of other encodings; and the cure."""
    return f"is not UTF-8 (as Windows-1252 it is {as_windows_1252(text)!r}): {CURE}"


def as_windows_1252(text: str) -> str:
    """The text with its undecodable bytes read as Windows-1252."""
    return _UNDECODABLE.sub(lambda found: bytes([ord(found[0]) - 0xDC00]).decode("cp1252", "replace"), text)


def _lines(text: str) -> Iterator[str]:
    """The lines of a text with their ends, in a quarter of the memory that StringIO needs."""
    return io.TextIOWrapper(io.BytesIO(text.encode(errors="surrogateescape")), "utf-8", "surrogateescape", newline="")


def _utf16_without_mark(data: bytes) -> str:
    """The UTF-16 encoding of a text that begins with ASCII characters and has no byte order mark; "": another one."""
    begin = data[: 2 * _CLEAR_CHARACTERS]
    for encoding, zeros, letters in (("utf-16-le", begin[1::2], begin[::2]), ("utf-16-be", begin[::2], begin[1::2])):
        if zeros and not any(zeros) and all(letters):
            return encoding
    return ""


def _separator_of(header: str) -> str:
    """The separator by which the header has a column uri, and the most columns."""
    found = {sign: next(csv.reader([header], delimiter=sign), []) for sign in _SEPARATORS}
    return max(_SEPARATORS, key=lambda sign: ("uri" in found[sign], len(found[sign])))


def _without_empty_end(cells: list[str]) -> list[str]:
    """The cells up to the last that holds text: Excel pads each line to the width of the sheet."""
    return cells[: max((place for place, cell in enumerate(cells, 1) if cell), default=0)]


def _row(names: list[str], cells: list[str]) -> dict[str | None, object]:
    row: dict[str | None, object] = {**dict.fromkeys(names, ""), **dict(zip(names, cells, strict=False))}
    return row | {None: cells[len(names) :]} if len(cells) > len(names) else row
