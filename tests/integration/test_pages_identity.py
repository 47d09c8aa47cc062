"""Pages of identity, administration and help, as a browser without scripts goes through them."""

import html as html_text
import re
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

import pyotp
import pytest
from httpx2 import Response
from sqlalchemy import select
from starlette.testclient import TestClient

from states.roles import ROLE_LABELS
from workflow.absences import list_absences
from workflow.accounts import USERS, Operator
from workflow.desks import draft_of, keep_draft
from workflow.errors import Conflict, MoveRefused, Unmet
from workflow.identity import invitations, second_factor, sessions, tokens
from workflow.identity.sessions import SESSIONS
from workflow.models import TokenScope
from workflow.permissions import Permission
from workflow.web.account import PERMISSION_WORDS, words_for_form
from workflow.web.help import MEANS, glossary, read_glossary
from workflow.web.pages import STATUS
from workflow.web.sign_in import demo_accounts, grouped, qr_code

from browser import Page
from doors import PASSWORD, Doors, doors_to
from factories import NOW, Desk

pytestmark = pytest.mark.mostly_one_database

OURS = {"accept": "text/html", "sec-fetch-site": "same-origin"}
ANOTHER = {"accept": "text/html", "sec-fetch-site": "cross-site"}
CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')
LONG = "She said: “it’s <fine>”\r\nand then a second line"


@dataclass
class Visitor:
    """A browser that follows nothing by itself, sends forms as they stand on its page, and says where it is from."""

    doors: Doors
    client: TestClient
    here: Response | None = None
    headers: dict[str, str] = field(default_factory=lambda: dict(OURS))

    def get(self, path: str) -> Response:
        self.here = self.client.get(path, headers=self.headers)
        return self.here

    def post(self, path: str, **typed: str) -> Response:
        """Sends a form with the csrf of the last page that had one."""
        found = CSRF.findall(self.here.text) if self.here is not None else []
        given = {**({"csrf": found[0]} if found else {}), **typed}
        answered = self.client.post(path, data=given, headers=self.headers)
        if answered.status_code != 303:
            self.here = answered
        return answered

    def hidden(self, name: str) -> str:
        """The value of a hidden field of the page."""
        assert self.here is not None
        found = re.search(rf'type="hidden" name="{name}" value="([^"]*)"', self.here.text)
        return html_text.unescape(found[1]) if found else ""

    def sign_in(self, username: str, password: str = PASSWORD, **carried: str) -> Response:
        return self.post("/sign-in", username=username, password=password, **carried)


@pytest.fixture
def doors(desk: Desk) -> Doors:
    return doors_to(desk)


@pytest.fixture
def visitor(doors: Doors) -> Visitor:
    return Visitor(doors, doors.client())


def signed_in(doors: Doors, username: str) -> Visitor:
    visitor = Visitor(doors, doors.client())
    doors.password(username)
    assert visitor.sign_in(username).status_code == 303
    return visitor


def lead(answered: Response) -> str:
    assert answered.status_code == 303, answered.text
    return str(answered.headers["location"])


# --- where one begins ------------------------------------------------------------------------------------------------


def test_the_first_address_leads_to_signing_in(visitor: Visitor) -> None:
    assert lead(visitor.get("/")) == "/sign-in"


@pytest.mark.parametrize(
    ("who", "where"),
    [("baby.CW", "/work"), ("both.AUD", "/work"), ("both.ADM", "/system"), ("both.OVS", "/reports")],
)
def test_the_first_address_leads_to_where_ones_work_begins(doors: Doors, who: str, where: str) -> None:
    assert lead(signed_in(doors, who).get("/")) == where


# --- signing in ------------------------------------------------------------------------------------------------------


def test_a_person_signs_in_and_is_led_to_the_page_they_asked_for(doors: Doors, visitor: Visitor) -> None:
    doors.password("baby.CW")
    shown = visitor.get("/account?said=ended")
    assert shown.status_code == 401
    assert "<h1" in shown.text
    assert lead(visitor.sign_in("baby.CW", then=visitor.hidden("then"))) == "/account?said=ended"


