"""What messages say: a reference, a level, a due date and a link. Nothing about a person can get in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from scheduler.calendars import written
from workflow.delivery.channel import DeliveryFailed

CASE = re.compile(r"[A-Z]{2,3}-\d{1,12}")
DEADLINE = re.compile(r"[A-Z]{2,3}-\d{1,12}\.\d{1,9}")
ENTRY = re.compile(r"[A-Z]{2,3}-\d{1,12}#\d{1,9}")
LEVEL = re.compile(r"[A-Z]\d{0,2}")
JOB = re.compile(r"[a-z]{1,20}( [a-z]{1,20}){0,3}")
TEAM = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
ABSENT = re.compile(r"worker_left|worker_away")
VERSION = re.compile(r"[A-Za-z0-9._-]{1,40}")
CHECK = re.compile(r"light|nightly")
MOST = 10**9
FOOTER = (
    "Messages from Waymark carry a reference and no names, on purpose. Sign in to see the case. "
    "Please do not reply to this message."
)
MOST_LISTED = 50


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message in words, with the fields it is made of."""

    subject: str
    text: str
    link: str
    fields: Mapping[str, Any]


def render(template: str, params: Mapping[str, Any], base_url: str) -> Rendered:
    """The message in words. DeliveryFailed (permanent) where a field is not what it should be.

    Only the fields named here are read, and each must look like a reference, a level, a date or a number: a name that
    strayed into `params` cannot leave the service.
    """
    if template not in WORDS:
        raise DeliveryFailed(f"there is no template {template[:40]!r}", permanent=True)
    return WORDS[template](params, base_url.rstrip("/"))


def _deadline(params: Mapping[str, Any], base_url: str) -> Rendered:
    fields = _about_a_deadline(params)
    case, level, due = fields["case"], fields["level"], _in_words(fields["due_on"])
    link = f"{base_url}/cases/{case}"
    if level.startswith("A"):
        subject = f"{case}: a time limit is close"
        says = f"Time limit {fields['deadline']} on case {case} is due on {due}."
    else:
        subject = f"{case}: a time limit has passed ({level})"
        says = f"Time limit {fields['deadline']} on case {case} was due on {due} and has not been met (step {level})."
    if fields["must_acknowledge"]:
        says += " Please acknowledge it, and say when it will be done and why it is late."
    return Rendered(subject, _letter(says, link), link, fields)


def _move(params: Mapping[str, Any], base_url: str) -> Rendered:
    case, entry = _matching(CASE, params.get("case"), "case"), _matching(ENTRY, params.get("entry"), "entry")
    link = f"{base_url}/cases/{case}"
    says = f"Something was recorded on case {case} that you should know of: entry {entry} of its timeline."
    return Rendered(f"{case}: something was recorded", _letter(says, link), link, {"case": case, "entry": entry})


def _undelivered(params: Mapping[str, Any], base_url: str) -> Rendered:
    if params.get("case") is None:  # a digest or a notice, about no one case
        link = f"{base_url}/"
        says = (
            "A daily summary, or a notice about the service, could not be delivered to a member of your team. "
            "Please tell them another way."
        )
        return Rendered("A message could not be delivered", _letter(says, link), link, {"case": None})
    fields = _about_a_deadline(params)
    case, due = fields["case"], _in_words(fields["due_on"])
    link = f"{base_url}/cases/{case}"
    says = (
        f"A message about time limit {fields['deadline']} on case {case} (level {fields['level']}, due on {due}) "
        "could not be delivered. Please make sure that whoever it was for knows."
    )
    return Rendered(f"{case}: a message could not be delivered", _letter(says, link), link, fields)


def _digest(params: Mapping[str, Any], base_url: str) -> Rendered:
    on = _date(params, "on")
    listed = [_matching(DEADLINE, one, "deadlines") for one in params.get("deadlines") or ()]
    count = len(listed)
    fields = {"on": on, "deadlines": listed, "count": count}
    link = f"{base_url}/"
    limits = "1 time limit" if count == 1 else f"{count} time limits"
    lines = [f"- {one}: {base_url}/cases/{one.partition('.')[0]}" for one in listed[:MOST_LISTED]]
    if count > MOST_LISTED:
        lines.append(f"- and {count - MOST_LISTED} more")
    says = "\n".join([f"{limits} on your worklist came near or passed since the last summary:", "", *lines])
    subject = f"Your worklist on {_in_words(on)}: {limits}"
    return Rendered(subject, _letter(says, link), link, fields)


def _break_glass(params: Mapping[str, Any], base_url: str) -> Rendered:
    case, entry = _matching(CASE, params.get("case"), "case"), _matching(ENTRY, params.get("entry"), "entry")
    link = f"{base_url}/cases/{case}"
    says = (
        f"Somebody who is not on the list of case {case} has opened it in an emergency, for eight hours. "
        f"Entry {entry} of its timeline says who and why. Please look at it today."
    )
    return Rendered(f"{case}: opened in an emergency", _letter(says, link), link, {"case": case, "entry": entry})


