"""The timeline of a run as SVG: a lane for each case; presentation attributes only, and never by colour alone."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from html import escape
from itertools import groupby, pairwise
from typing import Any

from scheduler.calendars import LONDON, add_days, add_months, at_time, local_date
from states.drawing import FONT, INK, LINE_INK, PAPER, SHADE, SOFT, text_width, wrap
from workflow.simulation.course import Band, CaseRun, Run

WIDTH, MARGIN, NAMES = 1600, 24, 268  # the column of names on the left
LEFT, RIGHT = MARGIN + NAMES, WIDTH - MARGIN - 60
ROOM = 30  # what each change and alert gets at least, so that its label can be read
BAND, ROW, MOVES = 40, 26, 18
SMALL, PLAIN, HEAD = 12, 14, 20
CHARACTERS = 36  # of a clock's label beside its row
MIDNIGHT = time(0)
MOST_LABELS = 14

BANDS = ("#dbe7f0", "#f1e9d2")  # neighbours differ
ALERT, MET, LATE, HATCH = "#8a1c00", "#005a30", "#8a1c00", "#505a5f"
Lines = list[str]


class Axis:
    """Time to the place on the page: in proportion, but each instant named gets room of its own."""

    def __init__(self, start: datetime, end: datetime, instants: Sequence[datetime]) -> None:
        self._points = sorted({start, end, *(one for one in instants if start < one < end)})
        spans = [(later - earlier).total_seconds() for earlier, later in pairwise(self._points)]
        room = min(ROOM, 0.7 * (RIGHT - LEFT) / len(spans))
        free = (RIGHT - LEFT) - room * len(spans)
        self._places = [float(LEFT)]
        for span in spans:
            self._places.append(self._places[-1] + room + free * span / sum(spans))

    @property
    def end(self) -> float:
        return self._places[-1]

    def x(self, at: datetime) -> float:
        at = min(max(at, self._points[0]), self._points[-1])
        for (since, until), (left, right) in zip(pairwise(self._points), pairwise(self._places), strict=True):
            if at <= until:
                return left + (right - left) * ((at - since) / (until - since))
        return self.end


def as_svg(run: Run) -> str:
    """The whole picture."""
    cases = [one for one in run.cases.values() if not one.background and one.bands]
    axis = _axis(run, cases)
    body: Lines = []
    top = _heading(run, body)
    first = top
    for case in cases:
        top = _lane(case, axis, top, body)
    behind = [*_dates(axis, run, first, top), *_outages(run, axis, first, top)]
    body += _outage_names(run, axis, first)
    top = _key(top + 44, body)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top:.0f}" width="{WIDTH}" '
            f'height="{top:.0f}" role="img" aria-labelledby="title desc" font-family="{FONT}">',
            f'<title id="title">Timeline: {escape(run.scenario.title)}</title>',
            f'<desc id="desc">{escape(_described(run, cases))}</desc>',
            '<defs><pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse" '
            f'patternTransform="rotate(45)"><path d="M0 0V8" stroke="{HATCH}" stroke-width="2"/></pattern></defs>',
            f'<rect width="{WIDTH}" height="{top:.0f}" fill="{PAPER}"/>',
            *behind,
            *body,
            "</svg>",
            "",
        ]
    )


def _axis(run: Run, cases: Sequence[CaseRun]) -> Axis:
    end = max([run.ended_at, *(one[1] for one in run.outages)])
    margin = max((end - run.scenario.start) / 40, timedelta(hours=1))
    instants = [band.since for case in cases for band in case.bands]
    instants += [alert["at"] for case in cases for alert in case.alerts]
    instants += [one for outage in run.outages for one in outage]
    return Axis(run.scenario.start, end + margin, instants)


def _described(run: Run, cases: Sequence[CaseRun]) -> str:
    said = [run.scenario.shows, "Time runs from left to right and is stretched where much happens."]
    for case in cases:
        went = ", then ".join(f"{band.label} from {_day(band.since)}" for band in case.bands)
        said.append(f"{case.name} ({case.ref}): {went}; {len(case.deadlines)} deadlines, {len(case.alerts)} alerts.")
    return " ".join(said)


def _heading(run: Run, body: Lines) -> float:
    body.append(_text(MARGIN, MARGIN + HEAD, run.scenario.title, size=HEAD, bold=True))
    top = MARGIN + HEAD + 22.0
    for line in wrap(run.scenario.shows, WIDTH - 2 * MARGIN, PLAIN):
        body.append(_text(MARGIN, top, line, size=PLAIN, colour=SOFT))
        top += 18
    return top + 26


# The scale


def _dates(axis: Axis, run: Run, top: float, bottom: float) -> Iterator[str]:
    """Upright lines at days, Mondays or months, labelled above and below, as many as can be read."""
    last = -1000.0
    for day in _days(run):
        x = axis.x(at_time(day, MIDNIGHT))
        yield f'<path d="M{x:.1f} {top - 8:.1f}V{bottom:.1f}" stroke="#d0d5d8" stroke-width="1"/>'
        if x - last < 78 or x > RIGHT - 20:
            continue
        last = x
        for y in (top - 14, bottom + 16):
            yield _text(x, y, _day(at_time(day, MIDNIGHT)), size=SMALL, colour=SOFT, anchor="middle")


def _days(run: Run) -> list[date]:
    first, last = local_date(run.scenario.start), local_date(run.ended_at)
    days = (last - first).days
    if days <= MOST_LABELS:
        return [add_days(first, n) for n in range(1, days + 1)]
    if days <= 7 * MOST_LABELS:
        return [add_days(first, n) for n in range(1, days + 1) if add_days(first, n).weekday() == 0]
    months = (last.year - first.year) * 12 + last.month - first.month
    return [add_months(first.replace(day=1), n) for n in range(1, months + 1)]


def _outages(run: Run, axis: Axis, top: float, bottom: float) -> Iterator[str]:
    for since, until in run.outages:
        left, right = axis.x(since), axis.x(until)
        yield (
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" '
            'fill="url(#hatch)" fill-opacity="0.35"/>'
        )


def _outage_names(run: Run, axis: Axis, top: float) -> Iterator[str]:
    """The word over the hatching, in front of everything, where the moves of the first case are."""
    width = text_width("outage", SMALL, bold=True) + 8
    for since, until in run.outages:
        middle = (axis.x(since) + axis.x(until)) / 2
        place = f'x="{middle - width / 2:.1f}" y="{top + BAND - 1:.1f}"'
        yield f'<rect {place} width="{width:.1f}" height="17" fill="{PAPER}" stroke="{HATCH}"/>'
        yield _text(middle, top + BAND + 12, "outage", size=SMALL, bold=True, anchor="middle")


# One case


def _lane(case: CaseRun, axis: Axis, top: float, body: Lines) -> float:
    """States, then moves, then a row for each clock; returns where the next lane begins."""
    body.append(_text(MARGIN, top + 17, case.name, size=PLAIN + 2, bold=True))
    body.append(_text(MARGIN, top + 34, f"{case.ref}, {case.lifecycle.label.lower()}", size=SMALL, colour=SOFT))
    key = [line for number, band in enumerate(case.bands, 1) for line in _band(band, number, axis, top, body)]
    top += BAND
    body.append(_text(LEFT - 8, top + 14, "moves", size=SMALL, colour=SOFT, anchor="end"))
    for at, _, label in case.moves:
        x = axis.x(at)
        body.append(
            f'<path d="M{x:.1f} {top + 2:.1f}v{MOVES - 4}" stroke="{INK}" stroke-width="2">'
            f"<title>{escape(label)}, {_moment(at)}</title></path>"
        )
    top += MOVES + 4
    rows = sorted(case.deadlines, key=lambda row: row["clock"])
    clocks = [list(group) for _, group in groupby(rows, key=lambda row: row["clock"])]
    for deadlines in sorted(clocks, key=lambda group: group[0]["started_at"]):
        _clock(case, deadlines, axis, top, body)
        top += ROW
    for line in wrap("; ".join(key), RIGHT - LEFT, SMALL):
        body.append(_text(LEFT, top + 16, line, size=SMALL, colour=SOFT))
        top += 16
    return top + 36


def _band(band: Band, number: int, axis: Axis, top: float, body: Lines) -> Iterator[str]:
    """A state as a bar; what does not fit into it is told in the key, by its number."""
    left, right = axis.x(band.since), axis.x(band.until) if band.until else axis.end
    width = max(right - left, 2)
    body.append(
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{BAND - 4}" fill="{BANDS[number % 2]}" '
        f'stroke="{LINE_INK}"><title>{escape(band.label)}, from {_moment(band.since)}</title></rect>'
    )
    if text_width(band.label, SMALL, bold=True) + 10 <= width:
        body.append(_text(left + 5, top + 15, band.label, size=SMALL, bold=True))
        if text_width(_day(band.since), SMALL) + 10 <= width:
            body.append(_text(left + 5, top + 30, _day(band.since), size=SMALL))
            return
    else:
        body.append(_text(left + width / 2, top + 15, str(number), size=SMALL, bold=True, anchor="middle"))
    yield f"{number} {band.label} from {_day(band.since)}"


def _clock(case: CaseRun, deadlines: Sequence[dict[str, Any]], axis: Axis, top: float, body: Lines) -> None:
    """All deadlines of one clock on one row: from their start to the date, with how they ended."""
    middle = top + ROW / 2
    label = deadlines[0]["label"]
    short = label if len(label) <= CHARACTERS else f"{label[: CHARACTERS - 1].rstrip()}…"
    body.append(f"<g><title>{escape(label)}</title>{_text(LEFT - 8, middle + 4, short, size=SMALL, anchor='end')}</g>")
    body.append(f'<path d="M{LEFT} {middle:.1f}H{RIGHT}" stroke="{SHADE}" stroke-width="1"/>')
    for row in deadlines:
        _deadline(row, axis, middle, body)
    numbers = {row["deadline"] for row in deadlines}
    for alert in case.alerts:
        if alert["deadline"] in numbers:
            _dot(alert, axis, middle, body)


def _deadline(row: dict[str, Any], axis: Axis, y: float, body: Lines) -> None:
    start, due, outcome = row["started_at"], row["due_at"], row["outcome"]
    late = outcome in ("met late", "overdue", "cancelled late")
    until = row["closed_at"] or due
    said = f"{row['deadline']}: {row['label']}, due {row['due_on'] or 'when it is known'}, {outcome}"
    left = axis.x(start)
    right = axis.x(min(due, until) if due and until and not late else due or until or start)
    body.append(
        f'<g><title>{escape(said)}</title><path d="M{left:.1f} {y:.1f}H{right:.1f}" stroke="{LINE_INK}" '
        f'stroke-width="3"/><path d="M{left:.1f} {y - 4:.1f}v8" stroke="{LINE_INK}" stroke-width="2"/>'
    )
    if late:
        body.append(_cross(axis.x(due), y))
        word = {"met late": "late", "overdue": "overdue", "cancelled late": "late"}[outcome]
        body.append(_text(axis.x(due) + 8, y + 11, word, size=11, colour=LATE))
    elif outcome == "met":
        body.append(f'<path d="M{right - 5:.1f} {y - 1:.1f}l4 5l7 -10" fill="none" stroke="{MET}" stroke-width="2.5"/>')
    elif outcome == "cancelled":
        body.append(f'<path d="M{right:.1f} {y - 6:.1f}v12" stroke="{SOFT}" stroke-width="2" stroke-dasharray="2 2"/>')
    body.append("</g>")


def _cross(x: float, y: float) -> str:
    return f'<path d="M{x - 8:.1f} {y - 8:.1f}l16 16m0 -16l-16 16" stroke="{LATE}" stroke-width="2.5"/>'


def _dot(alert: dict[str, Any], axis: Axis, y: float, body: Lines) -> None:
    x, level = axis.x(alert["at"]), alert["level"]
    told = ", ".join(alert["told"]) or "nobody"
    said = f"{level} on {_moment(alert['at'])}: told {told}"
    fill = PAPER if level.startswith("A") else ALERT
    body.append(
        f'<g><title>{escape(said)}</title><circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{fill}" stroke="{ALERT}" '
        f'stroke-width="2"/>{_text(x, y - 7, level, size=11, bold=True, colour=ALERT, anchor="middle")}</g>'
    )


# The key


def _key(top: float, body: Lines) -> float:
    """What each mark stands for."""
    x = float(MARGIN)
    marks = (
        (f'<path d="M0 -4v8M0 0H22" stroke="{LINE_INK}" stroke-width="3"/>', "a deadline, from its start to its date"),
        (f'<path d="M6 -1l4 5l7 -10" fill="none" stroke="{MET}" stroke-width="2.5"/>', "met in time"),
        (_cross(11, 0), "the date passed: late"),
        (f'<path d="M11 -6v12" stroke="{SOFT}" stroke-width="2" stroke-dasharray="2 2"/>', "no longer needed"),
        (f'<circle cx="11" cy="0" r="4.5" fill="{PAPER}" stroke="{ALERT}" stroke-width="2"/>', "warning (A)"),
        (f'<circle cx="11" cy="0" r="4.5" fill="{ALERT}"/>', "alert, with its level"),
        (f'<path d="M11 -7v14" stroke="{INK}" stroke-width="2"/>', "a move"),
        ('<rect x="0" y="-7" width="22" height="14" fill="url(#hatch)" fill-opacity="0.35"/>', "outage"),
    )
    for mark, says in marks:
        body.append(f'<g transform="translate({x:.1f} {top:.1f})">{mark}</g>')
        body.append(_text(x + 30, top + 4, says, size=SMALL))
        x += 30 + text_width(says, SMALL) + 24
    return top + MARGIN


def _text(
    x: float, y: float, words: str, *, size: int, bold: bool = False, colour: str = INK, anchor: str = "start"
) -> str:
    weight = ' font-weight="700"' if bold else ""
    place = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}"{weight}{place}>{escape(words)}</text>'


def _day(at: datetime) -> str:
    day = local_date(at)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _moment(at: datetime) -> str:
    return f"{_day(at)} {at.astimezone(LONDON):%H:%M}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