def test_a_wrong_password_and_an_unknown_name_read_the_same(doors: Doors, visitor: Visitor) -> None:
    doors.password("baby.CW")
    wrong = visitor.sign_in("baby.CW", "not the password")
    unknown = visitor.sign_in("nobody.here", "not the password")
    assert (wrong.status_code, unknown.status_code) == (422, 422)
    nonce = re.compile('nonce="[^"]*"')
    assert nonce.sub("", wrong.text).replace("baby.CW", "X") == nonce.sub("", unknown.text).replace("nobody.here", "X")
    assert "not the password" not in wrong.text


def test_too_many_tries_are_told_how_long_to_wait(visitor: Visitor) -> None:
    for _ in range(6):
        answered = visitor.sign_in("baby.CW", "wrong")
    assert answered.status_code == 429
    assert int(answered.headers["retry-after"]) <= 60
    assert "try again in 1 minute" in answered.text


def test_another_site_signs_nobody_in(doors: Doors, visitor: Visitor) -> None:
    doors.password("baby.CW")
    visitor.headers = dict(ANOTHER)
    assert visitor.sign_in("baby.CW").status_code == 403


@pytest.mark.parametrize("then", ["//evil.example", "https://evil.example", "/\\evil.example", "/sign-in/code", "x"])
def test_only_pages_of_ours_are_led_to(doors: Doors, visitor: Visitor, then: str) -> None:
    doors.password("baby.CW")
    assert lead(visitor.sign_in("baby.CW", then=then)) == "/"


def test_signing_out_ends_the_session(doors: Doors) -> None:
    visitor = signed_in(doors, "baby.CW")
    visitor.get("/account")
    assert lead(visitor.post("/sign-out")) == "/sign-in?said=out"
    assert visitor.get("/account").status_code == 401


def test_the_code_is_asked_for_and_leads_on(doors: Doors, visitor: Visitor) -> None:
    doors.password("baby.CW")
    totp = doors.enrol("baby.CW")
    assert lead(visitor.sign_in("baby.CW", then="/help")) == "/sign-in/code?then=/help"
    assert lead(visitor.get("/account")) == "/sign-in/code?then=/account"
    visitor.get("/sign-in/code?then=/help")
    wrong = visitor.post("/sign-in/code", code="000000", then="/help")
    assert wrong.status_code == 422
    assert 'id="code-error"' in wrong.text
    assert lead(visitor.post("/sign-in/code", code=totp.at(doors.desk.now), then="/help")) == "/help"
    assert visitor.get("/account").status_code == 200


def test_a_second_factor_is_set_up_before_anything_opens(desk: Desk) -> None:
    doors = doors_to(desk, require_second_factor=True)
    visitor = Visitor(doors, doors.client())
    doors.password("baby.CW")
    assert lead(visitor.sign_in("baby.CW")) == "/sign-in/enrol?then=/"
    shown = visitor.get("/sign-in/enrol?then=/help")
    with desk.database.read() as connection:
        found = second_factor.begun(connection, doors.app.state.service.secret_key(), "baby.CW")
    assert found is not None
    assert grouped(found.secret) in shown.text
    assert "<svg" in shown.text
    assert "Account" not in Page(shown.text).open_tags
    code = pyotp.TOTP(found.secret).at(desk.now)
    assert lead(visitor.post("/sign-in/enrol", code=code, then="/help")) == "/help"


def test_the_picture_of_a_secret_has_its_white_rim() -> None:
    picture = qr_code(second_factor.Enrolment("A", "otpauth://totp/Waymark:a?secret=A&issuer=Waymark"))
    places = [int(x) for x, _ in re.findall(r"M(\d+) (\d+)h1", picture.course)]
    assert min(places) == 4
    assert max(places) == picture.size - 5


