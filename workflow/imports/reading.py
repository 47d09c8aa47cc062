"""Reads a CSV or XLSX file row by row in bounded memory; what cannot be read is refused with line and reason."""

import codecs
import csv
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, TextIO

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from workflow.errors import BadInput
from workflow.imports.problems import refuse

MOST_BYTES = 100 * 1024 * 1024
MOST_UNPACKED = 1024 * 1024 * 1024  # an XLSX is a zip: a small one can unpack to fill a disk
MOST_SHARED_TEXT = 200 * 1024 * 1024  # the texts of an XLSX are held in memory while it is read
MOST_ROWS = 200_000
LAST_SHEET_ROW = 1_048_576
LONGEST_CELL = 10_000
LONGEST_LINE = 1_000_000
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
BROKEN_XLSX = (
    zipfile.BadZipFile,
    zlib.error,
    SyntaxError,  # XML that is not
    InvalidFileException,
    EOFError,
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    NotImplementedError,
    OSError,
)

Value = str | int | float | bool | date | None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the file: the line it stands on, its cells, and (cell, what is wrong) for each that cannot be used.

    Cell -1 is the row as a whole.
    """

    line: int
    cells: Sequence[Value]
    bad: Sequence[tuple[int, str]] = ()


def read_rows(path: Path, known: Callable[[str], bool]) -> Iterator[Row]:
    """The rows of a file, the header first; rows without content are left out.

    `known` tells whether a word names a column: the delimiter of a CSV file is the one by which most of them are found.
    """
    _check_file(path)
    if path.suffix.lower() == ".xlsx":
        rows = _xlsx_rows(path)
    elif path.suffix.lower() == ".csv":
        rows = _csv_rows(path, known)
    else:
        raise refuse(path.name, "is neither a .csv nor an .xlsx file: save it as one of these")
    for count, row in enumerate(rows):
        if count > MOST_ROWS:
            raise refuse(path.name, f"has more than {MOST_ROWS:,} rows: divide it into several files")
        yield row


def _check_file(path: Path) -> None:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise refuse(path.name, f"cannot be read: {error.strerror}") from error
    if size == 0:
        raise refuse(path.name, "is empty")
    if size > MOST_BYTES:
        raise refuse(path.name, f"is {size / 1048576:,.0f} MB large; the most is {MOST_BYTES // 1048576} MB")
    if path.suffix.lower() == ".csv" and start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise refuse(path.name, "is a spreadsheet under the name of a CSV file: save it as .csv or name it .xlsx")


# CSV


def _csv_rows(path: Path, known: Callable[[str], bool]) -> Iterator[Row]:
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        delimiter = _delimiter(path, file, known)
        file.seek(0)
        reader = csv.reader(_lines(path, file), delimiter=delimiter, strict=True)
        line = 1
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise refuse(path.name, f"cannot be read on from line {line}: {_csv_reason(error)}") from None
            if any(cell.strip() for cell in cells):
                yield _checked(line, [cell.strip() or None for cell in cells])
            line = reader.line_num + 1


def _csv_reason(error: csv.Error) -> str:
    told = str(error)
    if "field limit" in told:
        return f"a cell is longer than {LONGEST_CELL:,} characters (is a quotation mark missing at its end?)"
    if "unexpected end" in told:
        return "a quotation mark is opened and never closed"
    if "expected after" in told:
        return "text follows a closing quotation mark (a quotation mark inside a cell is written twice)"
    return "it is not CSV"


def _encoding(path: Path) -> str:
    """UTF-8 (with or without a mark at the start), else Windows-1252, as Excel saves it on English computers."""
    with path.open("rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise refuse(path.name, "is encoded as UTF-16: save it as 'CSV UTF-8'")
    line = _undecodable_line(path, "utf-8")
    if line is None:
        return "utf-8-sig"
    if _undecodable_line(path, "cp1252") is None:
        return "cp1252"
    raise refuse(path.name, f"is neither UTF-8 nor Windows-1252 text from line {line} on: save it as 'CSV UTF-8'")


def _undecodable_line(path: Path, encoding: str) -> int | None:
    """The first line that is not text in this encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                return line + chunk[: error.start].count(b"\n")
            line += chunk.count(b"\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return line
    return None


def _delimiter(path: Path, file: TextIO, known: Callable[[str], bool]) -> str:
    header = next((line for line in _lines(path, file) if line.strip()), "")

    def found(delimiter: str) -> tuple[int, int]:
        try:
            names = next(csv.reader([header], delimiter=delimiter), [])
        except csv.Error:
            return 0, 0
        return sum(known(name) for name in names), len(names)

    return max(DELIMITERS, key=found)


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise refuse(path.name, f"has a line of more than {LONGEST_LINE:,} characters: line {number}")
        yield line


# XLSX


def _xlsx_rows(path: Path) -> Iterator[Row]:
    _check_unpacked(path)
    with _openpyxl_said(path, "cannot be opened as an XLSX file: it is cut off or damaged, save it again"):
        # Formulas are kept, not their values: they are to be seen and refused.
        book = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
    try:
        yield from _sheet_rows(path, book)
    finally:
        book.close()


def _sheet_rows(path: Path, book: Any) -> Iterator[Row]:
    if not book.worksheets:
        raise refuse(path.name, "holds no sheet of cells")
    sheet = book.worksheets[0]
    sheet.reset_dimensions()  # what the file says about its size need not be true
    cells_by_row = iter(sheet.iter_rows())
    line = width = 0
    while True:
        line += 1
        with _openpyxl_said(path, f"cannot be read on from line {line}: the file is cut off or damaged"):
            cells = next(cells_by_row, None)
        if cells is None:
            return
        if line > LAST_SHEET_ROW:
            raise refuse(path.name, f"has more rows than a sheet can have ({LAST_SHEET_ROW:,})")
        if any(cell.value not in (None, "") for cell in cells):
            row = _row_of_cells(line, cells)
            width = width or len(row.cells)  # a sheet has no end of row: what is missing is empty
            yield replace(row, cells=[*row.cells, *[None] * (width - len(row.cells))])


class _openpyxl_said:  # noqa: N801  # reads as a clause of a with statement
    """Turns whatever openpyxl raises over a damaged file into one sentence, and keeps its warnings to itself."""

    def __init__(self, path: Path, says: str) -> None:
        self.path, self.says = path, says
        self.quiet = warnings.catch_warnings()

    def __enter__(self) -> None:
        self.quiet.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, kind: Any, error: BaseException | None, _: Any) -> None:
        self.quiet.__exit__(None, None, None)
        if isinstance(error, BROKEN_XLSX) and not isinstance(error, BadInput):
            raise refuse(self.path.name, self.says) from error


