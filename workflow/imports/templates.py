"""Empty files to be filled in, and what is said of each column: in the spreadsheet itself and in docs/import.md."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from states.catalogue import LIFECYCLES
from states.facts import FactType
from workflow.errors import BadInput
from workflow.imports.columns import SINGULAR, Column, Kind, sheet

HOW_WRITTEN = {
    FactType.TEXT: "text",
    FactType.PERSON: "user name",
    FactType.DATE: "date: 2026-11-23 or 23/11/2026",
    FactType.INSTANT: "date and time in England: 2026-11-23 09:30",
    FactType.BOOLEAN: "yes or no",
    FactType.INTEGER: "whole number",
    FactType.CHOICE: "one of the choices",
    FactType.CHOICES: "any of the choices, separated by ;",
}
EXAMPLES = {
    "source_reference": "DUR-004711",
    "parent_source_reference": "DUR-004700",
    "team": "durham-prebirth",
    "owner": "j.smith",
    "lifecycle": "prebirth",
    "state": "assessment",
    "clock": "assessment_due",
    "own_social_worker": "none",
    "authority": "Durham",
    "proceedings_ended_on": "never",
    "date_of_birth": "2001-04-09",
    "edd": "2027-04-05",
    "due_on": "2026-12-18",
}
EXAMPLE_BY_TYPE = {
    FactType.DATE: "2026-11-23",
    FactType.INSTANT: "2026-11-23 09:30",
    FactType.BOOLEAN: "yes",
    FactType.PERSON: "j.smith",
}
EXPLAINED = {
    "Column": 34,
    "What it says": 60,
    "Must be filled": 18,
    "Written as": 34,
    "Choices": 60,
    "Example": 26,
}
STATES_EXPLAINED = {"Kind of case": 20, "State": 24, "Which is": 60, "Clocks that can run": 100}
LONGEST_LIST = 255  # characters Excel takes for a list of choices in a cell
TEMPLATE_ROWS = 1000


def explained(column: Column) -> tuple[str, ...]:
    """What is said of a column, in the order of EXPLAINED."""
    fact = column.fact
    says = f"{_where(column)}{fact.label}" + (f" ({fact.hint})" if fact.hint else "")
    if column.only:
        says += f"; for {', '.join(column.only)} only"
    return (
        column.name,
        says,
        _must_be_filled(column),
        HOW_WRITTEN[fact.type],
        "; ".join(f"{value}: {label}" if value != label else value for value, label in (fact.choices or {}).items()),
        example(column),
    )


def states_and_clocks() -> Iterator[tuple[str, ...]]:
    """Each state a case can be taken over in, and the clocks that can run there, in the order of STATES_EXPLAINED."""
    for lifecycle in LIFECYCLES.values():
        for state in lifecycle.states:
            if not state.final:
                here = (clock for clock in lifecycle.clocks if state.id in clock.during)
                clocks = (clock for clock in here if clock.per not in ("approval", "item"))
                named = ", ".join(f"{clock.id} ({clock.label.lower()})" for clock in clocks)
                yield lifecycle.id, state.id, f"{state.label}: {state.meaning}", named


def _must_be_filled(column: Column) -> str:
    if not column.fact.required:
        return ""
    if column.only:
        return "yes, for those"
    return "yes" if column.required else "with the others of its group"


def _where(column: Column) -> str:
    """Which of the parents, removals, babies or clocks a column is about."""
    groups = [
        f"{SINGULAR.get(str(name), str(name))} {slot + 1}"
        for name, slot in zip(column.path, column.path[1:], strict=False)
        if isinstance(slot, int)
    ]
    return f"{', '.join(groups)}: " if groups else ""


def example(column: Column) -> str:
    """A value that the column takes."""
    fact = column.fact
    for name in (column.name, fact.name):
        if name in EXAMPLES:
            return EXAMPLES[name]
    if fact.choices:
        return next(iter(fact.choices))
    if fact.type is FactType.INTEGER:
        return str(max(1, fact.minimum or 0))
    return EXAMPLE_BY_TYPE.get(fact.type, "")


def write_template(kind: str, path: Path) -> None:
    """Writes an empty file of this kind, CSV or XLSX by its suffix; BadInput where the file is there already."""
    columns = sheet(Kind(kind)).columns
    if path.exists():
        raise BadInput(f"there is a file {path} already: name a new one")
    match path.suffix.lower():
        case ".csv":
            with path.open("w", encoding="utf-8-sig", newline="") as file:  # the mark tells Excel that it is UTF-8
                csv.writer(file).writerow(column.name for column in columns)
        case ".xlsx":
            _write_xlsx(Kind(kind), path)
        case _:
            raise BadInput(f"a template is a .csv or an .xlsx file, not {path.name}")


def _write_xlsx(kind: Kind, path: Path) -> None:
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        bold = book.add_format({"bold": True})
        as_day, as_text = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "@"})
        rows = book.add_worksheet(kind.value.capitalize())
        rows.freeze_panes(1, 1)
        for number, column in enumerate(sheet(kind).columns):
            rows.write_string(0, number, column.name, bold)
            rows.set_column(number, number, max(12, len(column.name) + 2), _cells(column, as_day, as_text))
            choices = list(column.fact.choices or {})
            if column.fact.type is FactType.CHOICE and len(",".join(choices)) <= LONGEST_LIST:
                rows.data_validation(1, number, TEMPLATE_ROWS, number, {"validate": "list", "source": choices})
        _write_table(book, "Columns", EXPLAINED, (explained(column) for column in sheet(kind).columns))
        if kind is Kind.CASELOAD:
            _write_table(book, "States and clocks", STATES_EXPLAINED, states_and_clocks())


def _write_table(book: Any, title: str, headings: Mapping[str, int], rows: Iterable[Sequence[str]]) -> None:
    """A sheet of its own with one table of text; `headings` maps each heading to the width of its column."""
    page = book.add_worksheet(title)
    page.freeze_panes(1, 1)
    bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    for number, (heading, width) in enumerate(headings.items()):
        page.set_column(number, number, width)
        page.write_string(0, number, heading, bold)
    for line, row in enumerate(rows, 1):
        for number, says in enumerate(row):
            page.write_string(line, number, says, wrapped)


def _cells(column: Column, as_day: Any, as_text: Any) -> Any:
    """How the cells of a column are formatted: references keep their leading zeros, days are days."""
    if column.fact.type is FactType.DATE:
        return as_day
    return as_text if column.fact.type in (FactType.TEXT, FactType.PERSON, FactType.CHOICES) else None


def columns_as_markdown(kind: Kind) -> str:
    """The table of columns as it stands in docs/import.md; of columns that repeat, the first group."""
    columns = (column for column in sheet(kind).columns if not any(isinstance(one, int) and one for one in column.path))
    return _markdown(EXPLAINED, (explained(column) for column in columns))


def states_as_markdown() -> str:
    """The table of states and clocks as it stands in docs/import.md."""
    return _markdown(STATES_EXPLAINED, states_and_clocks())


def _markdown(headings: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [list(headings), *([f"`{first}`", *rest] for first, *rest in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