def test_an_invitation_sets_a_password_once(doors: Doors, visitor: Visitor) -> None:
    with doors.desk.database.write() as connection:
        code = invitations.invite(connection, Operator(name="test", now=NOW), username="baby.CW")
    new = "purple kettles walk slowly home"
    differ = visitor.post("/invitation", code=code, new_password=new, new_password_again="x")
    short = visitor.post("/invitation", code=code, new_password="short", new_password_again="short")
    wrong = visitor.post("/invitation", code="wi_nothing", new_password=new, new_password_again=new)
    assert [one.status_code for one in (differ, short, wrong)] == [422, 422, 422]
    assert 'id="new_password_again-error"' in differ.text
    assert 'id="new_password-error"' in short.text
    assert 'id="code-error"' in wrong.text
    assert lead(visitor.post("/invitation", code=code, new_password=new, new_password_again=new)) == (
        "/sign-in?said=password"
    )
    assert lead(visitor.sign_in("baby.CW", new)) == "/"


def test_the_demo_accounts_are_shown_on_a_demo_alone(doors: Doors, visitor: Visitor) -> None:
    assert "demo-only" not in visitor.get("/sign-in").text
    doors.app.state.demo = True
    shown = visitor.get("/sign-in").text
    assert "demo-only" in shown
    assert "demo.durham.worker1" in shown
    assert all(one.role in ROLE_LABELS.values() for people in demo_accounts().values() for one in people)


# --- a session that ends while somebody types ------------------------------------------------------------------------


def end_session(doors: Doors) -> None:
    with doors.desk.database.write() as connection:
        connection.execute(SESSIONS.update().values(ended_at=NOW))


def test_what_was_typed_comes_back_after_signing_in_again(doors: Doors) -> None:
    visitor = signed_in(doors, "both.ADM")
    visitor.get("/system/people/new")
    end_session(doors)
    shown = visitor.post("/system/people/new", username="ann.example", name=LONG, role="CW", email="", x_password="s3")
    assert shown.status_code == 401
    assert "What you typed is kept" in shown.text
    assert "s3" not in visitor.hidden("typed")
    assert "csrf" not in visitor.hidden("typed")
    wrong = visitor.sign_in("both.ADM", "wrong", then=visitor.hidden("then"), typed=visitor.hidden("typed"))
    assert "What you typed is kept" in wrong.text
    led = lead(visitor.sign_in("both.ADM", then=visitor.hidden("then"), typed=visitor.hidden("typed")))
    assert led == "/system/people/new"
    page = visitor.get(led)
    assert "We kept what you typed" in page.text
    sent = Page(page.text).sent()
    assert sent["username"] == "ann.example"
    assert sent["name"] == LONG
    assert sent["role"] == "CW"


def test_it_comes_back_through_the_code_too(doors: Doors) -> None:
    visitor = signed_in(doors, "both.ADM")
    visitor.get("/system/teams/new")
    end_session(doors)
    totp = doors.enrol("both.ADM")
    visitor.post("/system/teams/new", code="new-team", name="A team")
    step = visitor.sign_in("both.ADM", then=visitor.hidden("then"), typed=visitor.hidden("typed"))
    assert step.status_code == 200
    assert "Enter the code" in step.text
    with doors.desk.database.read() as connection:
        assert draft_of(connection, "both.ADM", "/system/teams/new") is None
    carried = {"then": visitor.hidden("then"), "typed": visitor.hidden("typed")}
    assert lead(visitor.post("/sign-in/code", code=totp.at(doors.desk.now), **carried)) == "/system/teams/new"
    assert "new-team" in visitor.get("/system/teams/new").text


def test_what_another_site_sends_is_not_carried(doors: Doors) -> None:
    visitor = Visitor(doors, doors.client(), headers=dict(ANOTHER))
    shown = visitor.post("/system/people/new", username="planted")
    assert shown.status_code == 401
    assert "planted" not in shown.text


