"""Pages of one's own work: what is due, what waits, a search, and a referral from its first page to its decision."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from httpx2 import Response
from sqlalchemy import select

from scheduler.sweeps import sweep
from states.catalogue import LIFECYCLES
from states.prebirth_facts import REFERRAL_FACTS
from workflow.access_acts import change_access
from workflow.alerting import DueDeadlines
from workflow.desks import drafts_of
from workflow.looks import LOOKS
from workflow.moves import Move, Opening
from workflow.repository import CASES
from workflow.web.my_work import time_left
from workflow.web.referral_drafts import STEPS, TEAM, opening_row

from browser import Page
from doors import Browser, Doors, doors_to
from factories import NOW, Desk, facts_for

pytestmark = pytest.mark.mostly_one_database

NAME = "Ottilie Quillfeather"  # in no list of names, so that what holds it got it from the request


@pytest.fixture
def doors(desk: Desk) -> Doors:
    return doors_to(desk)


def get(browser: Browser, path: str) -> Response:
    return browser.client.get(path, headers={"accept": "text/html"})


def send(browser: Browser, path: str, **fields: str) -> Response:
    headers = {"sec-fetch-site": "same-origin", "accept": "text/html"}
    return browser.client.post(path, data={"csrf": browser.csrf, **fields}, headers=headers)


def sent_page(browser: Browser, path: str, press: str = "", **typed: str) -> Response:
    """The form of a page as a browser sends it back, with some fields typed anew."""
    page = Page(get(browser, path).text)
    fields: dict[str, list[str]] = {}
    for name, value in page.sent(press).multi_items():
        fields.setdefault(name, []).append(str(value))
    fields |= {name: [value] for name, value in typed.items()}
    headers = {"sec-fetch-site": "same-origin", "accept": "text/html"}
    return browser.client.post(path, data={**fields, "csrf": browser.csrf}, headers=headers)


def where(answered: Response) -> str:
    assert answered.status_code == 303, answered.text
    return answered.headers["location"]


def words(answered: Response) -> str:
    assert answered.status_code in (200, 422), answered.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answered.text))


def started(browser: Browser) -> str:
    """A referral on the desk of this person: the address of its first page."""
    return where(send(browser, "/referrals/new", kind="prebirth"))


def written(browser: Browser, **parent: str) -> str:
    """A referral with all that must be answered: the address of its last page."""
    first = started(browser)
    at = first.rpartition("/")[0]
    sent_page(browser, first, source="midwifery", opening_team="baby")
    day = {"edd-day": "1", "edd-month": "5", "edd-year": "2027"}
    sent_page(browser, f"{at}/pregnancy", **day)
    sent_page(browser, f"{at}/parent-1", **{"parents-0-name": NAME, **parent})
    return f"{at}/check"


# A referral


def test_every_fact_of_a_referral_is_asked_on_one_page() -> None:
    named = [name for step in STEPS["prebirth"] for name in step.names]

    assert sorted(named) == sorted([TEAM, *(fact.name for fact in REFERRAL_FACTS)])
    assert opening_row(LIFECYCLES["prebirth"]).facts == REFERRAL_FACTS


def test_a_front_door_worker_records_a_referral_and_reads_its_decision(doors: Doors) -> None:
    browser = doors.browser("baby.FD")
    check = written(browser)

    done = where(send(browser, check))
    said = words(get(browser, done))

    assert done == "/referrals/done/PB-1"
    assert "PB-1" in said
    assert "Cannot be decided yet: more information is needed." in said
    assert "Decide on the referral: by Thursday 26 November 2026" in said
    assert "TM 1 of baby" in said, "who was told"
    assert "Accept, and ask for consent (team manager, service manager)" in said
    assert "/cases/PB-1/moves/add_information" in get(browser, done).text


def test_the_usual_next_step_comes_before_what_leads_aside(doors: Doors) -> None:
    browser = doors.browser("baby.FD")
    done = where(send(browser, written(browser)))

    said = words(get(browser, done))
    todo = said[said.index("What to do next") :]
    assert "You have done your part. Others go on with it" in todo
    assert todo.index("What else can be recorded") < todo.index("Disagree on the route")
    case = words(get(browser, "/cases/PB-1"))
    assert case.index("Add what has become known") < case.index("Disagree on the route")


def test_a_day_that_may_never_have_been_is_asked_for_as_a_date_with_a_box(doors: Doors) -> None:
    browser = doors.browser("baby.FD")
    check = written(browser)
    family = f"{check.rpartition('/')[0]}/family"
    ended = "proceedings_ended_on"

    day = {f"{ended}-day": "23", f"{ended}-month": "11", f"{ended}-year": "2020"}
    sent_page(browser, family, **day)
    assert "Last proceedings ended on 23 November 2020" in words(get(browser, check))
    both = sent_page(browser, family, **day, **{f"{ended}-never": "yes"})
    assert both.status_code == 422
    assert "but not both" in words(both)
    sent_page(browser, family, **dict.fromkeys(day, ""), **{f"{ended}-never": "yes"})
    assert "Last proceedings ended on Never" in words(get(browser, check))
    assert f'id="{ended}-never" name="{ended}-never" type="checkbox" value="yes" checked' in get(browser, family).text
    send(browser, check)
    with doors.desk.database.read() as connection:
        assert connection.execute(select(CASES.c.facts)).scalar()[ended] == "never"


def test_sent_twice_a_referral_is_one_case(doors: Doors) -> None:
    browser = doors.browser("baby.FD")
    check = written(browser)

    once, twice = where(send(browser, check)), where(send(browser, check))

    assert once == twice
    with doors.desk.database.read() as connection:
        assert len(connection.execute(select(CASES.c.id)).all()) == 1
        kept = [row["about"] for row in drafts_of(connection, "baby.FD")]
    assert [about for about in kept if about.startswith("/referrals/new")] == [], "what was typed is forgotten"
    assert where(get(browser, check)) == once


def test_what_must_be_answered_is_asked_for_and_what_was_typed_is_kept(doors: Doors) -> None:
    browser = doors.browser("baby.FD")
    first = started(browser)

    answered = sent_page(browser, first, **{"previous_referrals": "some"})

    assert answered.status_code == 422
    assert "Select one: came through" in answered.text
    assert "Referrals in the last 12 months must be a whole number" in answered.text
    assert "<title>Error: " in answered.text
    assert 'value="some"' in answered.text
    assert 'value="some"' in get(browser, first).text, "also when the page is opened again"


def test_the_criteria_are_shown_as_one_goes_with_what_would_settle_them(doors: Doors) -> None:
    browser = doors.browser("baby.FD")
    first = started(browser)
    at = first.rpartition("/")[0]
    said = words(get(browser, first))
    assert "Cannot be decided yet" in said
    assert "This would settle it: Expected date of birth" in said

    sent_page(browser, f"{at}/pregnancy", **{"edd-day": "1", "edd-month": "5", "edd-year": "2027"})
    diagnosed = {"parents-0-learning_disability": "diagnosed", "then": "stay"}
    back = where(sent_page(browser, f"{at}/parent-1", **diagnosed))

    assert back == f"{at}/parent-1#criteria"
    said = words(get(browser, f"{at}/parent-1"))
    assert "Meets the criteria of Pre-birth intervention service (rule C2)" in said
    assert "Met C2 A parent has a diagnosed learning disability" in said


def test_that_no_child_was_removed_is_an_answer(doors: Doors) -> None:
    browser = doors.browser("baby.FD")
    at = started(browser).rpartition("/")[0]
    assert "Not known yet C1" in words(get(browser, f"{at}/parent-1"))

    sent_page(browser, f"{at}/parent-1", **{"parents-0-previous_removals-none": "yes"})

    assert "Not met C1" in words(get(browser, f"{at}/parent-1"))
    assert "Children removed before None" in words(get(browser, f"{at}/check"))


def test_each_parent_has_a_page_that_can_be_added_and_removed(doors: Doors) -> None:
    browser = doors.browser("baby.FD")
    at = started(browser).rpartition("/")[0]

    second = where(sent_page(browser, f"{at}/parent-1", "add parents", **{"parents-0-name": NAME}))
    assert second == f"{at}/parent-2"
    sent_page(browser, second, **{"parents-1-role": "father"})
    assert "Parent 2: father" in words(get(browser, f"{at}/check"))

    sent_page(browser, second, "remove parents-1")
    assert "Parent 2" not in words(get(browser, f"{at}/check"))
    assert NAME in get(browser, f"{at}/parent-1").text


def test_changing_an_answer_leads_back_to_the_check(doors: Doors) -> None:
    browser = doors.browser("baby.FD")
    check = written(browser)
    at = check.rpartition("/")[0]

    assert f'href="{at}/pregnancy?change=yes"' in get(browser, check).text
    assert where(sent_page(browser, f"{at}/pregnancy?change=yes")) == check


def test_a_case_with_the_same_name_must_be_looked_at_first(doors: Doors) -> None:
    browser = doors.browser("baby.FD")
    send(browser, written(browser))
    check = written(browser)

    warned = send(browser, check)
    said = words(warned)
    assert warned.status_code == 422
    assert "PB-1" in said
    assert "say that this is another pregnancy" in said

    assert where(send(browser, check, another_family="yes")) == "/referrals/done/PB-2"


def test_a_case_with_a_parent_born_on_that_day_or_a_baby_expected_then_is_warned_of_too(doors: Doors) -> None:
    browser = doors.browser("baby.FD")
    born = {"parents-0-date_of_birth-day": "3", "parents-0-date_of_birth-month": "4"}
    send(browser, written(browser, **born, **{"parents-0-date_of_birth-year": "2001"}))
    other = {**born, "parents-0-name": "Somebody Else", "parents-0-date_of_birth-year": "2001"}
    check = written(browser, **other)

    said = words(get(browser, check))
    assert "It has a person born on the same day and a baby expected on the same day." in said
    assert "a person of the same name" not in said

    at = check.rpartition("/")[0]
    sent_page(browser, f"{at}/pregnancy", **{"edd-day": "2", "edd-month": "5", "edd-year": "2027"})
    assert "It has a person born on the same day." in words(get(browser, check))
    desk = doors.desk
    facts = {"reason": "known to staff"}
    change_access(desk.engine, desk.who("baby.TM"), desk.now, act="restrict", case="PB-1", facts=facts)
    page = get(browser, check)
    assert "PB-1" not in page.text
    assert "Is it recorded already?" not in words(page), "a restricted case is not revealed"


def test_that_similar_cases_were_looked_for_is_on_record_without_what_was_looked_for(doors: Doors) -> None:
    browser = doors.browser("baby.FD")
    get(browser, written(browser))
    desk = doors.desk
    desk.service.looks.flush()
    with desk.database.read() as connection:
        rows = connection.execute(select(LOOKS.c.about, LOOKS.c.kind)).all()
    assert ("prebirth cases alike by name, edd", "search") in rows
    assert all("2027" not in about for about, _ in rows)


def test_what_will_follow_is_shown_before_a_referral_is_sent(doors: Doors) -> None:
    browser = doors.browser("baby.FD")
    check = written(browser)

    said = words(get(browser, check))

    assert "The case begins at Referred" in said
    assert "Decide on the referral: starts, due by the end of Thursday 26 November 2026" in said
    assert "These people are told: TM 1 of baby" in said
    with doors.desk.database.read() as connection:
        assert connection.execute(select(CASES.c.id)).all() == [], "nothing is recorded yet"
    unfinished = started(browser).rpartition("/")[0]
    assert "What will follow" not in words(get(browser, f"{unfinished}/check"))


def test_dates_that_cannot_both_be_right_are_said_before_anything_is_recorded(doors: Doors) -> None:
    browser = doors.browser("baby.FD")
    check = written(browser)
    at = check.rpartition("/")[0]
    sent_page(browser, f"{at}/pregnancy", **{"edd-day": "1", "edd-month": "5", "edd-year": "2028"})

    answered = send(browser, check)

    assert answered.status_code == 422
    assert "one of the two dates is wrong" in answered.text


def test_no_name_stands_in_an_address_or_a_title(doors: Doors) -> None:
    browser = doors.browser("baby.FD")
    check = written(browser)

    page = get(browser, check)
    titles = re.findall(r"<title>(.*?)</title>", page.text)
    addresses = [
        value for _, found in Page(page.text).tags for name, value in found.items() if name in ("href", "action")
    ]

    assert NAME in page.text
    assert all("uillfeather" not in one for one in [*titles, *addresses])


def test_a_referral_can_be_left_and_discarded(doors: Doors) -> None:
    browser = doors.browser("baby.TM")
    first = started(browser)
    assert where(sent_page(browser, first, then="later")) == "/work"
    at = first.rpartition("/")[0]
    assert f'href="{at}"' in get(browser, "/work").text

    assert where(send(browser, f"{at}/discard")) == "/referrals/new"
    assert get(browser, first).status_code == 404
    assert f'href="{at}"' not in get(browser, "/work").text


def test_nobody_reads_the_referral_on_another_desk(doors: Doors) -> None:
    first = started(doors.browser("baby.FD"))

    assert get(doors.browser("baby.TM"), first).status_code == 404


def test_whoever_opens_nothing_is_told_who_does(doors: Doors) -> None:
    browser = doors.browser("baby.CW")

    said = words(get(browser, "/referrals/new"))

    assert "Your role, caseworker, records no new referrals" in said
    assert "front-door worker" in said
    assert send(browser, "/referrals/new", kind="prebirth").status_code == 422


def test_a_pause_lead_records_a_woman_on_one_page(doors: Doors) -> None:
    browser = doors.browser("pause.PL")
    first = where(send(browser, "/referrals/new", kind="pause"))
    born = {"date_of_birth-day": "3", "date_of_birth-month": "2", "date_of_birth-year": "1995"}
    told = {"name": NAME, "known_through": "health", "data_basis": "consent", "safe_contact": "by letter"}

    check = where(sent_page(browser, first, **born, **told))
    done = where(send(browser, check))

    said = words(get(browser, done))
    assert done.rpartition("/")[2].startswith(LIFECYCLES["pause"].code)
    assert "Referral recorded" in said
    assert "The decision of the criteria" not in said


# My work


@pytest.fixture
def allocated(desk: Desk) -> str:
    """A case of baby.CW in assessment."""
    lifecycle = LIFECYCLES["prebirth"]
    row = next(row for row in lifecycle.transitions if row.trigger == "migrate_in" and row.to == "assessment")
    given = {"migrate_to": "assessment", "worker": "baby.CW", "source_reference": "OLD-1"}
    opening = Opening(lifecycle="prebirth", authority="durham", team="baby")
    facts = facts_for(row.facts, NOW.date(), **given)
    return desk.engine.fire(Move(trigger="migrate_in", opening=opening, facts=facts), desk.who("both.ADM"), NOW).case


def test_my_cases_stand_in_my_work_with_what_is_next(doors: Doors, allocated: str) -> None:
    said = words(get(doors.browser("baby.CW"), "/work"))

    assert allocated in said
    assert re.search(r"in \d+ working days? \(", said)


def test_whoever_has_no_case_is_told_what_to_do(doors: Doors) -> None:
    assert "No open case is in your name" in words(get(doors.browser("baby.CW"), "/work"))
    assert "Record a new referral" in words(get(doors.browser("baby.TM"), "/work"))


def test_a_date_is_so_many_working_days_away(desk: Desk) -> None:
    def left(days: int) -> str:
        due_on = (NOW + timedelta(days=days)).date()
        row = {"due_at": NOW + timedelta(days=days), "due_on": due_on, "status": "on track"}
        return time_left(row, NOW, desk.engine.calendar)

    assert [left(days) for days in (0, 1, 2, 5, -1, -5)] == [
        "today",
        "in 1 working day",
        "in 2 working days",
        "in 3 working days",
        "1 working day late",
        "3 working days late",
    ]
    soon = {"due_at": NOW + timedelta(hours=5), "due_on": None, "status": "on track"}
    assert time_left(soon, NOW, desk.engine.calendar) == "in 5 hours"


def test_a_manager_sees_what_nobody_is_named_for(doors: Doors) -> None:
    send(doors.browser("baby.FD"), written(doors.browser("baby.FD")))

    said = words(get(doors.browser("baby.TM"), "/work"))

    assert "Nobody is named yet" in said
    assert "PB-1" in said


def test_what_a_manager_was_told_waits_for_an_answer_and_in_the_inbox(doors: Doors) -> None:
    browser = doors.browser("baby.FD")
    send(browser, written(browser))
    desk = doors.desk
    desk.now = NOW + timedelta(days=5)
    sweep(DueDeadlines(desk.engine, "n1"), desk.now)
    manager = doors.browser("baby.TM")

    said = words(get(manager, "/work"))
    inbox = get(manager, "/messages")

    assert "You were told: these need an answer" in said
    assert "unread message" in said
    assert "a time limit has passed" in words(inbox)
    assert where(send(manager, "/messages/read-all", up_to=desk.now.isoformat())) == "/messages"
    assert "You have read everything" in words(get(manager, "/messages"))


def test_an_approval_asked_of_a_role_waits_for_those_who_have_it(doors: Doors) -> None:
    browser = doors.browser("baby.FD")
    send(browser, written(browser))
    asked = {"for_trigger": "accept", "evidence": "the nearest team is full", "reason_code": None}
    doors.desk.fire("PB-1", "request_approval", "baby.TM", {key: value for key, value in asked.items() if value})

    assert "Approvals you are asked for" in words(get(doors.browser("baby.SM"), "/work"))
    assert "Approvals you are asked for" not in words(get(doors.browser("baby.TM"), "/work"))


def test_what_others_did_on_my_cases_is_counted_until_i_have_seen_it(doors: Doors, allocated: str) -> None:
    browser = doors.browser("baby.CW")
    assert re.search(r"\d+ things? changed on your cases in the last 7 days", words(get(browser, "/work")))

    assert where(send(browser, "/seen", up_to=doors.desk.now.isoformat())) == "/work"

    assert "changed on your cases" not in words(get(browser, "/work"))


def test_a_manager_is_told_what_changed_on_the_cases_of_the_team(doors: Doors, allocated: str) -> None:
    row = next(row for row in LIFECYCLES["prebirth"].rows("record_visit", "assessment"))
    doors.desk.fire(allocated, "record_visit", "baby.CW", facts_for(row.facts, NOW.date()))
    browser = doors.browser("baby.TM")

    said = words(get(browser, "/work"))

    assert re.search(r"\d+ things? changed on the cases you answer for in the last 7 days", said)
    assert "Record a visit (moved), by CW 1 of baby" in said
    assert "changed on" not in words(get(doors.browser("pause.PL"), "/work")), "another team's are not theirs"


def test_filters_are_kept_under_a_name(doors: Doors) -> None:
    browser = doors.browser("baby.TM")

    at = where(send(browser, "/saved-views", name="Late ones", query="status=breached&after=xyz&nonsense=1"))

    assert dict(pair.split("=") for pair in urlsplit(at).query.split("&")) == {"whose": "team", "status": "breached"}
    assert "Late ones" in words(get(browser, at))
    assert send(browser, "/saved-views", name=" ", query="").status_code == 422
    assert where(send(browser, "/saved-views/remove", name="Late ones")) == "/work"
    assert "Late ones" not in words(get(browser, "/work"))


def test_a_list_goes_on_where_its_first_page_ended(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflow.web.my_work.PAGE", 1)
    browser = doors.browser("baby.FD")
    for _ in range(2):
        send(browser, written(browser), another_family="yes")

    first = get(browser, "/work")
    address = re.search(r'href="(/work\?[^"]*after=[^"]*)"', first.text)
    assert address is not None

    assert "That was the last of them" in words(get(browser, address[1].replace("&amp;", "&")))


# Search


def test_a_reference_leads_straight_to_its_case(doors: Doors, allocated: str) -> None:
    assert where(send(doors.browser("baby.TM"), "/search", sought=allocated.lower())) == f"/cases/{allocated}"
    assert "Nothing found" in words(send(doors.browser("baby.TM"), "/search", sought="PB-99999"))


def test_a_name_finds_cases_and_stands_in_no_address_and_no_log(doors: Doors) -> None:
    browser = doors.browser("baby.FD")
    send(browser, written(browser))

    found = send(browser, "/search", sought="quillf")

    assert "1 case found" in words(found)
    assert "/cases/PB-1" in found.text
    doors.desk.service.looks.flush()
    with doors.desk.database.read() as connection:
        abouts = connection.execute(select(LOOKS.c.about)).scalars().all()
    assert not any("quillf" in about.lower() for about in abouts)


def test_a_search_that_would_find_everybody_is_explained(doors: Doors) -> None:
    browser = doors.browser("baby.FD")

    for sought in ("", "a"):
        answered = send(browser, "/search", sought=sought)
        assert answered.status_code == 422
        assert 'href="#sought"' in answered.text
    assert "Case reference" in words(get(doors.browser("both.AUD"), "/search"))
    assert "your role does not search for names" in words(send(doors.browser("both.AUD"), "/search", sought="quillf"))