def _broken_promises(params: Mapping[str, Any], base_url: str) -> Rendered:
    count, check = _count(params, "count"), _matching(CHECK, params.get("check"), "check")
    link = f"{base_url}/"
    broken = "1 promise is" if count == 1 else f"{count} promises are"
    says = f"The {check} check of Waymark found that {broken} broken. Its log says which. Please see to it at once."
    return Rendered(f"Waymark: {broken} broken", _letter(says, link), link, {"count": count, "check": check})


def _job_failing(params: Mapping[str, Any], base_url: str) -> Rendered:
    job, failures = _matching(JOB, params.get("job"), "job"), _count(params, "failures")
    link = f"{base_url}/"
    says = (
        f"The job '{job}' of Waymark has failed {failures} times in a row. People may not be told of what is due. "
        "The log says why. Please see to it at once."
    )
    return Rendered(
        f"Waymark: the job '{job}' keeps failing", _letter(says, link), link, {"job": job, "failures": failures}
    )


def _training_ends(params: Mapping[str, Any], base_url: str) -> Rendered:
    team, until = _matching(TEAM, params.get("team"), "team"), _date(params, "until")
    ended = params.get("ended")
    if not isinstance(ended, bool):
        raise DeliveryFailed("its field ended is not yes or no", permanent=True)
    link = f"{base_url}/support/training"
    says = (
        f"A training in team {team} to assess parents with a learning disability {'ran' if ended else 'runs'} out on "
        f"{_in_words(until)}. Without it, such an assessment can be given to that worker only with a manager's reason."
    )
    subject = f"A training {'has run' if ended else 'runs'} out"
    return Rendered(subject, _letter(says, link), link, {"team": team, "until": until, "ended": ended})


def _absent_worker(params: Mapping[str, Any], base_url: str) -> Rendered:
    team, count = _matching(TEAM, params.get("team"), "team"), _count(params, "count")
    why = _matching(ABSENT, params.get("why"), "why")
    cases = [_matching(CASE, one, "cases") for one in params.get("cases") or ()]
    fields = {"team": team, "count": count, "why": why, "cases": cases}
    link = f"{base_url}/team/cases?team={team}"
    held = "1 open case" if count == 1 else f"{count} open cases"
    state = "has left" if why == "worker_left" else "is away with nobody to cover"
    more = f" and {count - len(cases)} more" if count > len(cases) else ""
    says = f"The worker of {held} in team {team} {state}: {', '.join(cases)}{more}. Please name somebody today."
    return Rendered(f"Team {team}: the worker of {held} {state}", _letter(says, link), link, fields)


def _calendar_horizon(params: Mapping[str, Any], base_url: str) -> Rendered:
    year = _count(params, "verified_to")
    link = f"{base_url}/system"
    says = (
        f"The bank holidays Waymark counts with are verified up to {year}. Dates beyond it are marked as not verified. "
        "Please install the next version, or add the holidays that were announced."
    )
    return Rendered(f"Bank holidays are verified only up to {year}", _letter(says, link), link, {"verified_to": year})


def _newer_policy(params: Mapping[str, Any], base_url: str) -> Rendered:
    authority, version = _matching(TEAM, params.get("authority"), "authority"), params.get("version")
    version, count = _matching(VERSION, version, "version"), _count(params, "cases")
    link = f"{base_url}/policies/{authority}"
    held = "1 open case runs" if count == 1 else f"{count} open cases run"
    says = (
        f"Version {version} of the policy of {authority} is in force, and {held} under an earlier one. Nothing changes "
        "by itself: a manager decides for each case whether it goes on under the new one."
    )
    fields = {"authority": authority, "version": version, "cases": count}
    return Rendered(f"A newer policy of {authority} is in force", _letter(says, link), link, fields)


WORDS = {
    "absent_worker": _absent_worker,
    "calendar_horizon": _calendar_horizon,
    "newer_policy": _newer_policy,
    "deadline": _deadline,
    "move": _move,
    "undelivered": _undelivered,
    "digest": _digest,
    "break_glass": _break_glass,
    "broken_promises": _broken_promises,
    "job_failing": _job_failing,
    "training_ends": _training_ends,
}


def _letter(says: str, link: str) -> str:
    return f"{says}\n\n{link}\n\n{FOOTER}\n"


def _about_a_deadline(params: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "case": _matching(CASE, params.get("case"), "case"),
        "deadline": _matching(DEADLINE, params.get("deadline"), "deadline"),
        "level": _matching(LEVEL, params.get("level"), "level"),
        "due_on": _date(params, "due_on") if params.get("due_on") is not None else None,
        "must_acknowledge": params.get("must_acknowledge") is True,
    }


def _matching(pattern: re.Pattern[str], value: Any, name: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise DeliveryFailed(f"its field {name} is not what it should be", permanent=True)
    return value


def _count(params: Mapping[str, Any], name: str) -> int:
    value = params.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < MOST:
        raise DeliveryFailed(f"its field {name} is not a number", permanent=True)
    return value


def _date(params: Mapping[str, Any], name: str) -> str:
    try:
        return date.fromisoformat(params[name]).isoformat()
    except (KeyError, TypeError, ValueError):
        raise DeliveryFailed(f"its field {name} is not a date", permanent=True) from None


def _in_words(day: str | None) -> str:
    return written(date.fromisoformat(day)) if day else "a date not known yet"
