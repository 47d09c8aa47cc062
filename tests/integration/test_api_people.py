"""Signing in, one's own account, people, teams and absences over HTTP, as the same people see it from both sides."""

from typing import Any

import pyotp
import pytest
from sqlalchemy import select

from workflow.accounts import TEAMS, USERS
from workflow.audit import ENTRIES
from workflow.models import SYSTEM_CHAIN, TokenScope

from doors import NEW_PASSWORD, PASSWORD, Doors, doors_to, problem
from factories import Desk

pytestmark = pytest.mark.mostly_one_database

ANN, SAM, ADMIN = "baby.CW", "baby.TM", "both.ADM"
WRONG = "wrong password here"
NEW = {"username": "ann.example", "name": "Ann Example", "role": "CW", "team": "baby", "email": "ann@example.gov.uk"}


@pytest.fixture
def doors(desk: Desk) -> Doors:
    return doors_to(desk)


@pytest.fixture
def strict(desk: Desk) -> Doors:
    """Where everybody must have a second factor."""
    return doors_to(desk, require_second_factor=True)


def system_entries(doors: Doors, trigger: str) -> list[dict[str, Any]]:
    query = select(ENTRIES).where((ENTRIES.c.case_id == SYSTEM_CHAIN) & (ENTRIES.c.trigger == trigger))
    with doors.desk.database.read() as connection:
        return [dict(row) for row in connection.execute(query.order_by(ENTRIES.c.seq)).mappings()]


def other_authority(doors: Doors) -> None:
    """A team and an account of Birmingham."""
    with doors.desk.database.write() as connection:
        team = {"code": "brum", "name": "Birmingham", "authority": "birmingham", "record": "baby", "manager": None}
        connection.execute(TEAMS.insert(), team)
        said = {"username": "brum.cw", "name": "Bo", "role": "CW", "team": "brum", "active": True}
        connection.execute(USERS.insert(), {**said, "created_at": doors.desk.now})


# --- signing in ----------------------------------------------------------------------------------------------------


def test_signing_in_sets_a_cookie_and_says_who_one_is(doors: Doors) -> None:
    browser = doors.browser(ANN)
    cookie = browser.client.cookies["waymark"]
    said = browser.ask("GET", "/session").json()
    assert (said["username"], said["role"], said["team"], said["known_by"]) == (ANN, "CW", "baby", "session")
    assert "read_cases" in said["permissions"]
    assert "run_system" not in said["permissions"]
    assert said["csrf"] == browser.csrf
    assert cookie not in str(said)


def test_an_unknown_account_and_a_wrong_password_are_answered_alike(doors: Doors) -> None:
    doors.password(ANN)
    wrong = doors.browser().sign_in(ANN, WRONG)
    unknown = doors.browser().sign_in("nobody.here", WRONG)
    assert problem(wrong) == problem(unknown) == (401, "not-signed-in")
    assert wrong.json()["detail"] == unknown.json()["detail"]
    assert set(wrong.headers) == set(unknown.headers)
    assert "set-cookie" not in wrong.headers


def test_after_five_failures_one_has_to_wait_and_is_told_how_long(doors: Doors) -> None:
    doors.password(ANN)
    for _ in range(5):
        doors.browser().sign_in(ANN, WRONG)
    refused = doors.browser().sign_in(ANN)
    assert problem(refused) == (429, "try-later")
    assert 0 < int(refused.headers["retry-after"]) <= 60


def test_another_site_cannot_sign_a_browser_in(doors: Doors) -> None:
    doors.password(ANN)
    body = {"username": ANN, "password": PASSWORD}
    for headers in ({"sec_fetch_site": "cross-site"}, {"sec_fetch_site": "", "origin": "https://evil.example"}):
        assert problem(doors.browser().ask("POST", "/session", body, **headers)) == (403, "not-allowed")


def test_with_a_second_factor_a_code_completes_the_sign_in_and_works_once(doors: Doors) -> None:
    totp = doors.enrol(ANN)
    code = totp.at(doors.desk.now)
    browser = doors.browser(ANN)
    half = browser.client.cookies["waymark"]
    assert browser.ask("GET", "/session").json()["needs"] == "code"
    assert browser.ask("GET", "/session").json()["permissions"] == []
    assert problem(browser.ask("GET", "/people"))[0] == 401
    assert browser.takes(browser.ask("POST", "/session/code", {"code": code})).json()["needs"] == "nothing"
    assert browser.client.cookies["waymark"] != half
    assert browser.ask("GET", "/people").status_code == 200

    second = doors.browser(ANN)
    assert problem(second.ask("POST", "/session/code", {"code": code})) == (401, "not-signed-in")


