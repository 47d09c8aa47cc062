"""A pregnancy as the front door, the caseworker and the manager live it in their browsers, to each end it can have."""

from datetime import date, timedelta

import pytest
from browser_journeys.people import Person, Site
from journeys.prebirth_journeys import Pregnancy
from playwright.sync_api import expect
from sqlalchemy import select

from workflow import jobs
from workflow.outbox import MESSAGES

NAME = "Ottilie Quillfeather"
DUE = date(2027, 6, 9)  # at twelve weeks on the day the journeys begin
CONSENTS = {
    "Parent": "Mother",
    "Consent to": ["Assessment", "Help and intervention"],
    "How": "In writing",
    "Purpose, length and limits were explained": "Yes",
    "View of capacity, and what it rests on": "She said back in her own words what we would do, and why.",
    "A copy was given": "Yes",
    "Told that consent can be withdrawn at any time": "Yes",
}
BIRTH_PLAN = {
    "Hospital": "University Hospital of North Durham",
    "Named midwife": "B. Invented",
    "Who may be there": "Her sister.",
    "Contact after the birth": "The baby stays with her.",
    "Legal position": "No legal step planned",
    "Where the baby may live": "At home; her sister was asked as well.",
    "If the birth is early, at home, or the mother is missing": "Maternity calls the emergency duty team.",
    "Early permanence (fostering for adoption)": "Yes, and it is not right for this baby",
    "Why, of early permanence": "The plan is that the baby goes home.",
    "Who has the plan": "Maternity, health visiting, the emergency duty team, both parents.",
}

ALL_HAVE_IT = (
    "Kin and early permanence were considered",
    "The parents have a copy",
    "The emergency duty team has the plan",
)
CLINIC = {
    "Held on": date(2026, 12, 2),
    "Next clinic on": date(2026, 12, 30),
    "Chair": "TM 1 of baby",
    "Who was there, by agency": "Maternity, health visiting.",
    "Progress": "Green: on track",
    "Decisions and actions": "The visits go on every two weeks.",
}


@pytest.mark.mostly_one_database
@pytest.mark.parametrize("url", ["sqlite_url", "postgresql_url"], indirect=True)
def test_from_the_referral_to_the_birth_plan(site: Site) -> None:
    desk = site.desk
    desk.open("prebirth", "baby.FD", {"received_on": "2026-11-20", "source": "health", "parents": [{"name": NAME}]})

    case = referred(site.person("baby.FD").signs_in().is_on("My work"))

    manager = site.person("baby.TM").signs_in().is_on("My work").sees("Nobody is named yet", case)
    manager.follows(case, manager.row(case)).is_on(f"{case}: Referral").sees(NAME, "Every rule, and because of what")
    consent = "The case moves to Consent sought"
    manager.records(case, "Accept, and ask for consent", consent, answers={"Referrer told on": manager.today()})

    site.wait(days=2)
    worker = site.person("baby.CW")
    worker.records(case, "Record consent", "The case moves to Allocation", records={"Consent 1": CONSENTS})
    named = {"Worker": "CW 1 of baby, Team baby", "Conflict of interest looked at": "She is not a worker of theirs."}
    manager.records(case, "Name the worker", answers=named)

    site.wait(days=5)
    worker.opens("/work").sees("My cases", case, "First visit: in 15 working days (Wednesday 23 December 2026)")
    visited(worker, case)
    assessed(worker, case)
    authorised(manager, case)
    worker.records(case, "Record a pre-birth clinic", "The case stays at Pre-birth clinic", answers=CLINIC)

    desk.now += DUE - timedelta(weeks=11) - desk.now.date()
    worker.records(case, "Start the birth plan", "The case moves to Birth planning")
    manager.chooses(case, "Agree the birth plan").answers(BIRTH_PLAN | dict.fromkeys(ALL_HAVE_IT, "No"))
    manager.presses("Continue").sees("This was not recorded", "Not everyone has the plan")
    manager.answers(dict.fromkeys(ALL_HAVE_IT, "Yes")).continues("Agree the birth plan", "EDT 1 of baby")
    manager.is_on(f"{case}: Birth").sees("Ready for the birth", "University Hospital of North Durham")


def referred(front_door: Person) -> str:
    """A new referral, one thing a page; the case it became."""
    front_door.follows("New referral").presses("Start a pre-birth referral").is_on("Where the referral came from")
    front_door.sees("page 1 of 6", "Cannot be decided yet", "This would settle it")
    front_door.answers({"Came through": "Midwifery", "Immediate safety concern": "No"}).presses("Save and continue")
    front_door.is_on("The pregnancy").answers({"Expected date of birth": DUE, "Known from": "Dating scan"})
    front_door.presses("Save and continue").is_on("Parent 1: mother")
    front_door.answers({"Name": NAME, "Evidence of some positive change": "Yes", "Consent": "Not asked yet"})
    front_door.presses("Add removal")
    removal = {"Removed through": "Care proceedings", "Removed on": date(2023, 4, 5), "Authority": "Durham"}
    front_door.answers(removal, front_door.group("Removal 1")).presses("Save and check the criteria")
    front_door.sees("Meets the criteria of Pre-birth intervention service", "Not known yet")
    front_door.presses("Save and continue").is_on("Earlier children and proceedings")
    front_door.presses("Save and continue").is_on("Risks, and what is going well")
    front_door.answers({"What is worrying, and what is going well": "She came to the midwife by herself."})
    front_door.presses("Save and continue").is_on("Check your answers").sees(NAME, "9 June 2027")

    front_door.sees("These cases have something in common with this referral", "PB-1").presses("Record this referral")
    front_door.is_told_of_a_problem("say that this is another pregnancy")
    front_door.main.get_by_role("checkbox", name="I have looked: this is another pregnancy").check()
    front_door.presses("Record this referral").is_on("Referral recorded")
    case = front_door.main.page.url.rpartition("/")[2]
    front_door.sees(case, "Meets the criteria", "a child removed through care proceedings", "TM 1 of baby")
    front_door.sees("Decide on the referral: by Thursday 26 November 2026", "Others go on with it")
    return case


