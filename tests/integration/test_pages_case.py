"""Pages of one case: where it is, what happened, why a date, who may read it; as a browser without scripts."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response
from journeys.prebirth_journeys import CONSENT, Pregnancy

from scheduler.calendars import add_months
from scheduler.sweeps import sweep
from states.catalogue import LIFECYCLES
from states.pause import OUTCOME_DOMAINS
from workflow.access_acts import change_access
from workflow.alerting import DueDeadlines
from workflow.desks import drafts_of
from workflow.web.cases import grouped
from workflow.web.deadlines import ACTS
from workflow.web.timelines import part_of

from browser import Page
from doors import Browser, Doors, doors_to
from factories import Desk, manager
from walks import Walk

pytestmark = pytest.mark.mostly_one_database

NAME = "Ottilie Quillfeather"  # in no list of names, so that what holds it got it from the case
MOST_BYTES = 100_000
VISIT = "record_visit"


OPENINGS: dict[str, dict[str, Any]] = {
    "pause": {"worker": "pause.PP"},
    "care_proceedings": {"short_notice": False},
    "looked_after": {
        "kind": "interim_order",
        "legal_status": "C1",
        "made_at": "2027-05-28T14:00:00+00:00",
        "expires_at": "2027-12-01T23:59:00+00:00",
    },
}


@pytest.fixture
def doors(desk: Desk) -> Doors:
    return doors_to(desk)


def assessed(doors: Doors, **mother: str) -> Pregnancy:
    """A case in assessment; its worker is baby.CW."""
    parent = {"role": "mother", "name": NAME, "consent": "not_asked", "positive_change": True, **mother}
    parent["previous_removals"] = [{"through": "care_proceedings", "removed_on": "2023-04-05", "authority": "durham"}]
    return Pregnancy(doors.desk).refer(parent).is_assessed()


def get(browser: Browser, path: str) -> Response:
    return browser.client.get(path, headers={"accept": "text/html"})


def send(browser: Browser, path: str, drawn: Response, step: str = "", **typed: str) -> Response:
    """The form of a page as a browser sends it back, with some fields typed anew."""
    forms = re.findall(r"<form method=\"post\".*?</form>", drawn.text, re.DOTALL)
    found: dict[str, list[str]] = {}
    for name, value in Page(forms[-1]).sent().multi_items():
        found.setdefault(name, []).append(str(value))
    found |= {name: [value] for name, value in typed.items()}
    if step:
        found["step"] = [step]
    headers = {"sec-fetch-site": "same-origin", "accept": "text/html"}
    return browser.client.post(path, data={**found, "csrf": browser.csrf}, headers=headers)


def where(answered: Response) -> str:
    assert answered.status_code == 303, answered.text
    return answered.headers["location"]


def words(answered: Response, *, status: int = 200) -> str:
    assert answered.status_code == status, answered.text
    assert len(answered.content) < MOST_BYTES
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answered.text)))


def filled(drawn: Response) -> dict[str, str]:
    """An answer to every question of a form that takes text or a date."""
    page = Page(drawn.text)
    names = [attrs["name"] for tag, attrs in page.tags if tag == "textarea"]
    days = {attrs["name"] for tag, attrs in page.tags if tag == "input" and attrs.get("name", "").endswith("-day")}
    given = dict.fromkeys(names, "as it was told")
    for one in days - {"happened_at-day"}:
        stem = one.removesuffix("-day")
        given |= {one: "24", f"{stem}-month": "11", f"{stem}-year": "2026"}
    boxes = [attrs for tag, attrs in page.tags if tag == "input" and attrs.get("type") in ("checkbox", "radio")]
    return {**{attrs["name"]: attrs["value"] for attrs in reversed(boxes)}, **given}


# Where a case is


def test_the_page_of_a_case_says_where_it_is_and_names_nobody_in_its_title(doors: Doors) -> None:
    walk = assessed(doors)

    shown = get(doors.browser("baby.CW"), f"/cases/{walk.case}")
    said = words(shown)

    assert "<title>PB-1: Assessment – Waymark</title>" in shown.text
    assert shown.text.count("<h1") == 1
    assert NAME in said
    assert "CW 1 of baby (baby.CW)" in said
    assert "Record a visit" in said
    assert "What cannot happen yet" in said
    assert "Why this date?" in said
    assert "Accepted for" in said or "Meets the criteria" in said


def test_a_date_that_ends_with_a_day_is_shown_as_that_day(doors: Doors) -> None:
    walk = assessed(doors)

    said = words(get(doors.browser("baby.CW"), f"/cases/{walk.case}"))

    due = next(row for row in doors.desk.looks_as("baby.CW").deadlines(walk.case) if row["due_on"])
    assert f"the end of {due['due_on']:%A} {due['due_on'].day} {due['due_on']:%B %Y}" in said


@pytest.mark.parametrize("lifecycle", list(LIFECYCLES))
def test_the_same_page_shows_every_kind_of_case(doors: Doors, lifecycle: str) -> None:
    kind = LIFECYCLES[lifecycle]
    lead = manager(lifecycle)
    walk = Walk(doors.desk, lifecycle)
    if kind.parent is None:
        walk.open(lead, **OPENINGS.get(lifecycle, {}))
    else:
        above = Pregnancy(doors.desk).refer().is_home()
        opener = "baby.LEG" if lifecycle == "care_proceedings" else "baby.TM"
        walk.open(opener, parent=above.case, child=1 if kind.per_child else None, **OPENINGS.get(lifecycle, {}))
    browser = doors.browser(lead)

    for page in ("", "/map", "/timeline"):
        said = words(get(browser, f"/cases/{walk.case}{page}"))
        assert walk.case in said


def test_moves_that_a_running_date_waits_for_come_first_and_rarer_ones_apart(doors: Doors) -> None:
    walk = assessed(doors)
    possible = doors.desk.looks_as("baby.CW").moves(walk.case)
    clocks = [row["clock"] for row in doors.desk.looks_as("baby.CW").deadlines(walk.case)]

    moves = grouped(LIFECYCLES["prebirth"], possible, clocks, "assessment")

    named = [one.trigger for one in moves.main]
    assert VISIT in named
    assert "submit_assessment" in named
    assert "report_missing" in [one.trigger for one in moves.rarer]
    assert "correct" in [one.trigger for one in moves.for_others]


def test_an_auditor_reads_that_personal_facts_are_withheld_and_why(doors: Doors) -> None:
    walk = assessed(doors)

    for page in ("", "/timeline"):
        said = words(get(doors.browser("both.AUD"), f"/cases/{walk.case}{page}"))
        assert NAME not in said
        assert "withheld" in said


def test_the_map_leads_from_a_state_that_can_be_reached_to_its_form(doors: Doors) -> None:
    walk = assessed(doors)

    shown = get(doors.browser("baby.CW"), f"/cases/{walk.case}/map")

    assert f'href="/cases/{walk.case}/moves/submit_assessment"' in shown.text
    assert 'aria-current="step"' in shown.text
    assert words(shown).count("now")


def test_the_map_of_a_case_that_waits_leads_back_only_to_where_it_came_from(doors: Doors) -> None:
    walk = assessed(doors).step("report_pregnancy_ended", "baby.CW")

    shown = get(doors.browser("baby.TM"), f"/cases/{walk.case}/map")
    back = f'href="/cases/{walk.case}/moves/correct_report"'

    assert len(re.findall(rf"<li[^>]*>(?:(?!</li>).)*{back}", shown.text, re.DOTALL)) == 1
    assert "Threshold review can come next" not in words(shown)


# Recording what happened


def test_a_move_is_checked_recorded_once_and_can_be_undone(doors: Doors) -> None:
    walk = assessed(doors)
    browser, path = doors.browser("baby.CW"), f"/cases/{walk.case}/moves/{VISIT}"
    drawn = get(browser, path)

    check = send(browser, path, drawn, "check", **filled(drawn))
    said = words(check)
    once = send(browser, path, check, "record")
    twice = send(browser, path, check, "record")

    assert "Nothing is recorded yet." in said
    assert "What will follow" in said
    assert where(once) == where(twice)
    done = words(get(browser, where(once)))
    assert "Recorded: Record a visit." in done
    visits = [one for one in doors.desk.looks_as("baby.CW").evidence(walk.case) if one["trigger"] == VISIT]
    assert len(visits) == 1
    manager = doors.browser("baby.TM")
    assert "Undo by correction" in get(manager, where(once)).text
    assert drafts(doors, "baby.CW") == []


def drafts(doors: Doors, username: str) -> list[str]:
    with doors.desk.database.read() as connection:
        return [one["about"] for one in drafts_of(connection, username)]


def test_a_form_with_an_error_keeps_what_was_typed_here_and_for_later(doors: Doors) -> None:
    walk = assessed(doors)
    browser, path = doors.browser("baby.CW"), f"/cases/{walk.case}/moves/{VISIT}"
    drawn = get(browser, path)
    typed = {**filled(drawn), "visited_on-day": "31"}

    again = send(browser, path, drawn, "check", **typed)

    said = words(again, status=422)
    assert "There is a problem" in said
    assert "<title>Error: " in again.text
    assert 'value="31"' in again.text
    assert "as it was told" in again.text
    assert drafts(doors, "baby.CW") == [path]
    assert "You have not finished" in words(get(browser, f"/cases/{walk.case}"))
    later = get(browser, path)
    assert "We kept what you typed" in words(later)
    assert 'value="31"' in later.text


def test_a_form_saved_for_later_waits_on_the_case_and_can_be_thrown_away(doors: Doors) -> None:
    walk = assessed(doors)
    browser, path = doors.browser("baby.CW"), f"/cases/{walk.case}/moves/{VISIT}"

    kept = where(send(browser, path, get(browser, path), "later"))
    assert "is kept, and nothing was recorded" in words(get(browser, kept))
    where(send(browser, path, get(browser, path), "forget"))

    assert drafts(doors, "baby.CW") == []


def test_what_lies_in_the_future_is_refused_beside_its_field(doors: Doors) -> None:
    walk = assessed(doors)
    browser, path = doors.browser("baby.CW"), f"/cases/{walk.case}/moves/{VISIT}"
    drawn = get(browser, path)

    again = send(browser, path, drawn, "check", **{**filled(drawn), "happened_at-year": "2031"})

    assert "It lies in the future" in words(again, status=422)
    assert 'href="#happened_at-day"' in again.text


def test_what_was_done_earlier_is_recorded_as_of_then(doors: Doors) -> None:
    walk = assessed(doors).wait(days=2)
    browser, path = doors.browser("baby.CW"), f"/cases/{walk.case}/moves/{VISIT}"
    drawn = get(browser, path)

    check = send(browser, path, drawn, "check", **{**filled(drawn), "happened_at-day": "26", "happened_at-time": "9am"})
    where(send(browser, path, check, "record"))

    last = doors.desk.looks_as("baby.CW").evidence(walk.case)[-1]
    assert last["occurred_at"].isoformat() == "2026-11-26T09:00:00+00:00"
    assert last["recorded_at"] == doors.desk.now


def test_two_people_on_one_case_the_second_keeps_the_form_and_sees_what_changed(doors: Doors) -> None:
    walk = assessed(doors)
    browser, path = doors.browser("baby.CW"), f"/cases/{walk.case}/moves/{VISIT}"
    drawn = get(browser, path)
    walk.does("give_consent")

    late = send(browser, path, drawn, "check", **filled(drawn))

    said = words(late, status=409)
    assert "The case has changed" in said
    assert "by baby.CW" in said
    assert "as it was told" in late.text
    assert send(browser, path, late, "check").status_code == 200


def test_a_refusal_names_all_that_is_missing_and_is_evidence(doors: Doors) -> None:
    walk = Pregnancy(doors.desk).refer({"role": "mother", "name": NAME}, weeks=30)
    browser, path = doors.browser("baby.TM"), f"/cases/{walk.case}/moves/accept_with_consent"
    drawn = get(browser, path)

    again = send(browser, path, drawn, "check", **{"consents-0-parent": "father", "acceptance_note": "Seen today."})

    said = words(again, status=422)
    assert "This was not recorded" in said
    assert "Who can do it: team manager, service manager" in said
    assert "Ask for the approval" in said
    assert "Seen today." in again.text
    assert doors.desk.looks_as("baby.TM").evidence(walk.case)[-1]["kind"] == "refused"


def test_a_move_for_another_role_is_shown_as_such_without_a_form(doors: Doors) -> None:
    walk = assessed(doors)

    shown = get(doors.browser("baby.CW"), f"/cases/{walk.case}/moves/change_worker")

    assert "This is for somebody else to do" in words(shown)
    assert 'name="worker"' not in shown.text


def test_a_correction_asks_for_the_facts_of_the_entry_as_they_stand_and_keeps_only_what_differs(doors: Doors) -> None:
    walk = assessed(doors)
    walk.does(VISIT)
    entry = doors.desk.looks_as("baby.TM").evidence(walk.case)[-1]["seq"]
    browser = doors.browser("baby.TM")
    path = f"/cases/{walk.case}/moves/correct"
    drawn = get(browser, f"{path}?entry={entry}&correction=facts")

    assert 'name="visited_on-day"' in drawn.text
    check = send(browser, path, drawn, "check", **{"correction_reason": "A slip.", "visited_on-day": "23"})
    where(send(browser, path, check, "record"))

    last = doors.desk.looks_as("baby.TM").evidence(walk.case)[-1]
    assert last["facts"] == {"entry": str(entry), "correction": "facts", "visited_on": "2026-11-23"}
    said = words(get(browser, f"/cases/{walk.case}/timeline"))
    assert f"Supersedes {walk.case}#{entry}" in said
    assert "Corrected since" in said


def test_undoing_takes_the_case_back(doors: Doors) -> None:
    walk = assessed(doors).does("submit_assessment", to="sign_off")
    browser = doors.browser("baby.TM")
    link = re.search(r'href="(/cases/PB-1/moves/correct\?[^"]*)"', get(browser, f"/cases/{walk.case}").text)
    assert link is not None
    drawn = get(browser, html.unescape(link[1]))
    path = f"/cases/{walk.case}/moves/correct"

    check = send(browser, path, drawn, "check", correction_reason="It was the wrong case.")
    where(send(browser, path, check, "record"))

    assert doors.desk.looks_as("baby.TM").standing(walk.case)["state"] == "assessment"


def test_records_are_added_and_removed_without_losing_what_is_typed(doors: Doors) -> None:
    walk = Pregnancy(doors.desk).refer()
    browser, path = doors.browser("baby.TM"), f"/cases/{walk.case}/moves/accept_with_consent"

    more = send(browser, path, get(browser, path), change="add consents", **{"consents-0-parent": "mother"})

    assert "Consent 2" in words(more)
    assert Page(more.text).sent()["consents-0-parent"] == "mother"
    assert CONSENT["parent"] == "mother"


# The timeline


def test_the_timeline_shows_kinds_orders_and_pages(doors: Doors) -> None:
    walk = assessed(doors)
    browser = doors.browser("baby.TM")
    path = f"/cases/{walk.case}/timeline"

    newest, oldest = get(browser, path), get(browser, f"{path}?order=oldest")
    refused = words(get(browser, f"{path}?kind=refusals"))

    assert newest.text.index("PB-1#1:") > newest.text.index("PB-1#2:")
    assert oldest.text.index("PB-1#1:") < oldest.text.index("PB-1#2:")
    assert "It is not for a" in refused
    assert "Happened" in refused
    looked = words(get(browser, f"{path}?kind=looks"))
    assert "Who looked, the latest first" in looked
    assert "Who looked" not in words(get(doors.browser("baby.CW"), f"{path}?kind=looks"))


def test_a_page_of_the_timeline_ends_before_it_is_too_long() -> None:
    rows = [{"lines": [], "anchor": f"entry-{number}"} for number in range(100)]

    assert [len(part_of(rows, number).rows) for number in (1, 2, 3, 9)] == [40, 40, 20, 20]
    assert part_of([], 1).rows == []
    assert part_of(rows, 1, "entry-95").number == 3, "the page that holds an entry"
    assert part_of(rows, 2, "entry-995").number == 2


def test_facts_call_people_by_their_names(doors: Doors) -> None:
    walk = assessed(doors, own_social_worker="baby.CW2")
    desk = doors.desk
    restrict(doors, walk.case)
    facts = {"person": "baby.CW2", "reason": "covers"}
    change_access(desk.engine, desk.who("baby.TM"), desk.now, act="name_reader", case=walk.case, facts=facts)

    browser = doors.browser("baby.TM")
    said = words(get(browser, f"/cases/{walk.case}/timeline"))
    assert "Who CW 2 of baby" in said
    assert "Worker CW 1 of baby" in said
    assert "own social worker CW 2 of baby" in words(get(browser, f"/cases/{walk.case}"))
    assert "Worker baby.CW" not in said


def test_an_address_of_an_entry_opens_the_page_of_the_timeline_that_holds_it(doors: Doors) -> None:
    walk = assessed(doors)
    for _ in range(40):
        walk.does("record_visit")
    browser = doors.browser("baby.TM")
    path = f"/cases/{walk.case}/timeline"

    assert 'id="entry-1"' not in get(browser, path).text
    assert 'id="entry-1"' in get(browser, f"{path}?entry=1").text


# Deadlines


def test_a_deadline_says_why_and_what_it_waits_for(doors: Doors) -> None:
    walk = assessed(doors)

    said = words(get(doors.browser("baby.CW"), f"/deadlines/{walk.case}.2"))

    assert "Why this date?" in said
    assert "The clock started at" in said
    assert "What stands behind it" in said
    assert "What it waits for" in said


def test_an_alert_is_answered_with_a_day_and_a_reason(doors: Doors) -> None:
    walk = assessed(doors).wait(days=40)
    sweep(DueDeadlines(doors.desk.engine, "a test"), doors.desk.now)
    sheet = doors.desk.looks_as("baby.CW").sheet(walk.case)
    name = next(iter(sheet.alerts))
    browser = doors.browser("baby.TM")
    assert f'href="/deadlines/{name}/acknowledge"' in get(browser, f"/cases/{walk.case}").text
    path = f"/deadlines/{name}/acknowledge"
    drawn = get(browser, path)

    wrong = send(browser, path, drawn, reason="The visit is booked.")
    assert "There is a problem" in words(wrong, status=422)
    assert "The visit is booked." in wrong.text
    soon = doors.desk.now.date() + timedelta(days=2)
    day = {"promised_on-day": str(soon.day), "promised_on-month": str(soon.month), "promised_on-year": str(soon.year)}
    done = where(send(browser, path, wrong, **day))

    assert "Recorded: answer the alert." in words(get(browser, done))
    assert name not in doors.desk.looks_as("baby.CW").sheet(walk.case).alerts
    assert f"Done by {soon.day} {soon:%B %Y}" in words(get(browser, f"/cases/{walk.case}/timeline"))


def test_each_act_on_a_deadline_has_a_page_that_says_whether_it_can_be_done(doors: Doors) -> None:
    walk = assessed(doors)
    browser = doors.browser("baby.TM")

    for act in ACTS:
        assert ACTS[act].label in words(get(browser, f"/deadlines/{walk.case}.2/{act}"))
    assert get(browser, f"/deadlines/{walk.case}.2/destroy").status_code == 404


# Access


def test_a_case_one_may_not_read_and_one_that_is_not_there_are_the_same_page(doors: Doors) -> None:
    walk = assessed(doors)
    restrict(doors, walk.case)
    browser = doors.browser("baby.CW2")

    pages = [get(browser, f"/cases/{ref}{more}") for ref in (walk.case, "PB-999") for more in ("", "/timeline")]

    assert {one.status_code for one in pages} == {404}
    assert len({without_keys(one.text).replace(walk.case, "PB-999") for one in pages}) == 1
    assert "break the glass" in words(pages[0], status=404)


def restrict(doors: Doors, case: str) -> None:
    engine, actor = doors.desk.engine, doors.desk.who("baby.TM")
    change_access(engine, actor, doors.desk.now, act="restrict", case=case, facts={"reason": "known to staff"})


def test_glass_is_broken_with_a_reason_and_only_then_reveals_anything(doors: Doors) -> None:
    walk = assessed(doors)
    restrict(doors, walk.case)
    browser = doors.browser("baby.CW2")
    there, nowhere = (get(browser, f"/cases/{ref}/break-glass") for ref in (walk.case, "PB-999"))
    path = f"/cases/{walk.case}/break-glass"

    assert without_keys(there.text).replace(walk.case, "PB-999") == without_keys(nowhere.text)
    assert "are told at once" in words(there)
    assert "8 hours" in words(there)
    assert send(browser, path, there).status_code == 422
    done = where(send(browser, path, there, reason="She rang and is bleeding."))

    assert "you broke the glass" in words(get(browser, done))
    assert send(browser, "/cases/PB-999/break-glass", nowhere, reason="She rang.").status_code == 404


def without_keys(text: str) -> str:
    """A page without what is fresh in each: keys of forms, nonces, and the id of the request."""
    return re.sub(r'name="key" value="[^"]*"|nonce="[^"]*"|\b[0-9a-f]{16}\b', "", text)


def test_who_works_on_no_such_record_is_shown_no_way_to_break_the_glass(doors: Doors) -> None:
    walk = assessed(doors)
    browser = doors.browser("pause.PP")

    assert "glass" not in words(get(browser, f"/cases/{walk.case}"), status=404)
    assert get(browser, f"/cases/{walk.case}/break-glass").status_code == 404


def test_a_manager_restricts_a_case_names_a_reader_and_ends_it(doors: Doors) -> None:
    walk = assessed(doors)
    browser, base = doors.browser("baby.TM"), f"/cases/{walk.case}/access"

    def act(name: str, **typed: str) -> str:
        path = f"{base}/{name}"
        return words(get(browser, where(send(browser, path, get(browser, path), reason="As agreed.", **typed))))

    assert "Recorded: restrict this case." in act("restrict")
    assert "CW 2 of baby" in act("name_reader", person="baby.CW2")
    assert "This case is restricted" in words(get(doors.browser("baby.CW2"), f"/cases/{walk.case}"))
    assert "Nobody." in act("end_access", person="baby.CW2")
    assert get(doors.browser("baby.CW"), base).status_code == 403


# Pause


def test_her_journey_is_a_line_and_her_scores_are_charts(doors: Doors) -> None:
    desk = doors.desk
    scores = [{"domain": one, "score": 2, "in_her_words": "It is a start."} for one in OUTCOME_DOMAINS]
    walk = Walk(desk, "pause").open("pause.PL", worker="pause.PP", name=NAME)
    walk.step("start_check", "pause.PL").step("find_eligible", "pause.PL")
    walk.step("begin_engagement", "pause.PP", worker="pause.PP")
    walk.step("record_baseline", "pause.PP", baseline_scores=scores).step("discuss_pause", "pause.PP")
    walk.step("commit", "pause.PL", to="on_programme")
    started = desk.now.date()
    desk.now += add_months(started, 3) - started
    walk.step("review", "pause.PP", review_month="3", outcome_scores=[{**one, "score": 4} for one in scores])
    walk.step("hold", "pause.PL").after(days=9)
    browser = doors.browser("pause.PP")

    case = get(browser, f"/cases/{walk.case}")
    said = words(case)
    charts = words(get(browser, f"/cases/{walk.case}/outcomes"))

    assert "She is here: in month 4" in said
    assert "the month 3 review was held" in said
    assert "on hold" in said
    assert "She gave it 4 out of 5 last time, higher than the first time (2)" in charts
    assert "It is a start." in charts
    began = send(browser, "/referrals/new", case)  # the last form of her page opens a follow-up
    assert f'value="{walk.case}"' in get(browser, where(began)).text
    assert "Her scores and words are withheld" in words(get(doors.browser("both.AUD"), f"/cases/{walk.case}/outcomes"))
    assert get(doors.browser("baby.TM"), f"/cases/{walk.case}").status_code == 404