def test_where_a_second_factor_is_required_it_is_set_up_on_the_way_in(strict: Doors) -> None:
    browser = strict.browser(ANN)
    assert browser.ask("GET", "/session").json()["needs"] == "enrolment"
    begun = browser.ask("POST", "/account/second-factor").json()
    assert begun["uri"].startswith("otpauth://totp/Waymark")
    assert problem(browser.ask("POST", "/account/second-factor/confirm", {"code": "12"}))[0] == 401
    code = pyotp.TOTP(begun["secret"]).at(strict.desk.now)
    confirmed = browser.takes(browser.ask("POST", "/account/second-factor/confirm", {"code": code}))
    assert confirmed.status_code == 200
    assert browser.ask("GET", "/people").status_code == 200


def test_a_second_factor_can_be_set_up_later_and_is_not_replaced_by_oneself(doors: Doors) -> None:
    browser = doors.browser(ANN)
    secret = browser.ask("POST", "/account/second-factor").json()["secret"]
    assert problem(browser.ask("POST", "/account/second-factor/confirm", {"code": "000000"})) == (422, "bad-input")
    code = pyotp.TOTP(secret).at(doors.desk.now)
    assert browser.ask("POST", "/account/second-factor/confirm", {"code": code}).status_code == 200
    assert problem(browser.ask("POST", "/account/second-factor")) == (409, "conflict")


def test_signing_out_ends_the_session_wherever_its_cookie_is(doors: Doors) -> None:
    browser = doors.browser(ANN)
    copied = browser.client.cookies["waymark"]
    assert browser.ask("DELETE", "/session").status_code == 204
    thief = doors.browser()
    thief.client.cookies.set("waymark", copied)
    assert problem(thief.ask("GET", "/session")) == (401, "not-signed-in")


def test_a_change_without_the_token_of_the_session_is_refused(doors: Doors) -> None:
    browser = doors.browser(ANN)
    refused = browser.ask("DELETE", "/account/sessions", **{"x-csrf-token": "guessed"})
    assert problem(refused) == (403, "not-allowed")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/session/code", {"code": "000000"}),
        ("DELETE", "/session", None),
        ("POST", "/account/password", {"old": PASSWORD, "new": NEW_PASSWORD}),
        ("POST", "/account/second-factor", None),
        ("POST", "/account/second-factor/confirm", {"code": "000000"}),
        ("POST", "/account/tokens", {"name": "another", "scope": "act"}),
    ],
)
def test_a_token_cannot_take_an_account_over(doors: Doors, method: str, path: str, body: Any) -> None:
    assert problem(doors.ask(method, path, ANN, body)) == (403, "not-allowed")


# --- one's own account ---------------------------------------------------------------------------------------------


def test_sessions_are_listed_and_ended_one_by_one_or_all_but_this(doors: Doors) -> None:
    here, there, elsewhere = doors.browser(ANN), doors.browser(ANN), doors.browser(ANN)
    stranger = doors.browser(SAM)
    listed = here.ask("GET", "/account/sessions").json()
    assert len(listed) == 3
    assert [one["this_one"] for one in listed].count(True) == 1
    that = next(one["id"] for one in there.ask("GET", "/account/sessions").json() if one["this_one"])
    assert problem(stranger.ask("DELETE", f"/account/sessions/{that}")) == (404, "not-found")
    assert here.ask("DELETE", f"/account/sessions/{that}").status_code == 204
    assert there.ask("GET", "/session").status_code == 401
    assert here.ask("DELETE", "/account/sessions").status_code == 204
    assert elsewhere.ask("GET", "/session").status_code == 401
    assert here.ask("GET", "/session").status_code == stranger.ask("GET", "/session").status_code == 200


def test_a_new_password_needs_the_old_one_and_ends_every_other_session(doors: Doors) -> None:
    here, there = doors.browser(ANN), doors.browser(ANN)
    wrong = here.ask("POST", "/account/password", {"old": WRONG, "new": NEW_PASSWORD})
    weak = here.ask("POST", "/account/password", {"old": PASSWORD, "new": "password1234"})
    assert (problem(wrong)[0], problem(weak)[0]) == (403, 422)
    assert "password1234" not in weak.text
    assert here.ask("POST", "/account/password", {"old": PASSWORD, "new": NEW_PASSWORD}).status_code == 204
    assert here.ask("GET", "/session").status_code == 200
    assert there.ask("GET", "/session").status_code == 401
    assert doors.browser().sign_in(ANN).status_code == 401
    assert doors.browser().sign_in(ANN, NEW_PASSWORD).status_code == 200