def test_what_no_page_wrote_is_not_kept(doors: Doors, visitor: Visitor) -> None:
    doors.password("baby.CW")
    for typed in ("{", "[1]", '[["a"]]', '{"a": "b"}', "[" * 5000):
        assert lead(visitor.sign_in("baby.CW", then="/absences", typed=typed)) == "/absences"
    with doors.desk.database.read() as connection:
        assert draft_of(connection, "baby.CW", "/absences") is None


def test_a_form_of_an_earlier_session_can_be_gone_on_with(doors: Doors) -> None:
    visitor = signed_in(doors, "both.ADM")
    visitor.get("/system/teams/new")
    stale = visitor.here
    end_session(doors)
    doors.password("both.ADM")
    assert visitor.sign_in("both.ADM").status_code == 303  # in another tab
    visitor.here = stale
    shown = visitor.post("/system/teams/new", code="kept-team", name="Kept")
    assert shown.status_code == 403
    assert "What you typed is not lost" in shown.text
    carried = {"then": visitor.hidden("then"), "typed": visitor.hidden("typed")}
    assert lead(visitor.post("/account/drafts", **carried)) == "/system/teams/new"
    assert "kept-team" in visitor.get("/system/teams/new").text


# --- pages for what went wrong ---------------------------------------------------------------------------------------


def test_a_page_says_what_is_missing_and_who_could_do_it(doors: Doors) -> None:
    unmet = [Unmet("fact", "consent", "consent is not recorded"), Unmet("role", "CW", "a manager has to do this")]

    def refuse() -> None:
        raise MoveRefused("PB-1", "accept", unmet, ["team manager"])

    def changed() -> None:
        raise Conflict("somebody else was faster", ["the due date is now 3 December"])

    doors.app.get("/test/refused")(refuse)
    doors.app.get("/test/changed")(changed)
    visitor = signed_in(doors, "baby.CW")
    refused, conflict = visitor.get("/test/refused"), visitor.get("/test/changed")
    assert (refused.status_code, conflict.status_code) == (409, 409)
    assert all(one.says in refused.text for one in unmet)
    assert "team manager" in refused.text
    assert "the due date is now 3 December" in conflict.text


def test_a_program_is_still_answered_with_a_document(doors: Doors) -> None:
    answered = doors.client().get("/account")
    assert answered.headers["content-type"] == "application/problem+json"


def test_an_unknown_page_says_so_and_shows_a_reference(visitor: Visitor) -> None:
    shown = visitor.get("/nowhere")
    assert shown.status_code == 404
    assert "There is no such page" in shown.text
    assert "Reference for your administrator" in shown.text


def test_an_account_that_may_not_is_told_who_may(doors: Doors) -> None:
    shown = signed_in(doors, "baby.CW").get("/system")
    assert shown.status_code == 403
    assert "administrator" in shown.text
    assert "Sign out" in shown.text
    assert 'href="/system"' not in shown.text


# --- my account ------------------------------------------------------------------------------------------------------


def test_everything_a_role_may_do_has_words() -> None:
    assert set(PERMISSION_WORDS) == set(Permission)


def test_my_account_shows_who_i_am_and_where_i_am_signed_in(doors: Doors) -> None:
    visitor = signed_in(doors, "baby.CW")
    with doors.desk.database.write() as connection:
        sessions.start(connection, "baby.CW", second_factor=True, device="Firefox on Windows", now=NOW)
    shown = visitor.get("/account").text
    assert "Caseworker" in shown
    assert "Team baby" in shown
    assert "Firefox on Windows" in shown
    assert "this is where you are now" in shown


def test_one_session_and_all_others_can_be_ended(doors: Doors) -> None:
    visitor = signed_in(doors, "baby.CW")
    with doors.desk.database.write() as connection:
        for device in ("Edge on Windows", "Safari on iPad"):
            sessions.start(connection, "baby.CW", second_factor=True, device=device, now=NOW)
    visitor.get("/account")
    assert lead(visitor.post("/account/sessions/end", id=visitor.hidden("id"))) == "/account?said=ended"
    assert visitor.get("/account").text.count("Sign out there") == 1
    assert lead(visitor.post("/account/sessions/end-others")) == "/account?said=others"
    assert "Sign out there" not in visitor.get("/account").text


