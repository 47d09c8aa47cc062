"""Gestation from the expected date of birth: completed days, the written form 34+0, and the day a point is reached."""

from datetime import date

from scheduler.calendars import add_days

FULL_TERM = 280  # completed days at the expected date of birth: 40+0


def gestation_on(edd: date, day: date) -> int:
    """Completed days of gestation on that local date; 280 on the expected date of birth, negative before 0+0."""
    return FULL_TERM - (edd - day).days


def as_weeks(days: int) -> str:
    """Completed days as weeks+days: 238 is "34+0". Where the pregnancy has not begun: "before 0+0"."""
    return f"{days // 7}+{days % 7}" if days >= 0 else "before 0+0"


def day_of(edd: date, days: int) -> date:
    """The local date on which so many days of gestation are complete. ValueError where no such date can be written."""
    return add_days(edd, days - FULL_TERM)
