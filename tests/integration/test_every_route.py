"""Every route and the permission it carries, tried as everybody; a route that stands in no row here fails."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from routes import RouteFound, routes_of

from states.catalogue import LIFECYCLES
from states.roles import Role
from workflow.app import create_app
from workflow.database import Database
from workflow.identity import sessions, tokens
from workflow.identity.digests import digest
from workflow.models import TokenScope
from workflow.permissions import ROLES_WITH, Permission
from workflow.serving.cookies import cookie_name
from workflow.serving.csrf import csrf_token

from factories import PEOPLE, Desk, add_people, facts_for, opening_trigger

PUBLIC = ""
# Who may ask is said in workflow/permissions.py; here stands which of those questions each route asks.
ROUTES: dict[str, str] = {
    "DELETE /api/v1/absences/{username}/{starts_on}": "own_account",
    "DELETE /api/v1/account/sessions": "own_account",
    "DELETE /api/v1/account/sessions/{id}": "own_account",
    "DELETE /api/v1/account/tokens/{id}": "own_account",
    "DELETE /api/v1/session": "own_account",
    "GET /": PUBLIC,
    "GET /absences": "own_account",
    "GET /account": "own_account",
    "GET /account/calendar": "own_account",
    "GET /account/password": "own_account",
    "GET /account/tokens": "own_account",
    "GET /alerts": "read_alerts_told",
    "GET /alerts/late": "read_alerts_told",
    "GET /alerts/late.{kind}": "read_alerts_told",
    "GET /api/v1/absences": "own_account",
    "GET /api/v1/account/sessions": "own_account",
    "GET /api/v1/account/tokens": "own_account",
    "GET /api/v1/calendar/add": "see_rules",
    "GET /api/v1/calendar/gestation": "see_rules",
    "GET /api/v1/cases": "read_cases",
    "GET /api/v1/cases/{ref}": "read_cases",
    "GET /api/v1/cases/{ref}/audit": "read_cases",
    "GET /api/v1/cases/{ref}/diagram.svg": "read_cases",
    "GET /api/v1/cases/{ref}/explanation": "read_cases",
    "GET /api/v1/cases/{ref}/moves": "read_cases",
    "GET /api/v1/cases/{ref}/policy": "read_cases",
    "GET /api/v1/cases/{ref}/readers": "read_cases",
    "GET /api/v1/cases/{ref}/story": "read_cases",
    "GET /api/v1/cases/{ref}/support": "read_cases",
    "GET /api/v1/clinics": "read_cases",
    "GET /api/v1/clinics/{name}": "read_cases",
    "GET /api/v1/deadlines": "read_cases",
    "GET /api/v1/deadlines/{name}/explain": "read_cases",
    "GET /api/v1/escalations": "read_cases",
    "GET /api/v1/evidence": "read_evidence",
    "GET /api/v1/evidence/export": "read_evidence",
    "GET /api/v1/feeds/{token}.ics": PUBLIC,
    "GET /api/v1/imports/templates/{kind}.xlsx": "open_cases",
    "GET /api/v1/lifecycles": "see_rules",
    "GET /api/v1/lifecycles/{name}": "see_rules",
    "GET /api/v1/lifecycles/{name}.mermaid": "see_rules",
    "GET /api/v1/lifecycles/{name}.svg": "see_rules",
    "GET /api/v1/looks": "read_evidence",
    "GET /api/v1/messages": "own_account",
    "GET /api/v1/pause/caseloads": "read_alerts_told",
    "GET /api/v1/people": "own_account",
    "GET /api/v1/people/{username}": "own_account",
    "GET /api/v1/policies": "see_rules",
    "GET /api/v1/policies/{authority}": "see_rules",
    "GET /api/v1/reports/cohort": "read_reports",
    "GET /api/v1/reports/consistency": "read_reports",
    "GET /api/v1/reports/late": "read_reports",
    "GET /api/v1/reports/outcomes": "read_reports",
    "GET /api/v1/reports/support": "read_reports",
    "GET /api/v1/services": "read_reports",
    "GET /api/v1/session": "own_account",
    "GET /api/v1/support/stock": "read_cases",
    "GET /api/v1/system": "run_system",
    "GET /api/v1/system/promises": "run_system",
    "GET /api/v1/teams": "own_account",
    "GET /api/v1/teams/{code}": "own_account",
    "GET /audit": "read_evidence",
    "GET /audit.{kind}": "read_evidence",
    "GET /audit/looks": "read_evidence",
    "GET /audit/looks.{kind}": "read_evidence",
    "GET /audit/verify": "read_evidence",
    "GET /cases/{ref}": "read_cases",
    "GET /cases/{ref}/access": "give_access",
    "GET /cases/{ref}/access/{act}": "give_access",
    "GET /cases/{ref}/break-glass": "write_cases",
    "GET /cases/{ref}/map": "read_cases",
    "GET /cases/{ref}/moves/{trigger}": "read_cases",
    "GET /cases/{ref}/outcomes": "read_cases",
    "GET /cases/{ref}/story": "read_cases",
    "GET /cases/{ref}/story.pdf": "read_cases",
    "GET /cases/{ref}/support": "read_cases",
    "GET /cases/{ref}/timeline": "read_cases",
    "GET /clinics": "read_cases",
    "GET /clinics/new": "arrange_clinics",
    "GET /clinics/{name}": "read_cases",
    "GET /clinics/{name}/{act}": "arrange_clinics",
    "GET /deadlines/{name}": "read_cases",
    "GET /deadlines/{name}/{act}": "read_cases",
    "GET /healthz": PUBLIC,
    "GET /help": PUBLIC,
    "GET /help/accessibility": PUBLIC,
    "GET /help/glossary": PUBLIC,
    "GET /invitation": PUBLIC,
    "GET /lifecycles": "see_rules",
    "GET /lifecycles/{name}": "see_rules",
    "GET /lifecycles/{name}/clocks": "see_rules",
    "GET /lifecycles/{name}/moves": "see_rules",
    "GET /messages": "own_account",
    "GET /metrics": PUBLIC,  # to this machine, or with a token of its own
    "GET /policies": "see_rules",
    "GET /policies/compare": "compare_policies",
    "GET /policies/{authority}": "see_rules",
    "GET /policies/{authority}/limits": "see_rules",
    "GET /problems/{name}": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /referrals/done/{ref}": "write_cases",
    "GET /referrals/new": "write_cases",
    "GET /referrals/new/{id}": "write_cases",
    "GET /referrals/new/{id}/check": "write_cases",
    "GET /referrals/new/{id}/{step}": "write_cases",
    "GET /reports": "read_reports",
    "GET /reports.{kind}": "read_reports",
    "GET /reports/cases": "read_reports",
    "GET /reports/consistency": "read_reports",
    "GET /reports/consistency.{kind}": "read_reports",
    "GET /reports/outcomes": "read_reports",
    "GET /reports/outcomes.{kind}": "read_reports",
    "GET /reports/support": "read_reports",
    "GET /reports/support.{kind}": "read_reports",
    "GET /search": "read_cases",
    "GET /services": "read_reports",
    "GET /sign-in": PUBLIC,
    "GET /sign-in/code": "own_account",
    "GET /sign-in/enrol": "own_account",
    "GET /static/{version}/{path}": PUBLIC,
    "GET /support/stock": "read_cases",
    "GET /support/training": "read_cases",
    "GET /system": "run_system",
    "GET /system/people": "run_system",
    "GET /system/people/new": "run_system",
    "GET /system/people/{username}": "run_system",
    "GET /system/settings": "run_system",
    "GET /system/teams": "run_system",
    "GET /system/teams/new": "run_system",
    "GET /system/teams/{code}/manager": "run_system",
    "GET /team": "read_alerts_told",
    "GET /team/cases": "read_alerts_told",
    "GET /team/cases.{kind}": "read_alerts_told",
    "GET /work": "read_cases",
    "PATCH /api/v1/people/{username}": "run_system",
    "POST /absences": "own_account",
    "POST /absences/remove": "own_account",
    "POST /account/calendar": "own_account",
    "POST /account/drafts": "own_account",
    "POST /account/drafts/discard": "own_account",
    "POST /account/password": "own_account",
    "POST /account/sessions/end": "own_account",
    "POST /account/sessions/end-others": "own_account",
    "POST /account/tokens": "own_account",
    "POST /account/tokens/revoke": "own_account",
    "POST /alerts": "write_cases",
    "POST /api/v1/absences": "own_account",
    "POST /api/v1/account/invitation": PUBLIC,
    "POST /api/v1/account/password": "own_account",
    "POST /api/v1/account/second-factor": "own_account",
    "POST /api/v1/account/second-factor/confirm": "own_account",
    "POST /api/v1/account/tokens": "own_account",
    "POST /api/v1/calendar/overrides": "change_calendar",
    "POST /api/v1/calendar/overrides/apply": "change_calendar",
    "POST /api/v1/calendar/overrides/preview": "change_calendar",
    "POST /api/v1/cases": "open_cases",
    "POST /api/v1/cases/search": "read_cases",
    "POST /api/v1/cases/{ref}/access": "give_access",
    "POST /api/v1/cases/{ref}/break-glass": "write_cases",
    "POST /api/v1/cases/{ref}/moves": "write_cases",
    "POST /api/v1/cases/{ref}/policy": "write_cases",
    "POST /api/v1/clinics": "arrange_clinics",
    "POST /api/v1/clinics/{name}/call-off": "arrange_clinics",
    "POST /api/v1/clinics/{name}/change": "arrange_clinics",
    "POST /api/v1/clinics/{name}/hold": "arrange_clinics",
    "POST /api/v1/deadlines/{name}/acknowledge": "write_cases",
    "POST /api/v1/deadlines/{name}/extend": "write_cases",
    "POST /api/v1/deadlines/{name}/pause": "write_cases",
    "POST /api/v1/deadlines/{name}/resume": "write_cases",
    "POST /api/v1/deadlines/{name}/snooze": "write_cases",
    "POST /api/v1/escalations/{name}/acknowledge": "write_cases",
    "POST /api/v1/escalations/{name}/snooze": "write_cases",
    "POST /api/v1/imports": "open_cases",
    "POST /api/v1/messages/read": "own_account",
    "POST /api/v1/people": "run_system",
    "POST /api/v1/people/{username}/disable": "run_system",
    "POST /api/v1/people/{username}/invite": "run_system",
    "POST /api/v1/people/{username}/reset-second-factor": "run_system",
    "POST /api/v1/people/{username}/sign-out": "run_system",
    "POST /api/v1/policies/compare": "compare_policies",
    "POST /api/v1/policies/{authority}/decide": "see_rules",
    "POST /api/v1/session": PUBLIC,
    "POST /api/v1/session/code": "own_account",  # of one who has given the password
    "POST /api/v1/support/stock": "keep_stock",
    "POST /api/v1/support/stock/{code}/condition": "keep_stock",
    "POST /api/v1/support/stock/{code}/fetch": "keep_stock",
    "POST /api/v1/teams": "run_system",
    "POST /cases/{ref}/access/{act}": "give_access",
    "POST /cases/{ref}/break-glass": "write_cases",
    "POST /cases/{ref}/moves/{trigger}": "write_cases",
    "POST /clinics/new": "arrange_clinics",
    "POST /clinics/{name}/{act}": "arrange_clinics",
    "POST /deadlines/{name}/{act}": "write_cases",
    "POST /invitation": PUBLIC,
    "POST /messages/read": "own_account",
    "POST /messages/read-all": "own_account",
    "POST /policies/compare": "compare_policies",
    "POST /referrals/new": "write_cases",
    "POST /referrals/new/{id}/check": "write_cases",
    "POST /referrals/new/{id}/discard": "write_cases",
    "POST /referrals/new/{id}/{step}": "write_cases",
    "POST /reports/count": "read_evidence",
    "POST /search": "read_cases",
    "POST /sign-in": PUBLIC,
    "POST /sign-in/code": "own_account",
    "POST /sign-in/enrol": "own_account",
    "POST /sign-out": "own_account",
    "POST /support/stock": "keep_stock",
    "POST /support/stock/{code}": "keep_stock",
    "POST /system/people/new": "run_system",
    "POST /system/people/{username}": "run_system",
    "POST /system/people/{username}/disable": "run_system",
    "POST /system/people/{username}/invite": "run_system",
    "POST /system/people/{username}/reset-second-factor": "run_system",
    "POST /system/people/{username}/sign-out": "run_system",
    "POST /system/teams/new": "run_system",
    "POST /system/teams/{code}/manager": "run_system",
    "POST /seen": "read_cases",
    "POST /saved-views": "read_cases",
    "POST /saved-views/remove": "read_cases",
    "GET /api/v1/offers": "see_rules",
    "POST /api/v1/offers": "keep_offer",
    "POST /api/v1/offers/{name}/change": "keep_offer",
    "GET /api/v1/reports/under-one": "read_reports",
    "POST /api/v1/reports/under-one": "supply_figures",
    "GET /api/v1/reports/oversight": "read_reports",
    "GET /offers": "see_rules",
    "GET /offers/new": "keep_offer",
    "POST /offers/new": "keep_offer",
    "GET /offers/sheet": "see_rules",
    "GET /offers/{name}": "keep_offer",
    "POST /offers/{name}": "keep_offer",
    "GET /reports/under-one": "read_reports",
    "POST /reports/under-one": "supply_figures",
    "GET /reports/oversight": "read_reports",
    "GET /reports/oversight.{kind}": "read_reports",
    "PUT /api/v1/teams/{code}/manager": "run_system",
}
HALF_SIGNED_IN = (
    "POST /api/v1/session/code",
    "GET /api/v1/session",
    "DELETE /api/v1/session",
    "POST /api/v1/account/second-factor",
    "POST /api/v1/account/second-factor/confirm",
    "GET /sign-in/code",
    "POST /sign-in/code",
    "GET /sign-in/enrol",
    "POST /sign-in/enrol",
    "POST /sign-out",
)
ONLY_LOOKS = ("POST /api/v1/cases/search", "POST /api/v1/policies/{authority}/decide")  # a token to read may ask them
OF_A_CASE = ("{ref}", "/deadlines/{name}", "/escalations/{name}")
ONE_CASE = tuple(route for route in ROUTES if any(part in route for part in OF_A_CASE))
ACCOUNTS = {role: f"{team}.{role}" for team, roles in PEOPLE.items() for role in roles}


def _named(path: str, ref: str) -> str:
    if "/deadlines/" in path or "/escalations/" in path:
        return f"{ref}.1"
    if "/offers/" in path:
        return "OF-1"
    return "CL-1" if "/clinics/" in path else "prebirth"


class Caller:
    """Asks any route of one application as anybody."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.case, self.hers = desk, "", ""
        self.app: FastAPI = create_app(desk.service, clock=lambda: desk.now)
        self.found: Mapping[str, RouteFound] = {f"{one.method} {one.path}": one for one in routes_of(self.app)}
        self.http = TestClient(self.app, base_url="http://localhost:8000", follow_redirects=False)
        self._tokens: dict[str, str] = {}

    def token(self, who: str, scope: TokenScope = TokenScope.ACT) -> str:
        if (key := f"{who}/{scope}") not in self._tokens:
            with self.desk.database.write() as connection:
                self._tokens[key] = tokens.issue(connection, who, name="test", scope=scope, days=1, now=self.desk.now)
        return self._tokens[key]

    def ask(self, route: str, *, case: str | None = None, **headers: str) -> Response:
        method, _, path = route.partition(" ")
        ref = case or self.case
        values = {
            "{ref}": ref,
            "{trigger}": "accept",
            "{name}": _named(path, ref),
            "{username}": "baby.CW2",
            "{starts_on}": "2026-11-25",
            "{id}": "0123456789ab",
            "{token}": "wm_nothing",
            "{kind}": "referrals" if "/templates/" in path else "csv",
            "{authority}": "durham",
            "{code}": "baby",
            "{version}": "x",
            "{step}": "pregnancy",
            "{act}": "acknowledge" if "/deadlines/" in path else "restrict",
            "{path}": "x",
        }
        for name, value in values.items():
            path = path.replace(name, value)
        assert "{" not in path, f"the test does not know what to put into {path}"
        self.http.cookies.clear()
        sent = {"Idempotency-Key": "a-key", "If-Match": '"1"', **headers}
        return self.http.request(method, path, json=None if method == "GET" else {}, headers=sent)

    def ask_as(self, who: str, route: str, **more: Any) -> Response:
        return self.ask(route, Authorization=f"Bearer {self.token(who)}", **more)