def test_a_password_is_changed_for_the_one_known(doors: Doors) -> None:
    visitor, new = signed_in(doors, "baby.CW"), "purple kettles walk slowly home"
    visitor.get("/account/password")
    wrong = visitor.post("/account/password", old_password="no", new_password=new, new_password_again=new)
    assert wrong.status_code == 422
    assert 'id="old_password-error"' in wrong.text
    differ = visitor.post("/account/password", old_password=PASSWORD, new_password=new, new_password_again="x")
    assert 'id="new_password_again-error"' in differ.text
    done = visitor.post("/account/password", old_password=PASSWORD, new_password=new, new_password_again=new)
    assert lead(done) == "/account?said=password"
    assert visitor.get("/account").status_code == 200


def test_a_token_is_shown_once_and_can_be_revoked(doors: Doors) -> None:
    visitor = signed_in(doors, "baby.CW")
    visitor.get("/account/tokens")
    wrong = visitor.post("/account/tokens", token_name="", scope="everything", days="1000")
    assert wrong.status_code == 422
    made = visitor.post("/account/tokens", token_name="my script", scope="read", days="30")
    found = re.search(r"wm_[\w-]+", made.text)
    assert found is not None
    with doors.desk.database.read() as connection:
        assert tokens.use(connection, found[0], NOW) == ("baby.CW", TokenScope.READ)
    listed = visitor.get("/account/tokens")
    assert found[0] not in listed.text
    assert "my script" in listed.text
    assert lead(visitor.post("/account/tokens/revoke", id=visitor.hidden("id"), of="token")) == (
        "/account/tokens?said=revoked"
    )
    assert "my script" not in visitor.get("/account/tokens").text


def test_a_calendar_address_works_and_is_shown_once(doors: Doors) -> None:
    visitor = signed_in(doors, "baby.CW")
    visitor.get("/account/calendar")
    made = visitor.post("/account/calendar")
    found = re.search(r"/api/v1/feeds/wm_[\w-]+\.ics", made.text)
    assert found is not None
    assert doors.client().get(found[0]).status_code == 200
    assert found[0] not in visitor.get("/account/calendar").text


def test_a_token_opens_no_page_that_makes_more_of_it(doors: Doors) -> None:
    headers = {**OURS, "authorization": f"Bearer {doors.token('baby.CW')}"}
    for path in ("/account/tokens", "/account/calendar", "/account/password"):
        assert doors.client().post(path, data={}, headers=headers).status_code == 403


def test_drafts_wait_on_my_account_and_can_be_discarded(doors: Doors) -> None:
    with doors.desk.database.write() as connection:
        keep_draft(connection, "baby.CW", "/cases/PB-12/moves/record_birth", [["a", "b"]], NOW)
    visitor = signed_in(doors, "baby.CW")
    shown = visitor.get("/account").text
    assert 'href="/cases/PB-12/moves/record_birth"' in shown
    assert lead(visitor.post("/account/drafts/discard", about=visitor.hidden("about"))) == "/account?said=discarded"
    with doors.desk.database.read() as connection:
        assert draft_of(connection, "baby.CW", "/cases/PB-12/moves/record_birth") is None


def test_a_draft_is_called_what_its_form_is_called() -> None:
    assert words_for_form("/cases/PB-12/moves/record_birth").startswith("PB-12: ")
    assert "record_birth" not in words_for_form("/cases/PB-12/moves/record_birth")
    assert words_for_form("/referrals/new") == "New referral"
    assert words_for_form("/cases/what/moves/odd-step") == "what: odd step"


# --- running the system ----------------------------------------------------------------------------------------------


def test_an_administrator_sees_how_the_service_stands(doors: Doors) -> None:
    visitor = signed_in(doors, "both.ADM")
    assert "Something needs attention" in visitor.get("/system").text  # no node has swept here
    settings = visitor.get("/system/settings").text
    assert "WAYMARK_SECRET_KEY" in settings.replace("<wbr>", "")
    assert "0123456789abcdef" not in settings