def test_tokens_are_shown_once_listed_without_themselves_and_revoked(doors: Doors) -> None:
    browser = doors.browser(ANN)
    wanted = {"name": "a script", "scope": "read"}
    made = browser.ask("POST", "/account/tokens", wanted, idempotency_key="make-a-token")
    assert made.status_code == 201
    token, id = made.json()["token"], made.json()["id"]
    again = browser.ask("POST", "/account/tokens", wanted, idempotency_key="make-a-token")
    assert problem(again) == (409, "conflict")
    listed = browser.ask("GET", "/account/tokens")
    assert [(one["id"], one["name"]) for one in listed.json()] == [(id, "a script")]
    assert token not in listed.text
    asked = doors.client().get("/api/v1/session", headers={"authorization": f"Bearer {token}"})
    assert asked.json()["known_by"] == "token"
    assert problem(doors.ask("DELETE", f"/account/tokens/{id}", SAM)) == (404, "not-found")
    assert browser.ask("DELETE", f"/account/tokens/{id}").status_code == 204
    assert doors.client().get("/api/v1/session", headers={"authorization": f"Bearer {token}"}).status_code == 401


def test_a_token_that_may_only_look_changes_nothing(doors: Doors) -> None:
    token = doors.token(ADMIN, TokenScope.READ)
    headers = {"authorization": f"Bearer {token}", "idempotency-key": "may-only-look"}
    assert doors.client().get("/api/v1/people", headers=headers).status_code == 200
    assert problem(doors.client().post("/api/v1/people", json=NEW, headers=headers)) == (403, "not-allowed")


def test_an_invitation_sets_a_password_once(doors: Doors) -> None:
    assert doors.post("/people", NEW).status_code == 201
    invited = doors.post("/people/ann.example/invite").json()
    browser = doors.browser()
    weak = browser.ask("POST", "/account/invitation", {"code": invited["invitation"], "password": "short"})
    assert problem(weak) == (422, "bad-input")
    body = {"code": invited["invitation"], "password": NEW_PASSWORD}
    assert browser.ask("POST", "/account/invitation", body).json() == {"username": "ann.example"}
    assert problem(browser.ask("POST", "/account/invitation", body)) == (401, "not-signed-in")
    assert browser.sign_in("ann.example", NEW_PASSWORD).status_code == 200


def test_codes_of_invitations_cannot_be_tried_for_ever(doors: Doors) -> None:
    browser = doors.browser(address="198.51.100.9")
    body = {"code": "wi_guessed", "password": NEW_PASSWORD}
    tried = [browser.ask("POST", "/account/invitation", body).status_code for _ in range(31)]
    assert tried[:30] == [401] * 30
    assert tried[30] == 429
    crossed = browser.ask("POST", "/account/invitation", body, sec_fetch_site="cross-site")
    assert problem(crossed) == (403, "not-allowed")


# --- people --------------------------------------------------------------------------------------------------------


def test_everybody_reads_who_is_who_in_their_authority_and_only_administrators_more(doors: Doors) -> None:
    doors.post("/people", NEW)
    other_authority(doors)
    for who in (ANN, "pause.PP", "both.AUD", "both.OVS", ADMIN):
        people = doors.get("/people?limit=500", who).json()["people"]
        assert "brum.cw" not in {one["username"] for one in people}
        ann = next(one for one in people if one["username"] == "ann.example")
        assert ann["role_label"]
        assert ann["email"] == ("ann@example.gov.uk" if who == ADMIN else None)
    assert problem(doors.get("/people/brum.cw", ADMIN)) == (404, "not-found")
    assert doors.get("/people/baby.TM").json()["name"] == "TM 1 of baby"


def test_the_directory_comes_page_by_page(doors: Doors) -> None:
    seen: list[str] = []
    after = ""
    while True:
        page = doors.get(f"/people?limit=10{after}").json()
        seen += [one["username"] for one in page["people"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    with doors.desk.database.read() as connection:
        everybody = connection.execute(select(USERS.c.username).order_by(USERS.c.username)).scalars().all()
    assert seen == list(everybody)


def test_an_account_is_added_once_under_its_key_and_on_record(doors: Doors) -> None:
    first = doors.post("/people", NEW, idempotency_key="add-ann-once")
    again = doors.post("/people", NEW, idempotency_key="add-ann-once")
    other = doors.post("/people", {**NEW, "name": "Another"}, idempotency_key="add-ann-once")
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert problem(other) == (409, "conflict")
    assert problem(doors.post("/people", NEW)) == (409, "conflict")
    (entry,) = system_entries(doors, "add_user")
    assert (entry["actor"], entry["source"]) == (ADMIN, "api")
    assert "example.gov.uk" not in str(entry["facts"])


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"role": "SYS"}, 422),
        ({"username": "system"}, 422),
        ({"username": "Ann Example"}, 422),
        ({"username": "ann\x00example"}, 400),
        ({"email": "nonsense"}, 422),
        ({"name": "   "}, 422),
        ({"team": "brum"}, 404),
        ({"team": "none-such"}, 404),
        ({"rank": "general"}, 422),
    ],
)
def test_an_account_that_cannot_be_is_not_added(doors: Doors, change: dict[str, str], status: int) -> None:
    other_authority(doors)
    assert problem(doors.post("/people", {**NEW, **change}))[0] == status
    assert system_entries(doors, "add_user") == []


