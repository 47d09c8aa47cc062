"""Renders pages: our own templates are strict, so a name that nobody gave is an error and not an empty space."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import ChainableUndefined, Environment, FileSystemLoader, PackageLoader, PrefixLoader, StrictUndefined

from scheduler.calendars import LONDON, as_utc, written
from states.roles import ROLE_LABELS, Role
from workflow.web.forms import Field
from workflow.web.source_names import source_words
from workflow.web.static_files import static_files

ONE_LINE = 40  # characters of options that fit beside each other
MACHINE_INSTANTS = re.compile(r": \d{4}-\d\d-\d\d \d\d:\d\d in London, \d{4}-\d\d-\d\d \d\d:\d\d UTC\.$")
TEMPLATES = Path(__file__).parent / "templates"
COMPONENTS = {
    "govukBackLink": "back-link",
    "govukBreadcrumbs": "breadcrumbs",
    "govukButton": "button",
    "govukCharacterCount": "character-count",
    "govukCheckboxes": "checkboxes",
    "govukDateInput": "date-input",
    "govukDetails": "details",
    "govukErrorMessage": "error-message",
    "govukErrorSummary": "error-summary",
    "govukFieldset": "fieldset",
    "govukGenericHeader": "generic-header",
    "govukHint": "hint",
    "govukInput": "input",
    "govukInsetText": "inset-text",
    "govukLabel": "label",
    "govukNotificationBanner": "notification-banner",
    "govukPagination": "pagination",
    "govukPanel": "panel",
    "govukPasswordInput": "password-input",
    "govukPhaseBanner": "phase-banner",
    "govukRadios": "radios",
    "govukSelect": "select",
    "govukServiceNavigation": "service-navigation",
    "govukSkipLink": "skip-link",
    "govukSummaryList": "summary-list",
    "govukTable": "table",
    "govukTabs": "tabs",
    "govukTag": "tag",
    "govukTaskList": "task-list",
    "govukTextarea": "textarea",
    "govukWarningText": "warning-text",
}


class Place(NamedTuple):
    """An entry of the navigation: `id` is what a page gives as `here`."""

    id: str
    label: str
    href: str


PLACES = (
    Place("work", "My work", "/work"),
    Place("team", "Team", "/team"),
    Place("clinics", "Clinics", "/clinics"),
    Place("referral", "New referral", "/referrals/new"),
    Place("reports", "Reports", "/reports"),
    Place("policies", "Policies", "/policies"),
    Place("help", "Help", "/help"),
    Place("system", "System", "/system"),
    Place("account", "Account", "/account"),
)

# What the layout reads and most pages need not say.
DEFAULTS: dict[str, Any] = {
    "demo": False,
    "nonce": "",  # what lets this answer's scripts run, under its content policy
    "here": "",
    "places": PLACES,
    "signed_in": None,  # the name of who is signed in
    "csrf": "",  # the token of their session, for signing out
    "notice": None,  # one sentence about what was just done
    "back": None,  # an address: shows a link back to it
    "problems": (),
}


def render(template: str, **values: Any) -> str:
    """The page as text. `title` is required of every page that extends `layout.html`."""
    return environment().get_template(template).render({**DEFAULTS, **values})


@cache
def environment() -> Environment:
    """Our templates. The GOV.UK macros come from an environment of their own, since they count on missing names."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=True,
        auto_reload=False,  # a page would ask the disk forty times whether a template has changed
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(FILTERS)
    env.globals.update(_govuk_macros(), static=lambda path: static_files().url(path))
    return env


def prepare() -> None:
    """Compiles every page before the first is asked for: no visitor waits for it, and what it leaves in memory rests
    with all else that lasts as long as the server.
    """
    for name in environment().list_templates(extensions=["html"]):
        environment().get_template(name)


def _govuk_macros() -> dict[str, Any]:
    loader = PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")})
    lenient = Environment(loader=loader, undefined=ChainableUndefined, autoescape=True, auto_reload=False)
    found = {}
    for macro, folder in COMPONENTS.items():
        template = lenient.get_template(f"govuk_frontend_jinja/components/{folder}/macro.html")
        found[macro] = getattr(template.module, macro)
    return found


# Filters


def local_date(when: date | datetime | str | None) -> str:
    """Wednesday 25 November 2026; an instant as the day it was in England. Text is read as JSON writes it."""
    if when is None or when == "":
        return ""
    if isinstance(when, str):
        when = datetime.fromisoformat(when) if "T" in when or " " in when else date.fromisoformat(when)
    return written(as_utc(when).astimezone(LONDON).date() if isinstance(when, datetime) else when)


def short_date(when: date | datetime | str | None) -> str:
    """25 November 2026."""
    return local_date(when).partition(" ")[2]


def local_time(when: datetime | str | None) -> str:
    """9:30am on 25 November 2026, on clocks in England."""
    if when is None or when == "":
        return ""
    instant = datetime.fromisoformat(when) if isinstance(when, str) else when
    return f"{clock_time(instant)} on {short_date(instant)}"


def clock_time(instant: datetime) -> str:
    """9:30am; midday and midnight by name. In the hour that comes twice, BST or GMT says which."""
    local = as_utc(instant).astimezone(LONDON)
    if (local.minute, local.hour) in ((0, 0), (0, 12)):
        return "midday" if local.hour else "midnight"
    twice = local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
    hour = local.hour % 12 or 12
    return f"{hour}:{local.minute:02d}{'am' if local.hour < 12 else 'pm'}" + (f" {local.tzname()}" if twice else "")


