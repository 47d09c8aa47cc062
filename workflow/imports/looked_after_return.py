"""Reads an authority's looked-after return (SSDA903): when children started, and whether they were under one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from scheduler.calendars import completed_years
from workflow.errors import BadInput
from workflow.imports.columns import read_day
from workflow.imports.problems import REFUSED, Problems
from workflow.imports.reading import read_rows

# The columns that every year of the national collection has had, and that tell these tables from its others.
HEADER = ("CHILD", "SEX", "DOB", "ETHNIC")
EPISODES = ("CHILD", "DECOM", "RNE", "LS", "CIN", "PLACE", "DEC", "REC")
NEW_EPISODE = {"S": "started", "L": "legal", "P": "placement", "T": "same carer", "B": "both", "U": "same carer, both"}
STARTED = "S"
SHORT_BREAKS = frozenset({"V3", "V4"})  # a series of short breaks: the national figures leave such starts out
FIRST_MONTH = 4  # a year runs from 1 April to 31 March


@dataclass(frozen=True, slots=True)
class Start:
    """A child's first start in a year, and nothing else of the child: the day, and whether under one year old then."""

    on: date
    under_one: bool


@dataclass(frozen=True, slots=True)
class _Birth:
    line: int
    on: date


def year_of(day: date) -> int:
    """The year a day belongs to, by the year in which it begins: 31 March 2023 is of 2022."""
    return day.year if day.month >= FIRST_MONTH else day.year - 1


def read_return(header: Path, episodes: Path, today: date) -> tuple[Start, ...]:
    """Each child's first start in each year, in the order of their days.

    Starts of a series of short breaks are left out, and only the first of a year counts, as in the national figures.
    BadInput refuses both files as a whole: it lists everything wrong by file, line, column and reason, and repeats
    nothing of what the cells hold.
    """
    first, second = Problems(header.name), Problems(episodes.name)
    births = _births(header, today, first)
    starts = list(_starts(episodes, births if not first.count else None, today, second))
    check_files("nothing was counted", first, second)
    return tuple(sorted(starts, key=lambda one: one.on))


def check_files(nothing: str, *files: Problems) -> None:
    """BadInput with what is wrong in any of several files; `nothing` says what was not done for it."""
    count = sum(one.count for one in files)
    if count:
        names = " and ".join(one.file for one in files if one.count)
        things = "one thing is" if count == 1 else f"{count:,} things are"
        told = [f"{one.file}, {says}" for one in files for says in one.told()]
        raise BadInput(f"{nothing}, because {things} wrong in {names}", told)


def read_table(path: Path, needed: Sequence[str], problems: Problems) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file as (line, text by column in capitals); what cannot be read is put to the problems."""
    if path.suffix.lower() != ".csv":
        problems.add("is not a .csv file: save it as CSV")
        return
    try:
        rows = read_rows(path, lambda name: name.strip().upper() in needed)
        head = next(rows, None)
        names = [str(cell or "").strip().upper() for cell in head.cells] if head else []
        line = head.line if head else 1
        for name in needed:
            if (found := names.count(name)) != 1:
                problems.add("is missing" if not found else "stands there twice", line=line, column=name)
        if problems.count:
            return
        for row in rows:
            if len(row.cells) != len(names):
                problems.add(f"has {len(row.cells)} cells where the header has {len(names)}", line=row.line)
                continue
            for place, says in row.bad:
                problems.add(says, line=row.line, column=names[place])
            yield row.line, {name: str(cell or "") for name, cell in zip(names, row.cells, strict=True)}
    except BadInput as error:  # the file cannot be read on
        problems.add(str(error).removeprefix(REFUSED).removeprefix(f"{path.name} ").rstrip("."))


def _births(path: Path, today: date, problems: Problems) -> dict[str, _Birth]:
    """When each child was born, by the child's number."""
    births: dict[str, _Birth] = {}
    for line, row in read_table(path, HEADER, problems):
        child, born = row["CHILD"], _day(row, "DOB", line, today, problems)
        if not child:
            problems.add("is empty", line=line, column="CHILD")
        elif child in births:
            problems.add(f"the same child stands on line {births[child].line}", line=line, column="CHILD")
        else:
            births[child] = _Birth(line, born or date.min)
    return births


def _starts(path: Path, births: Mapping[str, _Birth] | None, today: date, problems: Problems) -> Iterator[Start]:
    """The first start of each child in each year. Without `births` only the file itself is looked at."""
    begun: dict[tuple[str, date], int] = {}
    first: dict[tuple[str, int], date] = {}
    for line, row in read_table(path, EPISODES, problems):
        began = _checked_episode(line, row, births, today, problems)
        child = row["CHILD"]
        if began is None:
            continue
        if (other := begun.setdefault((child, began), line)) != line:
            problems.add(f"the same child has an episode from that day on line {other}", line=line, column="DECOM")
        if row["RNE"] == STARTED and row["LS"] not in SHORT_BREAKS:
            year = (child, year_of(began))
            first[year] = min(began, first.get(year, began))
    if births is None or problems.count:
        return
    for (child, _), began in first.items():
        yield Start(began, completed_years(births[child].on, began) < 1)


def _checked_episode(
    line: int, row: Mapping[str, str], births: Mapping[str, _Birth] | None, today: date, problems: Problems
) -> date | None:
    """The day an episode began, if it is one; everything wrong with the row is put to the problems."""
    began = _day(row, "DECOM", line, today, problems)
    ended = _day(row, "DEC", line, today, problems) if row["DEC"] else None
    birth = births.get(row["CHILD"]) if births is not None else None
    if not row["CHILD"]:
        problems.add("is empty", line=line, column="CHILD")
    elif births is not None and birth is None:
        problems.add("this child does not stand in the header file", line=line, column="CHILD")
    if row["RNE"] not in NEW_EPISODE:
        problems.add(f"must be one of {', '.join(NEW_EPISODE)}", line=line, column="RNE")
    if not row["LS"]:
        problems.add("is empty", line=line, column="LS")
    if began and birth and began < birth.on:
        says = f"the episode begins before the child's date of birth (line {birth.line} of the header file)"
        problems.add(says, line=line, column="DECOM")
    if began and ended and ended < began:
        problems.add("the episode ends before it begins", line=line, column="DEC")
    return began


def _day(row: Mapping[str, str], column: str, line: int, today: date, problems: Problems) -> date | None:
    try:
        found = read_day(row[column]) if row[column] else None
    except ValueError as error:
        problems.add(str(error), line=line, column=column)
        return None
    if found is None:
        problems.add("is empty", line=line, column=column)
    elif found > today:
        problems.add("lies in the future", line=line, column=column)
        return None
    return found
