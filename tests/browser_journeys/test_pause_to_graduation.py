"""Eighteen months beside one woman, as her practitioner and the practice lead keep them in their browsers."""

from datetime import UTC, date, datetime

from browser_journeys.people import Person, Site
from playwright.sync_api import expect

from scheduler.calendars import add_months
from states.pause import OUTCOME_DOMAINS

from factories import Desk
from walks import Walk

STARTED = date(2027, 1, 11)
PP, PL = "pause.PP", "pause.PL"


def scores(score: int) -> list[dict[str, object]]:
    return [{"domain": domain, "score": score} for domain in OUTCOME_DOMAINS]


def month(number: int) -> datetime:
    return datetime.combine(add_months(STARTED, number), datetime.min.time(), UTC).replace(hour=10)


def about_to_commit(desk: Desk) -> Walk:
    """She knows Pause, has said where she is now, and has talked about a pause."""
    walk = Walk(desk, "pause").open(PL, worker=PP).step("start_check", PL).step("find_eligible", PL)
    walk.step("begin_engagement", PP, worker=PP).after(days=30)
    walk.step("record_baseline", PP, baseline_scores=scores(2)).step("discuss_pause", PP)
    desk.now = month(0)
    return walk


def reviews(walk: Walk, *months: int, score: int) -> None:
    for number in months:
        walk.desk.now = month(number)
        walk.step("review", PP, review_month=str(number), outcome_scores=scores(score))
        walk.step("decide_approval", PL, for_trigger="review", decision="approve")


def test_a_pause_journey_to_graduation(site: Site) -> None:
    walk = about_to_commit(site.desk)
    case, lead, practitioner = walk.case, site.person(PL), site.person(PP)

    today = lead.today()
    decided = {
        "Has she decided to pause?": "Yes",
        "Her decision on": today,
        "Informed-choice conversation with sexual health on": today,
        "Programme starts on": today,
    }
    lead.opens(f"/cases/{case}").sees("The programme has not started.")
    lead.records(case, "Commit to a pause", "On programme", answers=decided)
    lead.sees("Her journey with Pause")

    site.desk.now = month(1)
    signed_review(practitioner, lead, case)
    site.desk.now = month(2)
    held = {"Reason": "Hospital", "Note": "A planned stay.", "Review on": date(2027, 3, 25)}
    lead.records(case, "Put on hold", "On hold", answers=held).sees("On hold")
    site.wait(days=30)
    lead.records(case, "Resume", answers={"Note": "She is home."})
    walk.version = site.desk.looks_as(PL).case(case)["version"]
    walk.state = "on_programme"
    reviews(walk, 3, 6, 9, 12, score=3)

    site.desk.now = month(14)
    lead.opens(f"/cases/{case}").unfolds("Begin transition").sees("Transition begins from month 15")
    site.desk.now = month(15)
    walk.step("begin_transition", PL)
    reviews(walk, 15, 18, score=4)
    lead.records(case, "Graduate", "The case moves to Graduated", answers={"Graduated on": lead.today()})

    lead.sees("She graduated on 11 July 2028.", "How she sees her own life", "higher than the first time (2)")
    expect(lead.main.get_by_role("img")).to_be_visible()
    lead.unfolds("The same in words").sees("month 1", "on hold")
    lead.follows("Her outcomes over time, as charts and tables")
    expect(lead.main.get_by_role("table")).to_have_count(len(OUTCOME_DOMAINS))
    lead.sees("Home and housing: her scores", "(month 1)", "(month 18)")


def signed_review(practitioner: Person, lead: Person, case: str) -> None:
    """The practitioner reviews with her; the practice lead signs."""
    practitioner.chooses(case, "Programme review")
    practitioner.answers({"Which review": "Month 1", "What was reviewed, and what happens next": "She sleeps better."})
    practitioner.answers({"Area of life": "Home and housing", "Her score": "3"}, practitioner.group("Score 1"))
    practitioner.continues("Programme review")
    lead.opens("/work").sees("Approvals you are asked for", case)
    lead.opens(f"/cases/{case}").follows("Decide on it").is_on("Decide on approval")
    lead.answers({"Decision": "Approve", "Reason": "I have read it."}).continues("Decide on approval")