@pytest.fixture(scope="module")
def caller(sqlite_template: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    file = tmp_path_factory.mktemp("routes") / "waymark.db"
    file.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{file}")
    add_people(database)
    desk = Desk(database)
    one = Caller(desk)
    one.case, one.hers = _opened(desk, "prebirth", "baby.FD"), _opened(desk, "pause", "pause.PL")
    yield one
    desk.service.close()


def _opened(desk: Desk, lifecycle: str, who: str) -> str:
    asked = LIFECYCLES[lifecycle].rows(opening_trigger(lifecycle), "new")[0].facts
    return desk.open(lifecycle, who, facts_for(asked, desk.now.date())).case


def test_every_route_stands_in_a_row_and_carries_its_permission(caller: Caller) -> None:
    assert {route: one.permission for route, one in caller.found.items()} == ROUTES


@pytest.mark.parametrize("route", [route for route, permission in ROUTES.items() if permission])
def test_nobody_is_let_in_without_a_valid_sign_in(caller: Caller, route: str) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer wm_invented"},
        {"Authorization": "Basic YTpi"},
        {"Cookie": f"{cookie_name(caller.desk.service.settings)}=invented"},
        {"Authorization": f"Bearer {_ended(caller, expired=True)}"},
        {"Authorization": f"Bearer {_ended(caller, expired=False)}"},
        _session(caller, ended=True),
    ):
        assert caller.ask(route, **headers).status_code == 401, headers
    if route not in HALF_SIGNED_IN:
        assert caller.ask(route, **_session(caller, second_factor=False)).status_code == 401
    feed = caller.token("baby.CW", TokenScope.FEED)
    assert caller.ask(route, Authorization=f"Bearer {feed}").status_code == 403
    if not route.startswith("GET"):
        read = caller.ask(route, Authorization=f"Bearer {caller.token('baby.SM', TokenScope.READ)}")
        assert (read.status_code == 403) is (route not in ONLY_LOOKS)
        session = _session(caller)
        assert caller.ask(route, **{**session, "X-CSRF-Token": "0" * 64}).status_code == 403
        assert caller.ask(route, **{**session, "Sec-Fetch-Site": "cross-site"}).status_code == 403