def plural(count: int, one: str, many: str | None = None) -> str:
    """1 case, 2 cases, 0 cases, 1,200 cases."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def working_days(days: int) -> str:
    """In 3 working days, today, 2 working days late: how far away a due date is, given working days until it."""
    if days == 0:
        return "today"
    return f"in {plural(days, 'working day')}" if days > 0 else f"{plural(-days, 'working day')} late"


def role_label(role: str) -> str:
    """The role in words; what is no role as it is."""
    return ROLE_LABELS[Role(role)] if role in set(Role) else role


def capitalize_first(words: str) -> str:
    """With a capital letter, and all others as they are: Pause practitioner."""
    return words[:1].upper() + words[1:]


RECORD_WORDS = {
    "baby": "Pre-birth work and what follows it",
    "pause": "Pause",
    "both": "Pre-birth work and Pause",
}


def record_words(record: str) -> str:
    """Whose record a team works on, in words."""
    return RECORD_WORDS[str(record)]


class Tag(NamedTuple):
    """A status as it is shown: a symbol and words, and a colour that adds nothing to them."""

    symbol: str
    words: str
    colour: str


STATUS = {
    "on track": Tag("○", "On track", "green"),
    "amber warning": Tag("△", "Due soon", "yellow"),
    "breached": Tag("▲", "Past its date", "red"),
    "breached with agreed extension": Tag("◆", "Past its date, extension agreed", "purple"),
    "paused": Tag("‖", "Paused", "blue"),
    "met": Tag("✓", "Met", "green"),
    "met late": Tag("✓", "Met late", "red"),
    "met, recorded late": Tag("✓", "Met, recorded late", "green"),
    "cancelled": Tag("×", "Cancelled", "grey"),
    "undetermined": Tag("?", "Date not yet known", "grey"),
}


def status(words: str) -> Tag:
    """How a deadline's standing is shown; a word we do not know is shown as it is."""
    return STATUS.get(str(words)) or Tag("•", str(words).capitalize(), "grey")


KINDS = {
    "moved": Tag("✓", "Moved", "green"),
    "followed": Tag("↳", "Followed another case", "blue"),
    "refused": Tag("×", "Refused", "red"),
    "corrected": Tag("✎", "Corrected", "purple"),
    "clock": Tag("◷", "Time limit changed", "blue"),
    "alerted": Tag("!", "People were told", "yellow"),
    "answered": Tag("↩", "Alert answered", "blue"),
    "erased": Tag("▢", "Personal content erased", "grey"),
    "system": Tag("•", "Recorded by the service", "grey"),
}


def entry_kind(kind: str) -> Tag:
    """How the kind of an entry of the timeline is shown."""
    return KINDS.get(str(kind)) or Tag("•", str(kind).capitalize(), "grey")


def by_when(instant: datetime | str | None) -> str:
    """When something is due at the latest: the end of Thursday 26 November 2026, or 9:30am on 26 November 2026."""
    if instant is None or instant == "":
        return ""
    at = as_utc(datetime.fromisoformat(instant) if isinstance(instant, str) else instant).astimezone(LONDON)
    if (at.hour, at.minute) == (0, 0):
        return f"the end of {written((at - timedelta(hours=1)).date())}"
    return local_time(at)


def step_words(says: str) -> str:
    """A step of a worked-out date, without the instants as a machine writes them: those the API gives."""
    return MACHINE_INSTANTS.sub(".", says)


def subject(words: str) -> str:
    """What one run of a clock is about: child:1 as child 1, approval:accept as approval."""
    kind, _, name = str(words).partition(":")
    return f"{kind} {name}" if name.isdigit() or kind == "item" else kind


def iso(when: datetime | date | str) -> str:
    """As a machine reads it."""
    return when if isinstance(when, str) else when.isoformat()


def figure(value: float) -> str:
    """1,200; 3.5; 4 where it is whole."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def navigation(places: Sequence[Place], here: str) -> list[Mapping[str, Any]]:
    """The places as the service navigation takes them."""
    return [{"text": place.label, "href": place.href, "current": place.id == here} for place in places]


def choices(shown: Field, mark: str) -> list[Mapping[str, Any]]:
    """The options of a field as the GOV.UK macros take them; `mark` is their word for chosen."""
    return [{"value": one.value, "text": one.label, mark: one.chosen} for one in shown.options]


def is_short(shown: Field) -> bool:
    """Whether all its options fit beside each other."""
    return sum(len(one.label) for one in shown.options) <= ONE_LINE


FILTERS = {
    "choices": choices,
    "is_short": is_short,
    "local_date": local_date,
    "short_date": short_date,
    "local_time": local_time,
    "clock_time": clock_time,
    "plural": plural,
    "working_days": working_days,
    "role_label": role_label,
    "capitalize_first": capitalize_first,
    "record_words": record_words,
    "status": status,
    "entry_kind": entry_kind,
    "by_when": by_when,
    "step_words": step_words,
    "source_words": source_words,
    "subject": subject,
    "iso": iso,
    "figure": figure,
    "navigation": navigation,
}
