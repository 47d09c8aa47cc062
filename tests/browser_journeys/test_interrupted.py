"""What gets in the way of a form: a session that ends, a second person on the case, a browser without scripts."""

from datetime import timedelta

from browser_journeys.people import Person, Site
from journeys.prebirth_journeys import Pregnancy
from playwright.sync_api import expect

PLAN = {
    "Hospital": "University Hospital of North Durham",
    "Named midwife": "B. Invented",
    "Who may be there": "Her sister.\nHer mother, if she comes.",
    "Contact after the birth": "The baby stays with her.",
    "Where the baby may live": "At home; her sister was asked as well.",
    "If the birth is early, at home, or the mother is missing": "Maternity calls the emergency duty team.",
    "Who has the plan": "Maternity, health visiting, both parents.",
}
CHOSEN = {
    "Legal position": "No legal step planned",
    "Kin and early permanence were considered": "Yes",
    "The parents have a copy": "Yes",
    "The emergency duty team has the plan": "Yes",
}


def holds(person: Person, typed: dict[str, str]) -> None:
    """Everything stands in the form as it was typed."""
    for question, words in typed.items():
        expect(person.main.get_by_label(question, exact=True)).to_have_value(words)


def test_a_session_that_ends_in_a_long_form_loses_nothing(site: Site) -> None:
    case = Pregnancy(site.desk).refer().is_planned().until(30).does("start_birth_plan").case
    manager = site.person("baby.TM").chooses(case, "Agree the birth plan")
    manager.answers({**PLAN, **CHOSEN})

    site.wait(minutes=45)
    manager.presses("Continue").is_on("Sign in").sees("Your session has ended. What you typed is kept.")
    manager.signs_in().is_on("Agree the birth plan").sees("We kept what you typed")
    holds(manager, PLAN)
    for question, words in CHOSEN.items():
        expect(manager.group(question).get_by_role("radio", name=words, exact=True)).to_be_checked()

    site.wait(minutes=45)
    manager.presses("Continue").is_on("Sign in").signs_in().is_on("Agree the birth plan")
    holds(manager, PLAN)
    manager.continues("Agree the birth plan").sees("Ready for the birth")


def test_two_people_on_one_case_and_the_second_loses_nothing(site: Site) -> None:
    case = Pregnancy(site.desk).refer().is_planned().case
    worker, manager = site.person("baby.CW"), site.person("baby.TM")
    notes = {
        "Chair": "TM 1 of baby",
        "Who was there, by agency": "Maternity.",
        "Decisions and actions": "Weekly visits.",
    }
    dates = {"Held on": worker.today(), "Next clinic on": worker.today() + timedelta(days=14)}
    clinic = {**notes, **dates, "Progress": "Green: on track"}

    for one in (worker, manager):
        one.chooses(case, "Record a pre-birth clinic").answers(clinic)
    manager.continues("Record a pre-birth clinic")

    worker.presses("Continue").sees("The case has changed", "Record a pre-birth clinic, by baby.TM")
    worker.has_the_focus_on("The case has changed")
    holds(worker, notes)
    worker.answers({"Chair": "SM 1 of baby"}).continues("Record a pre-birth clinic")
    told = [one for one in site.desk.looks_as("baby.CW").evidence(case) if one["trigger"] == "hold_clinic"]
    assert [one["content"]["clinic_chair"] for one in told] == ["TM 1 of baby", "SM 1 of baby"]


def test_without_scripts_a_referral_and_a_visit_are_recorded(site: Site) -> None:
    case = Pregnancy(site.desk).refer().is_assessed().case
    front_door = site.person("baby.FD", java_script_enabled=False).signs_in().is_on("My work")
    front_door.follows("New referral").presses("Start a pre-birth referral")
    front_door.presses("Save and continue").is_told_of_a_problem("Select one: came through")
    front_door.answers({"Came through": "Midwifery"}).presses("Save and continue").is_on("The pregnancy")
    front_door.answers({"Expected date of birth": front_door.today() + timedelta(days=150)})
    front_door.presses("Save and continue").is_on("Parent 1: mother").answers({"Name": "Ottilie Quillfeather"})
    front_door.presses("Add removal").answers({"Authority": "Durham"}, front_door.group("Removal 1"))
    front_door.presses("Add another removal").answers({"Authority": "Leeds"}, front_door.group("Removal 2"))
    front_door.presses("Remove Removal 1")
    expect(front_door.group("Removal 1").get_by_label("Authority")).to_have_value("Leeds")
    expect(front_door.group("Removal 2")).to_have_count(0)
    expect(front_door.main.get_by_label("Name", exact=True)).to_have_value("Ottilie Quillfeather")
    front_door.presses("Save and add another parent").is_on("Parent 2")
    front_door.presses("Remove this parent").is_on("Parent 1: mother")
    for _ in range(3):
        front_door.presses("Save and continue")
    front_door.is_on("Check your answers").presses("Record this referral").is_on("Referral recorded")

    worker = site.person("baby.CW", java_script_enabled=False).signs_in().follows(case)
    worker.chooses(case, "Record a visit").presses("Continue").is_told_of_a_problem("Enter the date: visited on")
    visit = {"Visited on": worker.today(), "Who was seen": ["Mother"], "What was seen and said": "She was at home."}
    worker.answers(visit).continues("Record a visit")