def _ended(caller: Caller, *, expired: bool) -> str:
    desk = caller.desk
    with desk.database.write() as connection:
        made = desk.now - timedelta(days=2) if expired else desk.now
        token = tokens.issue(connection, "baby.SM", name="test", scope=TokenScope.ACT, days=1, now=made)
        if not expired:
            tokens.revoke(connection, "baby.SM", digest(token)[:12], desk.now)
    return token


def _session(caller: Caller, *, second_factor: bool = True, ended: bool = False) -> dict[str, str]:
    desk = caller.desk
    with desk.database.write() as connection:
        cookie = sessions.start(connection, "baby.SM", second_factor=second_factor, device="a test", now=desk.now)
        if ended:
            sessions.end_all(connection, "baby.SM", desk.now)
    return {
        "Cookie": f"{cookie_name(desk.service.settings)}={cookie}",
        "X-CSRF-Token": csrf_token(cookie),
        "Sec-Fetch-Site": "same-origin",
    }


@pytest.mark.parametrize("route", [route for route, permission in ROUTES.items() if permission])
def test_a_route_opens_for_the_roles_that_have_its_permission_and_for_no_other(caller: Caller, route: str) -> None:
    for role, who in ACCOUNTS.items():
        may = Role(role) in ROLES_WITH[Permission(ROUTES[route])]
        answer = caller.ask_as(who, route)
        lacks = answer.status_code == 403 and "may not do this; these may" in answer.text
        assert lacks is not may, (role, answer.text[:500])
        assert answer.status_code not in (401, 500), role


