"""Reads a table of published figures: the share of children who started under one, by authority and year."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from workflow.errors import BadInput
from workflow.imports.looked_after_return import check_files, read_table
from workflow.imports.problems import Problems

NEEDED = ("AUTHORITY", "YEAR")
NOT_PUBLISHED = frozenset({"", "c", "x", "z", ":", "u", "low"})  # how published tables mark what they withhold
A_YEAR = "must be a year such as 2022/23"


@dataclass(frozen=True, slots=True)
class Published:
    """The share of one authority in the year that began in `year`, in per cent; None where it was not published."""

    authority: str
    year: int
    share: Fraction | None


def read_year(text: str) -> int:
    """2022/23, 2022-23 or 202223 as the year in which it begins; ValueError for anything else."""
    found = re.fullmatch(r"(\d{4})[/-]?(\d{2})", text.strip(), re.ASCII)
    if not found or (int(found[1]) + 1) % 100 != int(found[2]):
        raise ValueError(A_YEAR)
    return int(found[1])


def year_words(year: int) -> str:
    return f"{year}/{(year + 1) % 100:02d}"


def read_published(path: Path) -> tuple[Published, ...]:
    """The rows of a CSV file with the columns authority, year, and share or starts and under_one.

    A share is in per cent. BadInput lists everything wrong by line, column and reason; nothing of it is used then.
    """
    problems = Problems(path.name)
    found: dict[tuple[str, int], tuple[int, Published]] = {}
    for line, row in read_table(path, NEEDED, problems):
        name, year = row["AUTHORITY"], _year(row["YEAR"], line, problems)
        share = _share(row, line, problems)
        if not name:
            problems.add("is empty", line=line, column="AUTHORITY")
        if not name or year is None:
            continue
        other, _ = found.setdefault((name.casefold(), year), (line, Published(name, year, share)))
        if other != line:
            problems.add(f"the same authority and year stand on line {other}", line=line, column="AUTHORITY")
    if not found and not problems.count:
        problems.add("has no row under its header")
    check_files("nothing was compared", problems)
    return tuple(one for _, one in found.values())


def _year(text: str, line: int, problems: Problems) -> int | None:
    try:
        return read_year(text)
    except ValueError as error:
        problems.add(str(error), line=line, column="YEAR")
        return None


def _share(row: Mapping[str, str], line: int, problems: Problems) -> Fraction | None:
    """The share by the counts where there are columns of them, else as it stands."""
    if {"STARTS", "UNDER_ONE"} <= row.keys():
        starts, under_one = (_number(row, name, line, problems) for name in ("STARTS", "UNDER_ONE"))
        if starts is None or under_one is None or not starts:
            return None
        if under_one > starts:
            problems.add("is more than all who started", line=line, column="UNDER_ONE")
        return 100 * under_one / starts
    if "SHARE" in row:
        share = _number(row, "SHARE", line, problems)
        if share is not None and share > 100:
            problems.add("must be a share in per cent, from 0 to 100", line=line, column="SHARE")
        return share
    raise BadInput("nothing was compared: the published table has neither a column share nor starts and under_one")


def _number(row: Mapping[str, str], name: str, line: int, problems: Problems) -> Fraction | None:
    text = row[name].removesuffix("%").strip()
    if text.casefold() in NOT_PUBLISHED:
        return None
    whole = name != "SHARE"
    if not re.fullmatch(r"\d{1,9}" if whole else r"\d{1,3}(\.\d{1,9})?", text, re.ASCII):
        says = "must be a whole number" if whole else "must be a share in per cent, such as 29 or 29.4"
        problems.add(says, line=line, column=name)
        return None
    return Fraction(text)