def visited(worker: Person, case: str) -> None:
    """Written up on the day after; the check says what it ends."""
    yesterday = worker.site.desk.now - timedelta(days=1)
    answers = {
        "Visited on": yesterday.date(),
        "Who was seen": ["Mother"],
        "What was seen and said": "She showed me the cot.",
        "When did it happen?": yesterday,
    }
    worker.records(case, "Record a visit", "First visit", answers=answers)
    worker.is_on(f"{case}: Assessment").sees("Record a visit", "recorded")


def assessed(worker: Person, case: str) -> None:
    answers = {
        "Assessment started on": worker.today() - timedelta(days=4),
        "Factors at the end of assessment": ["Domestic abuse: parent"],
        "What it means for the baby": "A calm home is within reach.",
        "The chronology is complete": "Yes",
        "What is recommended": "A child in need plan.",
    }
    views = {"Parent": "Mother", "View": "She wants to bring up this baby."}
    worker.records(case, "Submit the assessment", "TM 1 of baby", answers=answers, records={"View 1": views})


def authorised(manager: Person, case: str) -> None:
    answers = {"Decision": "Child in need plan", "Grounds for the decision": "She works with us."}
    manager.records(case, "Authorise the assessment", "The case moves to Pre-birth clinic", answers=answers)


def test_a_birth_at_35_weeks_is_recorded_by_whoever_is_on_duty(site: Site) -> None:
    case = Pregnancy(site.desk).refer().is_planned().until(35).case

    duty = site.person("baby.EDT").signs_in().is_on("My work")
    duty.answers({"Case reference or name": case}).presses("Search").is_on(f"{case}: Pre-birth clinic")
    duty.sees("Expected date of birth", "Agree the birth and discharge plan", "Ask maternity: from 37+0 each week")
    baby = {"Born on": duty.today(), "Born alive": "Yes", "Sex": "Female"}
    follows = ("The case moves to Born", "TM 1 of baby", "CW 1 of baby", "First visit: ends")
    duty.records(case, "Record the birth", *follows, records={"Baby 1": baby})

    duty.is_on(f"{case}: Birth").sees(
        "Child 1", "Next date", "Hold the discharge meeting, by the end of Thursday 6 May"
    )
    dates = duty.main.get_by_role("region", name="Dates that run")
    checkpoint = dates.get_by_role("row", name="Checkpoint at 6 weeks (child 1)")
    expect(checkpoint).to_contain_text("The end of Wednesday 16 June 2027")
    for ended in ("Agree the birth and discharge plan", "Ask maternity", "No birth recorded", "Visit the parents"):
        expect(dates).not_to_contain_text(ended)
    expect(duty.main.get_by_text("Expected date of birth")).to_be_hidden()
    duty.unfolds("Dates that have ended").sees("Cancelled Agree the birth and discharge plan, 5 May 2027")

    manager = site.person("baby.TM").opens(f"/cases/{case}").sees("Born", "Child 1")
    manager.opens("/messages").sees(case)


def test_a_pregnancy_that_ended_falls_silent(site: Site) -> None:
    case = Pregnancy(site.desk).refer().is_planned().case
    worker = site.person("baby.CW").opens(f"/cases/{case}").sees("Expected date of birth", "Ask maternity")

    told = {"Told by": "The community midwife."}
    worker.records(case, "Report that the pregnancy has ended", "Pregnancy reported ended", answers=told)
    nothing_speaks_of_a_birth(worker.is_on(f"{case}: Pregnancy reported ended"))
    worker.sees("Confirm or correct the report, by the end of Friday 27 November 2026")

    manager = site.person("baby.TM").opens(f"/cases/{case}")
    nothing_speaks_of_a_birth(manager)
    confirmed = {
        "Health professional it was confirmed with": "The community midwife.",
        "Bereavement support offered": "By her midwife, at home, whenever she likes.",
    }
    manager.records(case, "Confirm that the pregnancy has ended", answers=confirmed)
    nothing_speaks_of_a_birth(manager.is_on(f"{case}: Pregnancy ended").sees("No date is running."))

    sent = messages(site)
    while site.desk.now.date() < DUE + timedelta(weeks=3):
        site.wait(weeks=1)
        for job in ("deadline sweep", "digests"):
            jobs.run(site.desk.service, job, jobs.jobs(site.desk.service, "n1")[job], "n1", lambda: site.desk.now)
    assert messages(site) == sent
    worker.opens("/work").sees("No open case is in your name").sees_no(case)


def nothing_speaks_of_a_birth(person: Person) -> None:
    """Nothing at hand on the page of the case, and no date of a birth folded away in it."""
    for words in ("Expected date of birth", "Record the birth", "Post-birth support", "still to come"):
        expect(person.main.get_by_text(words, exact=True)).to_be_hidden()
    dates = ("9 June 2027", "Ask maternity", "No birth recorded", "Agree the birth and discharge plan")
    person.sees_no(*dates)


def messages(site: Site) -> list[str]:
    with site.desk.database.read() as connection:
        return list(connection.execute(select(MESSAGES.c.key).order_by(MESSAGES.c.key)).scalars())