def test_a_change_is_made_to_what_was_looked_at_and_to_nothing_newer(doors: Doors) -> None:
    doors.post("/people", NEW)
    tag = doors.get("/people/ann.example", ADMIN).headers["etag"]
    change = {"name": "Ann Example-Smith", "trained_until": "2028-11-30"}
    assert problem(doors.ask("PATCH", "/people/ann.example", ADMIN, change)) == (428, "precondition-required")
    changed = doors.ask("PATCH", "/people/ann.example", ADMIN, change, if_match=tag)
    assert (changed.status_code, changed.json()["name"]) == (200, "Ann Example-Smith")
    assert changed.json()["email"] == "ann@example.gov.uk"
    stale = doors.ask("PATCH", "/people/ann.example", ADMIN, {"email": "a@example.com"}, if_match=tag)
    assert problem(stale) == (409, "conflict")
    (entry,) = system_entries(doors, "change_user")
    assert entry["facts"] == {
        "username": "ann.example",
        "changed": ["name", "trained_until"],
        "trained_until": "2028-11-30",
    }


def test_role_and_team_are_not_changed_by_anybody(doors: Doors) -> None:
    tag = doors.get(f"/people/{ADMIN}", ADMIN).headers["etag"]
    assert problem(doors.ask("PATCH", f"/people/{ADMIN}", ADMIN, {"role": "SM"}, if_match=tag))[0] == 422
    assert problem(doors.post("/people", {**NEW, "username": "both.adm", "role": "SYS"}))[0] == 422


def test_a_disabled_account_is_out_at_once(doors: Doors) -> None:
    browser, token = doors.browser(ANN), doors.token(ANN)
    assert doors.post(f"/people/{ANN}/disable").status_code == 204
    assert browser.ask("GET", "/session").status_code == 401
    assert doors.client().get("/api/v1/session", headers={"authorization": f"Bearer {token}"}).status_code == 401
    assert problem(doors.post(f"/people/{ANN}/disable")) == (409, "conflict")
    assert problem(doors.post(f"/people/{ANN}/invite")) == (403, "not-allowed")


@pytest.mark.parametrize("act", ["disable", "invite", "reset-second-factor"])
def test_an_administrator_leaves_their_own_account_to_another(doors: Doors, act: str) -> None:
    assert problem(doors.post(f"/people/{ADMIN}/{act}")) == (403, "not-allowed")
    assert doors.post(f"/people/{ADMIN}/{act}", None, "both.ADM2").status_code in (201, 204)


def test_an_administrator_signs_somebody_out_and_takes_a_lost_second_factor_away(doors: Doors) -> None:
    browser = doors.browser(ANN)
    assert doors.post(f"/people/{ANN}/sign-out").json() == {"ended": 1}
    assert browser.ask("GET", "/session").status_code == 401
    doors.enrol(ANN)
    assert doors.get(f"/people/{ANN}", ADMIN).json()["second_factor"] is True
    assert doors.post(f"/people/{ANN}/reset-second-factor").status_code == 204
    assert doors.get(f"/people/{ANN}", ADMIN).json()["second_factor"] is False
    assert [one["actor"] for one in system_entries(doors, "forget_second_factor")] == [ADMIN]


