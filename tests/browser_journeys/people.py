"""People at a browser, who find what they need by its role and its label, as somebody with a screen reader does."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect

from doors import PASSWORD, Doors
from factories import Desk

PATIENCE = 20_000  # milliseconds: far more than a page takes, also on a machine with much else to do
Answer = str | date | Sequence[str]

expect.set_options(timeout=PATIENCE)


@dataclass
class Site:
    """The service under its address, and everybody who has it open."""

    address: str
    doors: Doors
    chromium: Browser
    people: list["Person"] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def desk(self) -> Desk:
        return self.doors.desk

    def wait(self, **time: float) -> None:
        """Lets time pass: days=10, hours=3 ... Whoever was signed in may have to sign in again."""
        self.desk.now += timedelta(**time)

    def person(self, username: str, **context: Any) -> "Person":
        """Somebody at a browser of their own, on whose page nothing is open yet."""
        self.doors.password(username)
        opened = self.chromium.new_context(base_url=self.address, **context)
        opened.set_default_timeout(PATIENCE)
        person = Person(self, username, opened.new_page(), context.get("java_script_enabled", True))
        person.page.on("console", person.hears)
        person.page.on("pageerror", lambda error: self.wrong.append(f"{username}, {person.page.url}: {error}"))
        person.page.on("request", self.watches)
        self.people.append(person)
        return person

    def watches(self, request: Request) -> None:
        if not request.url.startswith((f"{self.address}/", "data:")):
            self.wrong.append(f"{request.url} was asked for, which is not ours")

    def assert_nothing_went_wrong(self) -> None:
        """No script failed, nothing broke the content policy, and nothing was asked of another site."""
        assert self.wrong == []


@dataclass
class Person:
    """Somebody at one browser. What they do and see is named as they would name it."""

    site: Site
    username: str
    page: Page
    scripts: bool = True
    then: Callable[["Person"], None] = lambda _: None  # what follows the password: a code, where one is asked for

    def hears(self, message: ConsoleMessage) -> None:
        """Notes errors of the console, but for a page that says 404 or 422 and is a page all the same."""
        where = message.location.get("url", "")
        of_a_page = message.text.startswith("Failed to load resource") and "/static/" not in where
        if message.type == "error" and not of_a_page:
            self.site.wrong.append(f"{self.username}, {self.page.url}: {message.text}")

    def leaves(self) -> None:
        self.page.context.close()

    # Going about

    @property
    def main(self) -> Locator:
        return self.page.get_by_role("main")

    def signs_in(self, password: str = PASSWORD) -> "Person":
        """On the page that is open, where it is the one to sign in on; else at the address people know."""
        if not self.is_asked_to_sign_in():
            self.page.goto("/")
        self.page.get_by_label("User name", exact=True).fill(self.username)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.presses("Sign in")
        self.then(self)
        expect(self.page.get_by_role("button", name="Sign in", exact=True)).to_have_count(0)
        return self

    def is_asked_to_sign_in(self) -> bool:
        return self.page.get_by_role("heading", name="Sign in", exact=True, level=1).count() > 0

    def opens(self, path: str) -> "Person":
        """An address; signs in first where the session has ended, and is then led there."""
        self.page.goto(path)
        if self.is_asked_to_sign_in():
            self.signs_in()
        return self

    def follows(self, name: str, within: Locator | None = None) -> "Person":
        """A link, by all its words; of several that are called so, and lead to one place, the first."""
        return self._goes((within or self.page).get_by_role("link", name=name, exact=True).first)

    def presses(self, name: str, within: Locator | None = None) -> "Person":
        """A button, by all its words."""
        return self._goes((within or self.page).get_by_role("button", name=name, exact=True))

    def _goes(self, target: Locator) -> "Person":
        with self.page.expect_navigation():
            target.click()
        return self

    def unfolds(self, words: str) -> "Person":
        """Opens what is folded away under these words."""
        self.page.locator("summary").filter(has_text=words).click()
        return self

    # Reading

    def reads(self) -> str:
        """The page in words, as far as there is one."""
        return "\n".join(self.main.all_inner_texts())

    def is_on(self, heading: str | re.Pattern[str]) -> "Person":
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)
        return self

    def sees(self, *words: str) -> "Person":
        """All of these stand on the page."""
        for one in words:
            try:
                expect(self.main).to_contain_text(one)
            except AssertionError:  # without the whole page: that stands below a failed journey as people read it
                raise AssertionError(f"{self.username} does not see {one!r} at {self.page.url}") from None
        return self

    def sees_no(self, *words: str) -> "Person":
        """None of these stands anywhere in what was sent, folded away or not."""
        sent = self.page.content()
        assert [one for one in words if one in sent] == []
        return self

    def is_told(self, words: str) -> "Person":
        """A banner says that something was done."""
        expect(self.page.get_by_role("alert", name="Success")).to_contain_text(words)
        return self

    def is_told_of_a_problem(self, *words: str) -> "Person":
        """The error summary has the focus and says so; the title says it first."""
        summary = self.page.get_by_role("alert").filter(has_text="There is a problem")
        for one in words:
            expect(summary).to_contain_text(one)
        assert self.page.title().startswith("Error: ")
        return self.has_the_focus_on("There is a problem") if self.scripts else self

    def has_the_focus_on(self, words: str) -> "Person":
        expect(self.page.locator(":focus")).to_contain_text(words)
        return self

    def row(self, words: str) -> Locator:
        """A row of a table, or an entry of a list of cases or alerts, that has these words."""
        rows = self.main.get_by_role("row").or_(self.main.get_by_role("listitem"))
        return rows.filter(has_text=words).first

    # Filling in

    def group(self, name: str, within: Locator | None = None) -> Locator:
        """A question of several fields, or one of several records: by its legend."""
        place = within or self.main
        asked = place.get_by_role("group", name=name, exact=True)
        return asked.or_(place.get_by_role("group", name=f"{name} (optional)", exact=True))

    def answers(self, questions: Mapping[str, Answer], within: Locator | None = None) -> "Person":
        """Gives answers by the words of the questions: text, a choice or several by their labels, a date."""
        for question, answer in questions.items():
            self._answer(question, answer, within or self.main)
        return self

    def _answer(self, question: str, answer: Answer, within: Locator) -> None:
        group = self.group(question, within)
        if group.count() == 0:
            control = within.get_by_label(question, exact=True)
            control = control.or_(within.get_by_label(f"{question} (optional)", exact=True))
            if control.evaluate("one => one.tagName") == "SELECT":
                control.select_option(label=str(answer))
            else:
                control.fill(str(answer))
        elif isinstance(answer, datetime):
            self._date(group, answer.date())
            group.get_by_label("Time", exact=True).fill(f"{answer:%H:%M}")
        elif isinstance(answer, date):
            self._date(group, answer)
        elif isinstance(answer, str):
            group.get_by_role("radio", name=answer, exact=True).check()
        else:
            for one in answer:
                group.get_by_role("checkbox", name=one, exact=True).check()

    def _date(self, group: Locator, day: date) -> None:
        for label, number in (("Day", day.day), ("Month", day.month), ("Year", day.year)):
            group.get_by_label(label, exact=True).fill(str(number))

    # Recording what happened

    def chooses(self, case: str, label: str) -> "Person":
        """The form of what can happen next on a case, from the page of the case."""
        self.opens(f"/cases/{case}")
        button = self.main.get_by_role("button", name=label, exact=True)
        if button.count():
            return self._goes(button)
        link = self.main.get_by_role("link", name=label, exact=True)
        if not link.is_visible():
            self.main.locator("details").filter(has=self.page.get_by_text(label, exact=True)).locator("summary").click()
        return self._goes(link)

    def records(self, case: str, label: str, *follows: str, **given: Any) -> "Person":
        """Fills in the form, reads what will follow, and records it. `given` are answers and `records` of them."""
        self.chooses(case, label)
        self.answers(given.get("answers", {}))
        for name, questions in given.get("records", {}).items():
            self.answers(questions, self.group(name))
        return self.continues(label, *follows)

    def continues(self, label: str, *follows: str) -> "Person":
        """From the filled form to the record."""
        self.presses("Continue").is_on("Check before you record").sees("Nothing is recorded yet.", *follows)
        return self.presses("Record it").is_told(f"Recorded: {label}.")

    def today(self) -> date:
        return self.site.desk.now.date()
