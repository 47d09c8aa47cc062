"""Options and arguments that several commands share, and how their values are read."""

from datetime import UTC, date, datetime
from typing import Annotated

import typer


def example(*lines: str) -> str:
    """The end of a command's help: what one would really type."""
    return "\n".join(["\b", "Example:" if len(lines) == 1 else "Examples:", *(f"  {line}" for line in lines)])


def read_day(text: str | date) -> date:
    """A date as typed; bad usage where it is none."""
    if isinstance(text, date):
        return text
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text[:40]!r} is not a date such as 2026-11-23") from None


def read_occurred(text: str, now: datetime) -> datetime:
    """When something happened: an instant, or a day, meaning noon in England (or now, where noon has not come yet)."""
    from datetime import time

    from scheduler.calendars import at_time, local_date

    try:
        if len(text) <= len("2026-11-23"):
            day = date.fromisoformat(text)
            noon = at_time(day, time(12))
            return min(noon, now) if day == local_date(now) else noon
        instant = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text[:40]!r} is not a date such as 2026-11-23, or a time such as 2026-11-23T09:30+00:00",
            param_hint="--occurred",
        ) from None
    if instant.tzinfo is None:
        raise typer.BadParameter(
            f"{text!r} needs its offset from UTC, such as {text}+00:00 in winter", param_hint="--occurred"
        )
    return instant.astimezone(UTC)


AsUser = Annotated[str | None, typer.Option("--as", metavar="USER", help="Act as this account (demo databases only).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Ref = Annotated[str, typer.Argument(metavar="REF", help="The case, such as PB-12.")]
Facts = Annotated[
    str | None, typer.Option("--facts", metavar="FILE", help="A JSON file of facts, '-' for standard input, or JSON.")
]
FactPairs = Annotated[
    list[str] | None, typer.Option("--fact", metavar="NAME=VALUE", help="One fact; can be given several times.")
]
Occurred = Annotated[
    str | None,
    typer.Option(
        "--occurred", metavar="WHEN", help="When it happened: 2026-11-20, or a time with its offset. Now if left out."
    ),
]
Version = Annotated[
    int | None, typer.Option("--version", metavar="N", min=0, help="The version you looked at; refused if it changed.")
]
Key = Annotated[
    str | None, typer.Option("--key", help="A key of your own: the same command again gives the first answer.")
]
ReasonCode = Annotated[
    str | None, typer.Option("--reason-code", metavar="CODE", help="Why, where a rule is overridden.")
]
