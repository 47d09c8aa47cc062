"""Files are read as people save them, and what cannot be read is refused with line, column and reason."""

import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from states.catalogue import LIFECYCLES
from states.facts import Fact, FactType, choice, choices, code, day, instant, number, text, yes_no
from workflow.errors import BadInput
from workflow.imports import Kind, reading, write_template
from workflow.imports.columns import convert, gather, known, parse, plain_name, row_meant, sheet
from workflow.imports.reading import Row, read_rows
from workflow.imports.templates import columns_as_markdown, example, states_as_markdown

HEADER = ["source_reference", "team", "received_on", "source"]
REFERRED = LIFECYCLES["prebirth"]
DOCS = Path(__file__).parents[3] / "docs" / "import.md"


def rows_of(path: Path) -> list[Row]:
    return list(read_rows(path, known))


def csv_file(folder: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    file = folder / "rows.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return file


def xlsx_file(folder: Path, rows: list[list[object]]) -> Path:
    file = folder / "rows.xlsx"
    with xlsxwriter.Workbook(str(file), {"strings_to_formulas": False}) as book:
        day_format = book.add_format({"num_format": "dd/mm/yyyy"})
        page = book.add_worksheet()
        for line, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, date):
                    page.write_datetime(line, column, value, day_format)
                else:
                    page.write(line, column, value)
    return file


def refusal(path: Path) -> str:
    with pytest.raises(BadInput) as refused:
        rows_of(path)
    return str(refused.value)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_csv_file_is_read_whatever_its_delimiter_and_line_ends(tmp_path: Path, delimiter: str, ending: str) -> None:
    lines = [delimiter.join(HEADER), delimiter.join(["A-1", '"baby; or, so"', "2026-11-02", "cass"])]
    header, row = rows_of(csv_file(tmp_path, ending.join(lines) + ending))
    assert list(header.cells) == HEADER
    assert row == Row(2, ["A-1", "baby; or, so", "2026-11-02", "cass"], [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_csv_file_is_read_in_the_encodings_excel_saves(tmp_path: Path, encoding: str) -> None:
    header, row = rows_of(csv_file(tmp_path, "source_reference,team\nA-1,Zoë’s\n", encoding))
    assert list(header.cells) == ["source_reference", "team"]
    assert list(row.cells) == ["A-1", "Zoë’s"]


def test_the_line_of_a_row_is_the_line_it_begins_on_and_empty_rows_are_left_out(tmp_path: Path) -> None:
    content = 'source_reference,team\n\n"A\n-1",baby\n,\nA-2,baby\n'
    assert [row.line for row in rows_of(csv_file(tmp_path, content))] == [1, 3, 6]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\xff\xfes\x00", "UTF-16"),
        (b"source_reference,team\nA-1,\x81\n", "neither UTF-8 nor Windows-1252 text from line 2"),
        (b'source_reference,team\nA-1,"baby\n', "from line 2: a quotation mark is opened and never closed"),
        (b'source_reference,team\nA-1,"ba"by"\n', "from line 2: text follows a closing quotation mark"),
        (b"source_reference,team\nA-1," + b"x" * 200_000, "from line 2: a cell is longer than 10,000 characters"),
        (b"source_reference,team\nA-1," + b"x" * 10_000_000, "more than 1,000,000 characters: line 2"),
        (b"PK\x03\x04....", "a spreadsheet under the name of a CSV file"),
    ],
)
def test_a_csv_file_that_cannot_be_read_is_refused_with_the_reason(tmp_path: Path, content: bytes, says: str) -> None:
    assert says in refusal(csv_file(tmp_path, content))


def test_a_file_that_is_missing_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in refusal(tmp_path / "none.csv")
    (tmp_path / "rows.ods").write_text("x")
    assert "neither a .csv nor an .xlsx" in refusal(tmp_path / "rows.ods")


def test_a_file_beyond_the_limits_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = csv_file(tmp_path, "source_reference,team\n" + "A,b\n" * 5)
    monkeypatch.setattr(reading, "MOST_ROWS", 4)
    assert "more than 4 rows" in refusal(file)
    monkeypatch.setattr(reading, "MOST_BYTES", 10)
    assert "the most is" in refusal(file)


def test_long_cells_and_nul_characters_are_named_by_their_cell(tmp_path: Path) -> None:
    _, row = rows_of(csv_file(tmp_path, f"source_reference,team\n{'x' * 10_001},a\x00b\n"))
    assert list(row.bad) == [
        (0, "is 10,001 characters long; the most is 10,000"),
        (1, "contains a NUL character"),
    ]