def trained_until(year: int) -> dict[str, str]:
    return {"trained_until-day": "30", "trained_until-month": "11", "trained_until-year": str(year)}


def test_an_account_is_added_with_an_invitation_shown_once(doors: Doors) -> None:
    visitor = signed_in(doors, "both.ADM")
    visitor.get("/system/people/new")
    wrong = visitor.post("/system/people/new", username="Ann Example", name="Ann", role="CW", team="baby")
    assert wrong.status_code == 422
    assert 'value="Ann Example"' in wrong.text
    given = {"username": "ann.example", "name": "Ann Example", "role": "CW", "team": "baby", **trained_until(2028)}
    made = visitor.post("/system/people/new", **given, email="ann@example.gov.uk")
    code = re.search(r"wi_[\w-]+", made.text)
    assert code is not None
    with doors.desk.database.read() as connection:
        assert invitations.invited(connection, code[0], NOW) == "ann.example"
    assert visitor.post("/system/people/new", **given).status_code == 422
    assert "Ann Example" in visitor.get("/system/people").text


@pytest.mark.parametrize(("step", "said"), [("disable", "disabled"), ("sign-out", "out")])
def test_an_account_is_closed_or_signed_out(doors: Doors, step: str, said: str) -> None:
    visitor = signed_in(doors, "both.ADM")
    visitor.get("/system/people/new")
    given = {"username": "ann.example", "name": "Ann Example", "role": "CW", "team": "baby", **trained_until(2028)}
    visitor.post("/system/people/new", **given)
    page = visitor.get("/system/people/ann.example")
    assert page.status_code == 200
    assert lead(visitor.post(f"/system/people/ann.example/{step}")) == f"/system/people/ann.example?said={said}"
    with doors.desk.database.read() as connection:
        active = connection.execute(select(USERS.c.active).where(USERS.c.username == "ann.example")).scalar()
    assert active == (step != "disable")


def test_an_account_is_corrected_and_its_second_factor_reset(doors: Doors) -> None:
    visitor = signed_in(doors, "both.ADM")
    visitor.get("/system/people/new")
    given = {"username": "ann.example", "name": "Ann Example", "role": "CW", "team": "baby", **trained_until(2028)}
    visitor.post("/system/people/new", **given)
    doors.enrol("ann.example")
    assert "Reset second factor" in visitor.get("/system/people/ann.example").text
    path = "/system/people/ann.example"
    wrong = visitor.post(path, name="Ann", email="nonsense")
    assert wrong.status_code == 422
    assert 'value="nonsense"' in wrong.text
    assert lead(visitor.post(path, name="Ann Smith", email="")) == f"{path}?said=changed"
    assert lead(visitor.post(f"{path}/reset-second-factor")) == f"{path}?said=factor"
    shown = visitor.get(path).text
    assert "Ann Smith" in shown
    assert "Reset second factor" not in shown


def test_teams_are_added_and_given_managers(doors: Doors) -> None:
    visitor = signed_in(doors, "both.ADM")
    with doors.desk.database.write() as connection:
        connection.execute(USERS.update().where(USERS.c.username == "baby.TM").values(name="Tom Manager"))
    visitor.get("/system/teams/new")
    made = visitor.post("/system/teams/new", code="durham-new", name="New team", record="baby", manager="")
    assert lead(made) == "/system/teams?said=team"
    assert visitor.post("/system/teams/new", code="durham-new", name="x", record="baby").status_code == 422
    visitor.get("/system/teams/durham-new/manager")
    assert lead(visitor.post("/system/teams/durham-new/manager", manager="baby.TM")) == "/system/teams?said=manager"
    assert "Tom Manager" in visitor.get("/system/teams").text


