"""The under-one indicator: children who started to be looked after in a year, and how many were under one."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from workflow.accounts import Actor
from workflow.acts import Way, record_system_act
from workflow.errors import BadInput
from workflow.figure_tables import UnderOneFigures
from workflow.imports.looked_after_return import FIRST_MONTH, Start, read_return, year_of
from workflow.imports.published_shares import Published, read_published, read_year, year_words
from workflow.reports import percent
from workflow.suppression import shown
from workflow.tables import table

KEPT = table(UnderOneFigures)
MONTHS, QUARTER = 12, 3
COUNTS = ("under_one", "older")


def counted(
    header: Path,
    episodes: Path,
    today: date,
    *,
    year: str | None = None,
    published: Path | None = None,
    authority: str = "",
) -> dict[str, Any]:
    """The figures of one year from the files, and beside them what was published of that authority in each year.

    Without a year, the one of the latest start. A year runs from 1 April to 31 March. Only the counts leave this
    function. BadInput where the files, the year or the name cannot be used.
    """
    starts = read_return(header, episodes, today)
    figures = indicator(starts, _year(year, starts, today))
    national = compared(read_published(published), authority) if published is not None else []
    return {**figures, "published": national}


def counted_from(
    today: date, *, header: bytes, episodes: bytes, published: bytes = b"", year: str | None = None, authority: str = ""
) -> dict[str, Any]:
    """The same of files that were sent. They are on disk while they are read, and gone when the figures are there."""
    with tempfile.TemporaryDirectory(prefix="waymark-return-") as folder:
        paths = {name: Path(folder) / f"{name}.csv" for name in ("header", "episodes", "published")}
        for name, content in (("header", header), ("episodes", episodes), ("published", published)):
            paths[name].write_bytes(content)
        table = paths["published"] if published else None
        return counted(paths["header"], paths["episodes"], today, year=year, published=table, authority=authority)


def _year(asked: str | None, starts: Sequence[Start], today: date) -> int:
    if asked:
        try:
            return read_year(asked)
        except ValueError as error:
            raise BadInput(f"the year {error}") from None
    return year_of(starts[-1].on) if starts else year_of(today)


def indicator(starts: Iterable[Start], year: int) -> dict[str, Any]:
    """How many started in the year, how many of them under one, and the share; the same by month and by quarter."""
    of_year = [one for one in starts if year_of(one.on) == year]
    months = [_counts(_month_words(year, place), [s for s in of_year if _place(s) == place]) for place in range(MONTHS)]
    quarters = [
        _counts(f"Quarter {first // QUARTER + 1}", [s for s in of_year if _place(s) // QUARTER == first // QUARTER])
        for first in range(0, MONTHS, QUARTER)
    ]
    whole = _counts(year_words(year), of_year)
    return {"year": whole.pop("label"), **whole, "months": months, "quarters": quarters}


def _place(start: Start) -> int:
    """The place of a start's month in its year: 0 for April."""
    return (start.on.month - FIRST_MONTH) % MONTHS


def _month_words(year: int, place: int) -> str:
    month = (FIRST_MONTH - 1 + place) % MONTHS + 1
    return f"{date(year + (month < FIRST_MONTH), month, 1):%B %Y}"


def _counts(label: str, starts: Sequence[Start]) -> dict[str, Any]:
    under_one = sum(one.under_one for one in starts)
    return {"label": label, "starts": len(starts), "under_one": under_one, "share": percent(under_one, len(starts))}


def compared(published: Sequence[Published], authority: str) -> list[dict[str, Any]]:
    """The share of an authority in each year, its rank among those that published one (1: the highest), of how many.

    Those with the same share have the same rank. BadInput for a name that stands in no row.
    """
    names = {one.authority.casefold(): one.authority for one in published}
    if authority.strip().casefold() not in names:
        near = get_close_matches(authority.strip().casefold(), names, n=3, cutoff=0.5)
        told = f"; the nearest are: {', '.join(names[one] for one in near)}" if near else ""
        raise BadInput(f"no row of the published table is of {authority.strip()[:60] or 'no name'}{told}")
    own = [one for one in published if one.authority.casefold() == authority.strip().casefold()]
    return [_ranked(one, published) for one in sorted(own, key=lambda one: one.year)]


def _ranked(own: Published, published: Sequence[Published]) -> dict[str, Any]:
    shares = [one.share for one in published if one.year == own.year and one.share is not None]
    rank = 1 + sum(other > own.share for other in shares) if own.share is not None else None
    return {"year": year_words(own.year), "share": _rounded(own.share), "rank": rank, "of": len(shares)}


def _rounded(share: Fraction | None) -> int | None:
    return None if share is None else percent(share.numerator, 100 * share.denominator)


def keep(
    connection: Connection, actor: Actor, now: datetime, figures: Mapping[str, Any], way: Way | None = None
) -> None:
    """Keeps the counts of a year for the standing report, in the place of those kept before; evidence says by whom."""
    row = {"authority": actor.authority, "year": figures["year"], "figures": dict(figures), "kept_at": now}
    same = (KEPT.c.authority == actor.authority) & (KEPT.c.year == figures["year"])
    connection.execute(KEPT.delete().where(same))
    connection.execute(KEPT.insert(), row)
    said = {name: figures[name] for name in ("year", "starts", "under_one")}
    record_system_act(connection, "keep_under_one", actor, now, facts=said, way=way)


def kept(connection: Connection, authority: str, *, below: int | None = None) -> list[dict[str, Any]]:
    """The years kept, the latest first. With `below`, by quarter only and without counts under it (None).

    Months are left out then: their sums would give away what a quarter withholds.
    """
    query = select(KEPT).where(KEPT.c.authority == authority).order_by(KEPT.c.year.desc())
    rows = [{**row.figures, "kept_at": row.kept_at} for row in connection.execute(query)]
    return rows if below is None else [_withheld(row, below) for row in rows]


def _withheld(figures: Mapping[str, Any], below: int) -> dict[str, Any]:
    table = [[one["under_one"], one["starts"] - one["under_one"]] for one in figures["quarters"]]
    *quarters, whole = [_shown(row) for row in shown(table, below)]
    told = [{"label": was["label"], **one} for was, one in zip(figures["quarters"], quarters, strict=True)]
    return {**figures, **whole, "months": [], "quarters": told}


def _shown(row: Sequence[int | None]) -> dict[str, Any]:
    under_one, _, starts = row
    share = percent(under_one, starts) if under_one is not None and starts is not None else None
    return {"starts": starts, "under_one": under_one, "share": share}