def _check_unpacked(path: Path) -> None:
    said = _openpyxl_said(path, "cannot be opened as an XLSX file: it is cut off or damaged, save it again")
    with said, zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
    encrypted = any(part.flag_bits & 1 for part in parts)
    shared = sum(part.file_size for part in parts if part.filename.lower().endswith("sharedstrings.xml"))
    if encrypted:
        raise refuse(path.name, "is protected by a password: save it without one")
    if sum(part.file_size for part in parts) > MOST_UNPACKED or shared > MOST_SHARED_TEXT:
        raise refuse(path.name, "unpacks to far more than a caseload holds: save its first sheet as CSV")


def _row_of_cells(line: int, cells: Iterable[Any]) -> Row:
    values: list[Value] = []
    bad: list[tuple[int, str]] = []
    for number, cell in enumerate(cells):
        if cell.data_type == "f":
            values.append(None)
            bad.append((number, "holds a formula: paste its value instead"))
        elif cell.data_type == "e":
            values.append(None)
            bad.append((number, "holds an error of the spreadsheet"))
        else:
            values.append(_plain(cell.value))
    while values and values[-1] is None and len(values) - 1 not in {number for number, _ in bad}:
        values.pop()
    return _checked(line, values, bad)


def _plain(value: Any) -> Value:
    """A cell as the text, number or day it shows."""
    if isinstance(value, datetime):
        return value.date() if value.time() == time(0) else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    if value is None or isinstance(value, bool | int | float | date):
        return value
    return str(value).strip() or None


# Both


def _checked(line: int, values: Sequence[Value], found: Sequence[tuple[int, str]] = ()) -> Row:
    """The row with every text cell looked at."""
    bad = list(found)
    for number, value in enumerate(values):
        if isinstance(value, str):
            says = _unfit(value)
            if says:
                bad.append((number, says))
    return Row(line, values, bad)


def _unfit(text: str) -> str | None:
    if len(text) > LONGEST_CELL:
        return f"is {len(text):,} characters long; the most is {LONGEST_CELL:,}"
    if "\x00" in text:
        return "contains a NUL character"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return "contains half a character, which cannot be stored"
    return None