def test_an_xlsx_file_gives_days_and_numbers_as_what_they_are(tmp_path: Path) -> None:
    cells = ["A-1", 4711, datetime(2026, 11, 2), 2.5, True]  # noqa: DTZ001  # a spreadsheet knows no zones
    header, row = rows_of(xlsx_file(tmp_path, [["a", "b", "c", "d", "e", "f"], cells]))
    assert len(header.cells) == 6
    assert list(row.cells) == ["A-1", 4711, date(2026, 11, 2), 2.5, True, None]


def test_a_formula_in_a_spreadsheet_is_refused_where_it_stands(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["source_reference", "team"])
    page.append(["A-1", "=1+1"])
    book.save(tmp_path / "rows.xlsx")
    _, row = rows_of(tmp_path / "rows.xlsx")
    assert list(row.bad) == [(1, "holds a formula: paste its value instead")]


@pytest.mark.parametrize("kept", [0.05, 0.3, 0.6, 0.9, 0.99])
def test_a_spreadsheet_cut_off_anywhere_is_refused(tmp_path: Path, kept: float) -> None:
    file = xlsx_file(tmp_path, [HEADER, *[[f"A-{n}", "baby", "2026-11-02", "cass"] for n in range(500)]])
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * kept)])
    assert "cut off or damaged" in refusal(file)