def test_people_say_when_they_are_away(doors: Doors) -> None:
    visitor = signed_in(doors, "baby.CW")
    assert "Who is away" not in visitor.get("/absences").text
    dates = {"starts_on-day": "1", "starts_on-month": "12", "starts_on-year": "2026"}
    dates |= {"ends_on-day": "9", "ends_on-month": "12", "ends_on-year": "2026"}
    wrong = visitor.post("/absences", **{**dates, "ends_on-day": "40"})
    assert wrong.status_code == 422
    assert 'value="40"' in wrong.text
    assert lead(visitor.post("/absences", **dates, cover="baby.CW2")) == "/absences?said=away"
    with doors.desk.database.read() as connection:
        (row,) = list_absences(connection, "durham", username="baby.CW")
    assert row["cover"] == "baby.CW2"
    visitor.get("/absences")
    gone = visitor.post("/absences/remove", username="baby.CW", starts_on="2026-12-01")
    assert lead(gone) == "/absences?said=back"
    assert visitor.post("/absences/remove", username="baby.CW", starts_on="nonsense").status_code == 404


def test_managers_say_it_for_others(doors: Doors) -> None:
    visitor = signed_in(doors, "baby.TM")
    assert "Who is away" in visitor.get("/absences").text
    dates = {"starts_on-day": "1", "starts_on-month": "12", "starts_on-year": "2026"}
    dates |= {"ends_on-day": "9", "ends_on-month": "12", "ends_on-year": "2026"}
    assert lead(visitor.post("/absences", username="baby.CW", **dates)) == "/absences?said=away"
    assert "CW 1 of baby" in visitor.get("/absences").text


# --- help ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/help", "/help/glossary", "/help/accessibility"])
def test_help_is_there_for_everybody(doors: Doors, visitor: Visitor, path: str) -> None:
    outside, inside = visitor.get(path), signed_in(doors, "baby.CW").get(path)
    assert (outside.status_code, inside.status_code) == (200, 200)
    assert "My work" not in Page(outside.text).open_tags
    assert 'href="/work"' in inside.text


def test_every_symbol_of_a_deadline_is_explained() -> None:
    assert set(MEANS) == {tag.words for tag in STATUS.values()}


def test_the_glossary_is_the_one_of_the_documentation() -> None:
    words = [one.word for found in glossary().values() for one in found]
    assert "Working day" in words
    assert words == sorted(words, key=str.casefold)
    assert read_glossary("| word | means here | where |\n|---|---|---|\n| A | some `thing` | `x` |\n") == [
        ("A", "Some thing")
    ]


# --- every page ------------------------------------------------------------------------------------------------------

PAGES = (
    *("/sign-in", "/invitation", "/account", "/account/password", "/account/tokens", "/account/calendar"),
    *("/system", "/system/people", "/system/people/new", "/system/teams", "/system/teams/new"),
    *("/system/teams/baby/manager", "/system/settings", "/absences", "/help", "/help/glossary", "/help/accessibility"),
    "/nowhere",
)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_light_and_well_made(doors: Doors, path: str) -> None:
    shown = signed_in(doors, "both.ADM").get(path)
    page = Page(shown.text)
    names = [tag for tag, _ in page.tags]
    assert len(shown.content) < 100_000
    assert names.count("h1") == 1
    assert len(page.ids) == len(set(page.ids))
    main = [int(name[1]) for name in names if re.fullmatch("h[1-6]", name)]
    assert all(after <= before + 1 for before, after in pairwise(main))
    assert not [found for _, found in page.tags if "style" in found or any(name.startswith("on") for name in found)]
    forms = [found for tag, found in page.tags if tag == "form" and found.get("method") == "post"]
    free = [found for found in forms if found["action"] in ("/sign-in", "/invitation")]
    assert shown.text.count('name="csrf"') == len(forms) - len(free)


def test_a_session_that_idles_is_asked_to_sign_in_again(doors: Doors) -> None:
    visitor = signed_in(doors, "baby.CW")
    doors.desk.now += timedelta(hours=2)
    shown = visitor.get("/account")
    assert shown.status_code == 401
    assert "Your session has ended" in shown.text
