"""Signing in with a second factor, a restricted case in an emergency, and somebody who has no business with it."""

import re

import pyotp
import pytest
from browser_journeys.people import Person, Site
from journeys.prebirth_journeys import Pregnancy
from playwright.sync_api import expect

NAME = "Ottilie Quillfeather"


@pytest.fixture
def second_factor(request: pytest.FixtureRequest) -> bool:
    return "second_factor" in request.node.name


def test_a_second_factor_is_set_up_and_then_asked_for(site: Site) -> None:
    secret: list[str] = []

    def code(person: Person) -> None:
        if not secret:
            person.is_on("Set up your authenticator app")
            expect(person.main.get_by_role("img", name=re.compile("QR code"))).to_be_visible()
            found = re.search(r"\b(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}\b", person.main.inner_text())
            assert found is not None
            secret.append(found[0].replace(" ", ""))
        else:
            person.is_on("Enter the code from your app")
            person.answers({"6-digit code": "000000"}).presses("Continue").is_told_of_a_problem("code")
        person.answers({"6-digit code": pyotp.TOTP(secret[0]).at(site.desk.now)}).presses("Continue")

    worker = site.person("baby.CW")
    worker.then = code
    worker.opens("/messages").is_on("Messages").presses("Sign out").is_on("Sign in")
    site.wait(minutes=1)
    worker.opens("/account").is_on("Your account")


def test_a_restricted_case_opens_to_whoever_breaks_the_glass_and_to_no_outsider(site: Site) -> None:
    case = Pregnancy(site.desk).refer({"role": "mother", "name": NAME, "consent": "not_asked"}).case
    manager = site.person("baby.TM").opens(f"/cases/{case}").follows("Who else may read it")
    manager.main.get_by_role("button", name="Restrict this case").click()
    manager.answers({"Why": "She is known to people in the office."}).presses("Restrict it")
    manager.is_told("Recorded: restrict this case.").sees("restricted")

    colleague = site.person("baby.CW2").opens(f"/cases/{case}").is_on("There is no such page").sees_no(NAME)
    colleague.follows("break the glass").is_on("Break the glass").sees("are told at once")
    colleague.presses("Break the glass").is_told_of_a_problem("Enter an answer: why")
    colleague.answers({"Why": "She rang: she is bleeding and alone."}).presses("Break the glass")
    colleague.sees("you broke the glass; its manager was told", NAME)

    manager.opens("/messages").sees(case)
    manager.opens("/audit").answers({"What": "Emergency access to a restricted case"})
    manager.presses("Search").sees("Glass broken in an emergency", "baby.CW2").sees_no(NAME)
    site.wait(hours=13)
    colleague.opens(f"/cases/{case}").is_on("There is no such page")

    outsider = site.person("pause.PP").opens(f"/cases/{case}").is_on("There is no such page")
    outsider.sees_no(NAME, "break the glass")
    words = outsider.main.inner_text()
    assert outsider.opens("/cases/PB-4711").main.inner_text() == words