def test_a_spreadsheet_with_a_damaged_sheet_is_refused_not_half_read(tmp_path: Path) -> None:
    file = xlsx_file(tmp_path, [HEADER, *[[f"A-{n}", "baby", "2026-11-02", "cass"] for n in range(500)]])
    damaged = tmp_path / "damaged.xlsx"
    with zipfile.ZipFile(file) as whole, zipfile.ZipFile(damaged, "w") as copy:
        for part in whole.infolist():
            content = whole.read(part)
            copy.writestr(part, content[: len(content) // 2] if "sheet1" in part.filename else content)
    assert "cut off or damaged" in refusal(damaged)


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = xlsx_file(tmp_path, [HEADER])
    monkeypatch.setattr(reading, "MOST_UNPACKED", 1000)
    assert "unpacks to far more" in refusal(file)


# Cells

CHOICE = choice("source", "Source", {"cass": "CASS", "health": "health"})


@pytest.mark.parametrize(
    ("fact", "cell", "value"),
    [
        (day("d", "Day"), "2026-11-02", date(2026, 11, 2)),
        (day("d", "Day"), "02/11/2026", date(2026, 11, 2)),
        (day("d", "Day"), "2/11/2026 00:00", date(2026, 11, 2)),
        (day("d", "Day"), date(2026, 11, 2), date(2026, 11, 2)),
        (yes_no("b", "Yes"), "YES", True),
        (yes_no("b", "Yes"), False, False),
        (yes_no("b", "Yes"), 0, False),
        (number("n", "Number"), "12", 12),
        (number("n", "Number"), 12, 12),
        (CHOICE, "Health", "health"),
        (choices("c", "Codes", {"1A": "one", "21": "two"}), "1a; 21", ["1A", "21"]),
        (choices("c", "Codes", {"1A": "one", "21": "two"}), 21, ["21"]),
        (code("source_reference", "Reference"), 4711, "4711"),
        (text("t", "Text"), "-12", "-12"),
        (code("ended_on", "Ended on"), "23/11/2025", "2025-11-23"),
        (code("ended_on", "Ended on"), "never", "never"),
        (instant("i", "Instant"), "23/07/2026 09:30", "2026-07-23T08:30:00+00:00"),
        (instant("i", "Instant"), "2026-07-23T09:30:00+00:00", "2026-07-23T09:30:00+00:00"),
    ],
)
def test_a_cell_becomes_the_fact_its_column_wants(fact: Fact, cell: reading.Value, value: object) -> None:
    assert convert(fact, cell) == value


@pytest.mark.parametrize(
    ("fact", "cell", "says"),
    [
        (day("d", "Day"), "02/11/26", "with four digits"),
        (day("d", "Day"), "31/02/2026", "there is no such day"),
        (day("d", "Day"), "11/23/2026", "there is no such day"),
        (day("d", "Day"), "Tuesday", "must be a date such as"),
        (day("d", "Day"), 45000, "must be a date such as"),
        (day("d", "Day"), "0026-11-02", "between the years"),
        (yes_no("b", "Yes"), "perhaps", "must be yes or no"),
        (number("n", "Number"), "1.5", "whole number"),
        (number("n", "Number"), 1.5, "whole number"),
        (CHOICE, "secret", "must be one of cass, health"),
        (text("t", "Text"), "=SUM(A1)", "begins with =, as a formula does"),
        (text("t", "Text"), "@secret", "begins with @"),
        (text("t", "Text"), "+44 secret", "begins with +"),
        (text("t", "Text"), "-cmd|secret", "begins with -"),
        (code("source_reference", "Reference"), "x" * 101, "the most is 100"),
        (instant("i", "Instant"), "2026-11-02", "must be a date and time"),
        (instant("i", "Instant"), "2026-11-02 25:00", "must be a date and time"),
    ],
)
def test_what_is_wrong_with_a_cell_is_said_without_repeating_it(fact: Fact, cell: reading.Value, says: str) -> None:
    with pytest.raises(ValueError, match=r".") as wrong:
        convert(fact, cell)
    assert says in str(wrong.value)
    assert "secret" not in str(wrong.value)


# Facts


def gathered(**cells: reading.Value) -> tuple[dict[str, object], list[tuple[str | None, str]]]:
    given = {"source_reference": "A-1", "team": "baby", "received_on": "2026-11-02", "source": "cass", **cells}
    columns = sheet(Kind.REFERRALS)
    header = [columns.by_name[name] for name in given]
    parsed = parse(header, Row(2, list(given.values())))
    row = row_meant(REFERRED, Kind.REFERRALS, parsed.values)
    assert row is not None
    return gather(columns, parsed, row.facts), parsed.bad


def test_columns_of_parents_and_removals_become_records() -> None:
    facts, bad = gathered(
        parent2_role="father",
        parent2_previous_removals="none",
        parent1_role="mother",
        parent1_removal2_through="section_20",
        parent1_removal1_removed_on="05/06/2020",
    )
    assert not bad
    assert facts["parents"] == [
        {"role": "mother", "previous_removals": [{"removed_on": "2020-06-05"}, {"through": "section_20"}]},
        {"role": "father", "previous_removals": []},
    ]


def test_what_is_not_filled_in_stays_unknown() -> None:
    facts, _ = gathered(edd=None, parent1_role=None)
    assert not {"edd", "parents"} & facts.keys()


def test_a_problem_is_told_under_the_column_it_stands_in() -> None:
    _, bad = gathered(parent3_role="aunt", parent3_consent="given", parent2_previous_removals="none", source=None)
    assert [column for column, _ in bad] == ["parent3_role", "source"]
    _, bad = gathered(parent1_previous_removals="none", parent1_removal1_through="section_20")
    assert bad == [("parent1_previous_removals", "says none, and yet there are some")]


def test_a_row_with_too_many_or_too_few_cells_is_told_as_a_whole() -> None:
    columns = sheet(Kind.REFERRALS)
    header = [columns.by_name[name] for name in HEADER]
    assert parse(header, Row(7, ["A-1", "baby"])).bad == [(None, "has 2 cells where the header has 4")]


def test_headings_are_known_by_their_words() -> None:
    assert plain_name(" Source Reference ") == "source_reference"
    assert known("LIFECYCLE")
    assert not known("Name of the dog")


# Templates


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_template_has_every_column_and_reads_back(tmp_path: Path, kind: Kind, suffix: str) -> None:
    write_template(kind, tmp_path / f"template{suffix}")
    (header,) = rows_of(tmp_path / f"template{suffix}")
    assert list(header.cells) == [column.name for column in sheet(kind).columns]


def test_the_spreadsheet_template_explains_each_column(tmp_path: Path) -> None:
    write_template("caseload", tmp_path / "template.xlsx")
    book = openpyxl.load_workbook(tmp_path / "template.xlsx")
    assert book.sheetnames == ["Caseload", "Columns", "States and clocks"]
    told = [row[0].value for row in book["Columns"].iter_rows(min_row=2)]
    assert told == [column.name for column in sheet(Kind.CASELOAD).columns]


def test_a_template_never_replaces_a_file(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("filled in")
    with pytest.raises(BadInput, match="already"):
        write_template("referrals", tmp_path / "mine.csv")
    with pytest.raises(BadInput, match=r"\.csv or an \.xlsx"):
        write_template("referrals", tmp_path / "mine.pdf")


@pytest.mark.parametrize("kind", list(Kind))
def test_the_example_of_each_column_is_one_it_takes(kind: Kind) -> None:
    for column in sheet(kind).columns:
        if shown := example(column):
            convert(column.fact, shown)
        else:
            assert column.fact.type is FactType.TEXT, column.name


def test_the_documentation_lists_columns_states_and_clocks_as_they_are() -> None:
    page = DOCS.read_text(encoding="utf-8")
    stale = "docs/import.md is stale: run python docs/generate_import.py"
    for table in (columns_as_markdown(Kind.REFERRALS), columns_as_markdown(Kind.CASELOAD), states_as_markdown()):
        assert table in page, stale