@pytest.mark.parametrize("route", ONE_CASE)
@pytest.mark.parametrize("stranger", ["north.CW", "pause.PL", "pause.SM", "far.CW"])
def test_a_case_of_another_team_record_or_authority_is_not_there(caller: Caller, route: str, stranger: str) -> None:
    _add_strangers(caller)
    there, not_there = (_as_stranger(caller, stranger, route, case) for case in (caller.case, "PB-999999"))
    assert (there.status_code, _said(there, caller.case)) == (not_there.status_code, _said(not_there, "PB-999999"))
    asks_why = route == "GET /cases/{ref}/break-glass"  # the same question, whether there is a case or not
    assert there.status_code in ((200, 403, 404) if asks_why else (403, 404, 422))


def _as_stranger(caller: Caller, stranger: str, route: str, case: str) -> Response:
    return caller.ask_as(stranger, route, case=case)


def _said(answer: Response, case: str) -> str:
    """The answer without what is fresh in each: nonces, keys, and ids of requests."""
    fresh = r'nonce="[^"]*"|name="key" value="[^"]*"|\b[0-9a-f]{16}\b'
    return re.sub(fresh, "FRESH", answer.text.replace(case, "CASE"))


def _add_strangers(caller: Caller) -> None:
    from sqlalchemy import select  # noqa: PLC0415

    from workflow.accounts import TEAMS, USERS  # noqa: PLC0415

    with caller.desk.database.write() as connection:
        if connection.execute(select(TEAMS.c.code).where(TEAMS.c.code == "north")).first():
            return
        for team, authority in (("north", "durham"), ("far", "birmingham")):
            row = {"code": team, "name": team, "authority": authority, "record": "baby", "manager": None}
            connection.execute(TEAMS.insert(), row)
            account = {"username": f"{team}.CW", "name": team, "role": "CW", "team": team, "active": True}
            extra = {"created_at": caller.desk.now}
            connection.execute(USERS.insert(), {**account, **extra})