ADMINISTRATION: list[tuple[str, str, Any]] = [
    ("POST", "/people", NEW),
    ("PATCH", f"/people/{SAM}", {"name": "Other"}),
    ("POST", f"/people/{SAM}/disable", None),
    ("POST", f"/people/{SAM}/invite", None),
    ("POST", f"/people/{SAM}/reset-second-factor", None),
    ("POST", f"/people/{SAM}/sign-out", None),
    ("POST", "/teams", {"code": "new", "name": "New", "record": "baby"}),
    ("PUT", "/teams/baby/manager", {"username": SAM}),
    ("GET", "/system", None),
    ("GET", "/system/promises", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ADMINISTRATION)
def test_only_administrators_see_to_accounts_and_the_system(doors: Doors, method: str, path: str, body: Any) -> None:
    for who in ("baby.AD", "baby.CW", "both.AUD", "both.OVS"):
        assert problem(doors.ask(method, path, who, body, if_match='"x"')) == (403, "not-allowed")
    assert problem(doors.ask(method, path, None, body, if_match='"x"')) == (401, "not-signed-in")


@pytest.mark.parametrize("act", ["disable", "invite", "reset-second-factor", "sign-out"])
def test_accounts_of_another_authority_are_not_there(doors: Doors, act: str) -> None:
    other_authority(doors)
    there = doors.post(f"/people/brum.cw/{act}")
    nowhere = doors.post(f"/people/nobody.cw/{act}")
    assert problem(there) == problem(nowhere) == (404, "not-found")
    assert there.json()["detail"].replace("brum", "nobody") == nowhere.json()["detail"]


# --- teams ---------------------------------------------------------------------------------------------------------


def test_teams_are_read_by_all_and_made_and_managed_by_administrators(doors: Doors) -> None:
    other_authority(doors)
    assert {one["code"] for one in doors.get("/teams").json()} == {"baby", "pause", "both"}
    assert problem(doors.get("/teams/brum")) == (404, "not-found")
    body = {"code": "court", "name": "Court team", "record": "baby"}
    made = doors.post("/teams", body, idempotency_key="make-the-team")
    again = doors.post("/teams", body, idempotency_key="make-the-team")
    assert (made.status_code, made.json()) == (201, again.json())
    assert made.json()["authority"] == "durham"
    assert problem(doors.post("/teams", body)) == (409, "conflict")
    tag = doors.get("/teams/court").headers["etag"]
    managed = doors.ask("PUT", "/teams/court/manager", ADMIN, {"username": SAM}, if_match=tag)
    assert managed.json()["manager"] == SAM
    assert problem(doors.ask("PUT", "/teams/court/manager", ADMIN, {"username": SAM}, if_match=tag))[0] == 409
    tag = managed.headers["etag"]
    for nobody in ("nobody.here", "brum.cw"):
        refused = doors.ask("PUT", "/teams/court/manager", ADMIN, {"username": nobody}, if_match=tag)
        assert problem(refused) == (422, "bad-input")


# --- absences ------------------------------------------------------------------------------------------------------

AWAY = {"username": ANN, "starts_on": "2026-12-21", "ends_on": "2027-01-04", "cover": "baby.CW2"}


def test_one_says_oneself_or_a_manager_says_when_somebody_is_away(doors: Doors) -> None:
    assert doors.post("/absences", AWAY, ANN).json() == AWAY
    assert problem(doors.post("/absences", AWAY, "baby.CW2")) == (403, "not-allowed")
    assert doors.post("/absences", {**AWAY, "ends_on": "2027-01-08"}, SAM).status_code == 201
    assert [one["ends_on"] for one in doors.get("/absences", ANN).json()] == ["2027-01-08"]
    assert doors.get("/absences", "baby.CW2").json() == []
    assert len(doors.get(f"/absences?username={ANN}", SAM).json()) == 1


def test_the_same_absence_under_the_same_key_is_recorded_once(doors: Doors) -> None:
    for _ in range(2):
        assert doors.post("/absences", AWAY, ANN, idempotency_key="away-at-christmas").status_code == 201
    assert len(system_entries(doors, "set_absence")) == 1


def test_an_absence_is_taken_back(doors: Doors) -> None:
    doors.post("/absences", AWAY, ANN)
    path = f"/absences/{ANN}/2026-12-21"
    assert problem(doors.ask("DELETE", path, "baby.CW2")) == (403, "not-allowed")
    assert doors.ask("DELETE", path, ANN).status_code == 204
    assert problem(doors.ask("DELETE", path, ANN)) == (404, "not-found")
    assert [one["actor"] for one in system_entries(doors, "remove_absence")] == [ANN]


@pytest.mark.parametrize(
    "change",
    [
        {"ends_on": "2026-12-20"},
        {"starts_on": "0001-01-01"},
        {"ends_on": "9999-12-31"},
        {"starts_on": "2026-10-01", "ends_on": "2026-10-02"},
        {"cover": ANN},
    ],
)
def test_an_absence_that_cannot_be_is_refused(doors: Doors, change: dict[str, str]) -> None:
    assert problem(doors.post("/absences", {**AWAY, **change}, ANN)) == (422, "bad-input")
