"""Whole journeys over HTTP alone: six accounts, each move refused to those it is not for, and read back by a client."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from journeys.prebirth_journeys import CONSENT, FATHER, MOTHER, Pregnancy
from journeys.test_pause import EVERY_AREA, PL, PP, SM, STARTED

from scheduler.calendars import add_months, written
from states.catalogue import LIFECYCLES
from workflow.errors import MoveRefused, Unmet
from workflow.identity import tokens
from workflow.invariants import broken_promises
from workflow.models import TokenScope
from workflow.moves import Opening
from workflow.references import read_reference

from doors import app_on
from factories import Desk, opening_trigger
from walks import Walk

BABYS_SIX = ("baby.FD", "baby.CW", "baby.TM", "baby.SM", "baby.LEG", "both.AUD")
HER_SIX = (PP, PL, SM, "baby.TM", "both.AUD", "both.OVS")


@dataclass(frozen=True, slots=True)
class Made:
    """What the answer to a move says."""

    case: str
    state: str
    version: int


@dataclass
class Client:
    """Programs that ask as these people; nothing but HTTP."""

    desk: Desk
    http: TestClient
    sent: int = 0
    refused: list[tuple[str, str, int]] = field(default_factory=list)  # who, what, status

    def ask(self, who: str, method: str, path: str, json: Any = None, **headers: str) -> Response:
        with self.desk.database.write() as connection:
            token = tokens.issue(connection, who, name="journey", scope=TokenScope.ACT, days=1, now=self.desk.now)
        self.sent += 1
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"journey-{self.sent}", **headers}
        return self.http.request(method, f"/api/v1{path}", json=json, headers=headers)


class OverHttp(Walk):
    """A walk whose moves are sent by HTTP. Every one of the six tries each move first; who may not is refused."""

    client: Client
    six: tuple[str, ...]

    def _fire(
        self, trigger: str, as_: str, facts: Mapping[str, Any], opening: Opening | None, at: datetime | None = None
    ) -> Any:
        answer = self._send(trigger, as_, facts, opening, at)
        if answer.status_code in (200, 201):
            made = answer.json()
            assert answer.headers["etag"] == f'"{made["version"]}"'
            return Made(made["case"], made["state"], made["version"])
        problem = answer.json()
        self.client.refused.append((as_, trigger, answer.status_code))
        unmet = [Unmet(one["kind"], one["name"], one["says"]) for one in problem.get("unmet", ())]
        raise MoveRefused(self.case, trigger, unmet or [Unmet("http", "", problem["detail"])], problem.get("who", ()))

    def _send(
        self, trigger: str, as_: str, facts: Mapping[str, Any], opening: Opening | None, at: datetime | None
    ) -> Response:
        asked: dict[str, Any] = {"trigger": trigger, "facts": facts}
        if at is not None:
            asked["occurred_at"] = at.isoformat()
        if opening is not None:
            asked |= {"lifecycle": opening.lifecycle, "team": opening.team}
            return self.client.ask(as_, "POST", "/cases", asked)
        return self.client.ask(as_, "POST", f"/cases/{self.case}/moves", asked, **{"If-Match": f'"{self.version}"'})

    def _go(
        self, trigger: str, as_: str, given: Mapping[str, Any], opening: Opening | None, at: datetime | None = None
    ) -> "OverHttp":
        facts, case = self._facts(trigger, given), self.case
        for other in self._others(trigger, as_):
            with pytest.raises(MoveRefused):
                self._fire(trigger, other, facts, opening, at)
        if case:
            self._is_offered(trigger, as_, facts)
        moved = self._fire(trigger, as_, facts, opening, at)
        self.case, self.state, self.version = moved.case, moved.state, moved.version
        read = self.client.ask(as_, "GET", f"/cases/{self.case}").json()
        assert (read["state"], read["version"]) == (self.state, self.version)
        return self

    def _others(self, trigger: str, as_: str) -> list[str]:
        """Those of the six whose role stands in no row of this move, or who work on another record."""
        lifecycle = LIFECYCLES[self.lifecycle]
        roles = {role for row in lifecycle.rows(trigger, self.state) for role in row.roles}
        people = {who: self.desk.who(who) for who in self.six if who != as_}
        return [
            who for who, one in people.items() if one.role not in roles or one.record not in (lifecycle.record, "both")
        ]

    def _is_offered(self, trigger: str, as_: str, facts: Mapping[str, Any]) -> None:
        """A client finds the move, and every fact it is about to give, in what the service offers."""
        offered = {
            one["trigger"]: one for one in self.client.ask(as_, "GET", f"/cases/{self.case}/moves").json()["moves"]
        }
        assert trigger in offered
        if trigger != "correct":
            assert set(facts) <= {fact["name"] for fact in offered[trigger]["facts"]}


class PregnancyOverHttp(OverHttp, Pregnancy):
    six = BABYS_SIX


class PauseOverHttp(OverHttp):
    six = HER_SIX


@pytest.fixture
def client(desk: Desk) -> Any:
    app = app_on(desk.service, lambda: desk.now)
    with TestClient(app, base_url="http://localhost:8000") as http:
        yield Client(desk, http)


def sound(desk: Desk) -> None:
    with desk.database.read() as connection:
        assert broken_promises(connection, desk.engine.calendar) == []


def test_a_baby_stays_with_her_parents(desk: Desk, client: Client) -> None:
    PregnancyOverHttp.client = client
    case = PregnancyOverHttp(desk).refer(MOTHER, FATHER, weeks=12)
    found = client.ask("baby.TM", "POST", "/cases/search", {"name": "invented woman"}).json()["cases"]
    assert [one["case"] for one in found] == [case.case]
    case.wait(hours=2).does("accept", to="consent_pending")
    case.wait(days=2).cannot("give_consent", "a parent who will be assessed has not consented")
    case.does("give_consent", to="allocation", consents=[CONSENT, {**CONSENT, "parent": "father"}])
    case.cannot("allocate", "conflict of interest", worker="baby.CW2")  # the father's own social worker
    case.does("allocate", to="assessment", worker="baby.CW")
    mine = client.ask("baby.CW", "GET", "/cases?owner=me").json()["cases"]
    assert [one["case"] for one in mine] == [case.case]
    why = client.ask("baby.CW", "GET", f"/deadlines/{mine[0]['deadline']}/explain").json()
    assert written(date.fromisoformat(mine[0]["due_on"])) in str(why["steps"])

    views = [{"parent": "mother", "view": "she wants help"}, {"parent": "father", "view": "he wants help too"}]
    case.wait(days=9).does("record_visit")
    stale = case.version - 1
    answer = client.ask(
        "baby.CW",
        "POST",
        f"/cases/{case.case}/moves",
        {"trigger": "record_visit", "facts": {}},
        **{"If-Match": f'"{stale}"'},
    )
    assert answer.status_code == 409
    assert answer.json()["changed"] == ["record_visit by baby.CW (assessment to assessment)"]
    case.does("submit_assessment", to="sign_off", parents_views=views)
    case.wait(days=1).does("authorise", to="pre_birth_clinic")
    case.until(24).does("hold_clinic", progress="green").until(30)
    case.does("start_birth_plan", to="birth_planning").until(33)
    case.does("agree_birth_plan", to="birth_ready", legal_position="none").until(39)
    case.does("record_birth", to="born", by="baby.FD").does("hold_discharge_meeting")
    case.does("discharge", to="post_birth_support").wait(days=42).does("record_checkpoint", child=1)
    case.cannot("agree_outcomes", "every child needs an outcome", outcomes=[])
    case.does("agree_outcomes", to="outcome_agreed").wait(days=3).does("close", to="closed")

    assert {who for who, _, _ in client.refused} == set(BABYS_SIX)
    assert {status for who, _, status in client.refused if who == "both.AUD"} == {403}
    entries = client.ask("both.AUD", "GET", f"/cases/{case.case}/audit?limit=200").json()["entries"]
    refusals = [one for one in entries if one["kind"] == "refused"]
    assert len(refusals) == sum(status == 409 for _, trigger, status in client.refused if trigger != "refer")
    assert "invented woman" not in str(entries).lower()  # whoever audits sees no personal facts
    sound(desk)


def test_a_woman_goes_through_pause(desk: Desk, client: Client) -> None:
    PauseOverHttp.client = client
    walk = PauseOverHttp(desk, "pause").open(PL, worker=PP)
    walk.step("start_check", PL, to="eligibility").step("find_eligible", PL, to="pre_engagement")
    walk.step("begin_engagement", PP, to="engagement", worker=PP).after(days=14).step("record_contact", PP)
    walk.refuses("discuss_pause", PP, "baseline is not complete")
    walk.step("record_baseline", PP, baseline_scores=EVERY_AREA).step("discuss_pause", PP, to="commitment")
    desk.now = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)
    walk.refuses("commit", PL, "has not made the commitment herself", commitment=False)
    walk.step("commit", PL, to="on_programme")
    for month in (1, 3, 6, 9, 12, 15, 18):
        desk.now = datetime.combine(add_months(STARTED, month), datetime.min.time(), UTC).replace(hour=10)
        if month == 15:
            walk.step("begin_transition", PL, to="transition").step("agree_transition_plan", PP)
        walk.step("review", PP, review_month=str(month), outcome_scores=EVERY_AREA)
        walk.refuses(
            "decide_approval",
            SM,
            "a higher tier|Pause practice lead|somebody",
            for_trigger="review",
            decision="approve",
        )
        walk.step("decide_approval", PL, for_trigger="review", decision="approve")
    walk.step("graduate", PL, to="completed").step("record_outcomes", PP, final_scores=EVERY_AREA)
    walk.step("begin_next_steps", PP, to="next_steps")
    walk.step("request_approval", PP, for_trigger="close").step(
        "decide_approval", PL, for_trigger="close", decision="approve"
    )
    walk.step("close", PP, to="closed", closure_reason="COMPLETED")

    for stranger in ("baby.TM", "both.OVS"):
        statuses = {status for who, _, status in client.refused if who == stranger}
        assert statuses == ({403} if stranger == "both.OVS" else {404, 409})
        assert client.ask(stranger, "GET", f"/cases/{walk.case}").status_code in (403, 404)
    assert read_reference(walk.case)[0] == "pause"
    assert opening_trigger("pause") in {trigger for _, trigger, _ in client.refused}
    sound(desk)
