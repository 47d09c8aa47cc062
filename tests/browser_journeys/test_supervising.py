"""A manager's morning with three time limits passed, and an auditor who reads how a disputed decision came about."""

import re
from datetime import UTC, datetime

from browser_journeys.people import Person, Site
from journeys.prebirth_journeys import MOTHER, Pregnancy
from playwright.sync_api import expect

from workflow import jobs
from workflow.bootstrap import Service

from factories import Desk

NAME = "Ottilie Quillfeather"
SNOOZE, ACKNOWLEDGE = re.compile("^Snooze"), re.compile("^Acknowledge")


def run(service: Service, job: str, now: datetime) -> None:
    jobs.run(service, job, jobs.jobs(service, "n1")[job], "n1", lambda: now)


def three_breaches(desk: Desk) -> list[str]:
    """Three families whose first visit was due on Wednesday; nobody was told before Thursday morning."""
    cases = [Pregnancy(desk).refer().is_assessed().case for _ in range(3)]
    desk.now = datetime(2026, 12, 24, 8, 30, tzinfo=UTC)
    run(desk.service, "deadline sweep", desk.now)
    return cases


def test_a_supervisors_morning_with_three_breaches(site: Site) -> None:
    first, second, third = three_breaches(site.desk)

    manager = site.person("baby.TM").signs_in().is_on("My work").sees("You were told: these need an answer")
    manager.follows("Team").is_on("Team baby").sees("3 cases of 3 open cases are past a date")
    manager.sees("How long cases have stood still", "CW 1 of baby")
    expect(manager.row(first)).to_contain_text("▲ Past its date")
    manager.follows("Waiting for an answer").is_on("Waiting for an answer")
    manager.sees("Past its date", "Told:", "TM 1 of baby")

    manager.presses("Answer those chosen").is_told_of_a_problem("Choose at least one deadline to answer")
    answered(manager, [f"{first}: First visit"], ACKNOWLEDGE, "29 December", "She was ill; it is booked for Tuesday.")
    answered(manager, [f"{second}: First visit"], SNOOZE, "29 December", "We wait for the interpreter.")
    both = [f"{first}: Visit the parents", f"{second}: Visit the parents"]
    answered(manager, both, SNOOZE, "30 December", "The first visit does for both.")
    left = manager.main.get_by_role("checkbox")
    expect(left).to_have_count(2)

    manager.follows(f"Give it to another worker ({third})").is_on("Change worker or team")
    manager.answers({"New worker": "CW 2 of baby, Team baby", "Handover note": "Her worker is away."})
    manager.continues("Change worker or team").sees("CW 2 of baby (baby.CW2)")
    manager.opens(f"/cases/{first}/timeline")
    manager.sees("Alert answered with a day", "She was ill; it is booked for Tuesday.")

    manager.opens("/alerts/late").is_on("Told late").sees("Why they were late", f"{third}.", "Late by", "TM 1 of baby")
    with manager.page.expect_download() as download:
        manager.main.get_by_role("link", name="as CSV", exact=True).click()
    assert first in download.value.path().read_text(encoding="utf-8-sig")


def answered(manager: Person, deadlines: list[str], act: re.Pattern[str], until: str, reason: str) -> None:
    """Ticks these and answers them at once."""
    for one in deadlines:
        case, label = one.split(": ")
        manager.main.get_by_role("checkbox", name=re.compile(rf"^{case}\.\d+: {label}$")).check()
    question = manager.group("What do you want to do with those you chose?")
    question.get_by_role("radio", name=act).check()
    day = datetime.strptime(f"{until} 2026", "%d %B %Y").replace(tzinfo=UTC).date()
    manager.answers({"Promised day, or last quiet day": day, "Why, and what is being done": reason})
    number = f"{len(deadlines)} deadline{'s were' if len(deadlines) > 1 else ' was'} answered."
    manager.presses("Answer those chosen").is_told(number)


def disputed(desk: Desk) -> str:
    """Outside the criteria; a manager is refused, asks for approval, and accepts against the rule."""
    case = Pregnancy(desk).refer({**MOTHER, "name": NAME, "positive_change": False}, weeks=30)
    case.cannot("accept", "approval")
    case.does("request_approval", by="baby.TM", for_trigger="accept", reason_code="MANAGER_JUDGEMENT")
    case.does("decide_approval", for_trigger="accept", decision="approve").does("accept")
    run(desk.service, "seal", desk.now)
    return case.case


def test_an_audit_of_a_disputed_decision(site: Site) -> None:
    case = disputed(site.desk)
    site.person("baby.CW").opens(f"/cases/{case}").sees(NAME)
    site.desk.service.looks.flush()

    auditor = site.person("both.AUD").signs_in()
    auditor.follows("Team").follows("Audit").is_on("Audit").answers({"Case reference": case}).presses("Search")
    found = auditor.main.get_by_role("region", name="Entries of the evidence")
    refusal = found.get_by_role("row").filter(has_text="baby.TM").filter(has_text="Refused")
    expect(refusal).to_contain_text("the approval of a service manager")
    expect(found.get_by_role("row").filter(has_text="A rule was overridden")).to_contain_text("Accept")
    expect(found.get_by_role("row").filter(has_text="Decide on approval").first).to_contain_text("SM 1 of baby")
    auditor.sees_no(NAME)

    auditor.answers({"What": "Overrides of a rule"}).presses("Search").sees("Accept, and ask for consent")
    found.get_by_role("link").first.click()
    auditor.is_on(re.compile("timeline")).sees("Overridden: a rule was set aside, with an approval.").sees_no(NAME)

    auditor.opens(f"/cases/{case}").sees("What the policy says of the referral", "Some answers are withheld")
    auditor.unfolds("Every rule, and because of what").sees("Not met", "gestation when the referral was received")
    auditor.sees("Approvals", "approved by baby.SM").sees_no(NAME)

    auditor.opens("/audit").follows("See who looked at what").is_on(re.compile("looked"))
    auditor.answers({"Case reference": case}).presses("Search")
    expect(auditor.row("baby.CW")).to_contain_text("their team")
    auditor.sees_no(NAME)

    auditor.opens("/audit").answers({"Verify one case now": case}).presses("Verify this case")
    auditor.sees(f"{case} verifies", "Nothing was changed, removed or put in between").sees_no(NAME)
