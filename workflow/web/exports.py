"""Tables as files: CSV and XLSX. No cell is ever a formula, whatever somebody typed into a record."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import xlsxwriter
from fastapi.responses import StreamingResponse

from scheduler.calendars import LONDON, add_days, as_utc
from workflow.errors import NotFound

MOST_ROWS = 10_000  # of one file; its page says so
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that a spreadsheet program would work out
CHUNK = 64 * 1024
IN_MEMORY = 2 * 1024 * 1024
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Row = Sequence[Any]


def check_kind(kind: str) -> None:
    """NotFound for a kind of file there is not; asked before anything is read for it."""
    if kind not in TYPES:
        raise NotFound("a table can be had as .csv or as .xlsx")


def download(kind: str, name: str, heads: Sequence[str], rows: Iterable[Row]) -> StreamingResponse:
    """The table as a file to keep. Instants stand in it as clocks in England show them."""
    check_kind(kind)
    body = _csv(heads, rows) if kind == "csv" else _xlsx(heads, rows)
    headers = {"content-disposition": f'attachment; filename="waymark-{name}.{kind}"'}
    return StreamingResponse(body, media_type=TYPES[kind], headers=headers)


def _csv(heads: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """A line at a time; with a byte order mark, or spreadsheet programs would read it in another encoding."""
    line = io.StringIO()
    writer = csv.writer(line)
    yield b"\xef\xbb\xbf"
    for row in chain([heads], rows):
        writer.writerow([_csv_cell(value) for value in row])
        yield line.getvalue().encode()
        line.seek(0)
        line.truncate()


def _csv_cell(value: Any) -> Any:
    plain = _plain(value)
    if isinstance(plain, datetime):
        return f"{plain:%Y-%m-%d %H:%M}"
    return f"'{plain}" if isinstance(plain, str) and plain.startswith(FORMULA) else plain


def due_cell(at: datetime | None) -> date | datetime | None:
    """When something is due: the day, where it is due by its end, and else the instant."""
    if at is None:
        return None
    local = as_utc(at).astimezone(LONDON)
    return add_days(local.date(), -1) if (local.hour, local.minute) == (0, 0) else at


def _plain(value: Any) -> Any:
    """A value as one cell holds it: an instant without its zone, a list in one line."""
    if isinstance(value, datetime):
        return as_utc(value).astimezone(LONDON).replace(tzinfo=None, microsecond=0)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    return "" if value is None else value


def _xlsx(heads: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """Written row by row into a file that leaves memory where it is large, then sent."""
    with SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        _write_sheet(file, heads, rows)
        file.seek(0)
        while part := file.read(CHUNK):
            yield part


def _write_sheet(file: IO[bytes], heads: Sequence[str], rows: Iterable[Row]) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        bold = book.add_format({"bold": True})
        as_day, as_time = (book.add_format({"num_format": form}) for form in ("dd mmm yyyy", "dd mmm yyyy hh:mm"))
        sheet = book.add_worksheet("Waymark")
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, max(len(heads) - 1, 0), 22)
        for column, head in enumerate(heads):
            sheet.write_string(0, column, head, bold)
        for number, row in enumerate(rows, 1):
            for column, value in enumerate(row):
                _write_cell(sheet, (number, column), _plain(value), {datetime: as_time, date: as_day})


def _write_cell(sheet: Any, at: tuple[int, int], plain: Any, forms: dict[type, Any]) -> None:
    if isinstance(plain, date):  # a datetime is one
        sheet.write_datetime(*at, plain, forms[type(plain)])
    elif isinstance(plain, int | float):
        sheet.write_number(*at, plain)
    else:
        sheet.write_string(*at, str(plain)[:32_000])
