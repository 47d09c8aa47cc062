"""The API of cases: a program that is told only its addresses reads, moves and answers as the account of its token."""

import io
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import func, select
from starlette.testclient import TestClient

from scheduler.sweeps import sweep
from states.pause import OUTCOME_DOMAINS
from workflow.alerting import DueDeadlines
from workflow.audit import ENTRIES
from workflow.identity import tokens
from workflow.looks import LOOKS
from workflow.models import TokenScope
from workflow.outbox import MESSAGES
from workflow.repository import CASES

from doors import app_on
from factories import NOW, Desk
from walks import Walk

NAME = "Ottilie Quillfeather"  # in no list of names, so that what holds it got it from the request
REFERRAL = {
    "received_on": NOW.date().isoformat(),
    "source": "cass",
    "edd": "2027-03-01",
    "edd_basis": "dating_scan",
    "parents": [{"role": "mother", "name": NAME}],
}
OPENING = {"lifecycle": "prebirth", "team": "baby", "facts": REFERRAL}
REVISED = {
    "trigger": "revise_edd",
    "facts": {"edd": "2027-03-04", "edd_basis": "dating_scan", "edd_source": "hospital"},
}


@dataclass
class Program:
    """A program with a token for each account it asks as."""

    desk: Desk
    client: TestClient
    tokens: dict[str, str]
    count: int = 0

    def token(self, who: str) -> str:
        if who not in self.tokens:
            with self.desk.database.write() as connection:
                self.tokens[who] = tokens.issue(
                    connection, who, name="a program", scope=TokenScope.ACT, days=365, now=NOW
                )
        return self.tokens[who]

    def get(self, path: str, as_: str = "baby.SM", **headers: str) -> Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(f"/api/v1{path}", headers={"authorization": f"Bearer {self.token(as_)}", **given})

    def post(self, path: str, body: Any, as_: str = "baby.SM", *, key: str | None = "", match: str = "") -> Response:
        """Sends it under a key of its own, unless one is given; with None under none."""
        self.count += 1
        headers = {"authorization": f"Bearer {self.token(as_)}", "content-type": "application/json"}
        headers |= {"idempotency-key": key or f"request-{self.count}"} if key is not None else {}
        headers |= {"if-match": match} if match else {}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(f"/api/v1{path}", content=content, headers=headers)

    def open(self, **said: Any) -> str:
        answered = self.post("/cases", {**OPENING, **said}, "baby.FD")
        assert answered.status_code == 201, answered.text
        return str(answered.json()["case"])

    def count_of(self, table: Any) -> int:
        with self.desk.database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


@pytest.fixture
def program(desk: Desk) -> Program:
    app = app_on(desk.service, lambda: desk.now)
    return Program(desk, TestClient(app, base_url=desk.service.settings.base_url), {})


def problem(answered: Response) -> tuple[int, str]:
    said = answered.json()
    assert answered.headers["content-type"] == "application/problem+json"
    assert said["status"] == answered.status_code
    return answered.status_code, said["type"].removeprefix("/problems/")


# --- opening and reading -------------------------------------------------------------------------------------------


def test_a_case_is_opened_once_under_its_key_and_the_answer_says_where_it_is(program: Program) -> None:
    first = program.post("/cases", OPENING, "baby.FD", key="the-same-key")
    again = program.post("/cases", OPENING, "baby.FD", key="the-same-key")
    assert first.status_code == again.status_code == 201
    assert first.headers["location"] == "/api/v1/cases/PB-1"
    assert first.headers["etag"] == '"1"'
    assert first.json() == again.json()
    assert program.count_of(CASES) == 1
    assert program.client.get(
        first.headers["location"], headers={"authorization": f"Bearer {program.token('baby.SM')}"}
    ).json()["facts"]["parents"] == [{"role": "mother", "name": NAME}]


def test_opening_says_everything_that_is_wrong(program: Program) -> None:
    assert problem(program.post("/cases", OPENING, "baby.FD", key=None)) == (428, "precondition-required")
    assert problem(program.post("/cases", OPENING, "baby.FD", key="short")) == (422, "bad-input")
    missing = program.post("/cases", {**OPENING, "facts": {}}, "baby.FD")
    assert problem(missing) == (409, "move-refused")
    assert {one["name"] for one in missing.json()["unmet"]} >= {"received_on", "source"}
    assert problem(program.post("/cases", {**OPENING, "lifecycle": "nothing"}, "baby.FD")) == (422, "bad-input")
    assert problem(program.post("/cases", {**OPENING, "team": "nobodys"}, "baby.FD")) == (422, "bad-input")
    assert problem(program.post("/cases", {**OPENING, "surprise": 1}, "baby.FD")) == (422, "bad-input")
    assert problem(program.post("/cases", OPENING, "both.AUD")) == (403, "not-allowed")
    assert program.count_of(CASES) == 0


def test_a_case_is_read_whole_explained_drawn_and_known_again_by_its_version(program: Program) -> None:
    ref = program.open()
    read = program.get(f"/cases/{ref}")
    assert (read.headers["etag"], read.json()["version"]) == ('"1"', 1)
    assert [row["label"] for row in read.json()["timeline"]] == ["Record a referral"]
    assert program.get(f"/cases/{ref}", if_none_match='"1"').status_code == 304
    assert program.get(f"/cases/{ref}", if_none_match='W/"0", "1"').status_code == 304
    assert program.get(f"/cases/{ref}", if_none_match='"2"').status_code == 200
    assert program.get(f"/cases/{ref}/explanation").json()["waiting_for"][0]["deadline"] == f"{ref}.1"
    picture = program.get(f"/cases/{ref}/diagram.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "Now: Referred." in picture.text
    assert NAME not in picture.text


def test_every_read_is_on_record_with_its_request(program: Program) -> None:
    ref = program.open()
    paths = ("", "/explanation", "/moves", "/audit", "/diagram.svg", "/readers", "/policy")
    asked = {program.get(f"/cases/{ref}{path}").headers["x-request-id"] for path in paths}
    asked.add(program.get(f"/deadlines/{ref}.1/explain").headers["x-request-id"])
    asked.add(program.get(f"/deadlines?case={ref}").headers["x-request-id"])
    looks = program.get(f"/looks?case={ref}&who=baby.SM").json()["looks"]
    assert {one["request_id"] for one in looks} == asked
    assert {one["source"] for one in looks} == {"api"}
    assert problem(program.get("/looks", "baby.CW")) == (403, "not-allowed")


@pytest.mark.parametrize("path", ["", "/explanation", "/moves", "/audit", "/diagram.svg", "/readers", "/policy"])
def test_a_restricted_case_is_told_of_in_the_words_of_one_that_does_not_exist(program: Program, path: str) -> None:
    ref = program.open()
    restricted = program.post(f"/cases/{ref}/access", {"act": "restrict", "facts": {"reason": "known to us"}})
    assert restricted.status_code == 200
    hidden, nothing = program.get(f"/cases/{ref}{path}", "baby.CW"), program.get(f"/cases/PB-999{path}", "baby.CW")
    assert problem(hidden) == problem(nothing) == (404, "not-found")
    assert hidden.json()["detail"].replace(ref, "PB-999") == nothing.json()["detail"]


def test_a_restricted_case_is_in_no_list_and_cannot_be_moved(program: Program) -> None:
    ref = program.open()
    program.post(f"/cases/{ref}/access", {"act": "restrict", "facts": {"reason": "known to us"}})
    assert program.get("/cases", "baby.CW").json()["cases"] == []
    assert program.post("/cases/search", {"reference": ref}, "baby.CW").json()["cases"] == []
    for body in (REVISED, {"trigger": "no_such_move"}):
        hidden = program.post(f"/cases/{ref}/moves", body, "baby.CW", match='"1"')
        nothing = program.post("/cases/PB-999/moves", body, "baby.CW", match='"1"')
        assert hidden.json()["detail"].replace(ref, "PB-999") == nothing.json()["detail"]
        assert problem(hidden) == (404, "not-found")


# --- access --------------------------------------------------------------------------------------------------------


def test_readers_are_named_and_the_glass_is_broken_with_a_reason(program: Program) -> None:
    ref = program.open()
    program.post(f"/cases/{ref}/access", {"act": "restrict", "facts": {"reason": "known to us"}})
    named = {"act": "name_reader", "facts": {"person": "baby.LEG", "reason": "advises"}}
    assert program.post(f"/cases/{ref}/access", named, "baby.TM").status_code == 200
    assert program.get(f"/cases/{ref}", "baby.LEG").status_code == 200
    assert problem(program.post(f"/cases/{ref}/break-glass", {"reason": ""}, "baby.CW")) == (422, "bad-input")
    broken = program.post(f"/cases/{ref}/break-glass", {"reason": "child seen alone at night"}, "baby.CW")
    assert broken.status_code == 200
    assert program.get(f"/cases/{ref}", "baby.CW").json()["access"] == "break_glass"
    readers = program.get(f"/cases/{ref}/readers", "baby.TM").json()["readers"]
    assert {(one["username"], one["kind"]) for one in readers} == {("baby.LEG", "named"), ("baby.CW", "break_glass")}
    told = program.get("/messages", "baby.TM").json()["messages"]
    assert [one["params"]["case"] for one in told if one["template"] == "break_glass"] == [ref]
    assert problem(program.post(f"/cases/{ref}/access", named, "baby.CW")) == (403, "not-allowed")
    assert problem(program.post(f"/cases/{ref}/access", {**named, "act": "steal"})) == (422, "bad-input")


# --- moves ---------------------------------------------------------------------------------------------------------


def test_what_can_happen_comes_with_all_a_form_needs(program: Program) -> None:
    ref = program.open()
    answered = program.get(f"/cases/{ref}/moves", "baby.CW")
    moves = {one["trigger"]: one for one in answered.json()["moves"]}
    assert answered.headers["etag"] == '"1"'
    revise = moves["revise_edd"]
    assert revise["can"] is True
    schema = revise["facts_schema"]
    assert schema["properties"]["edd"] == {"title": revise["facts"][0]["label"], "type": "string", "format": "date"}
    assert {option["const"] for option in schema["properties"]["edd_basis"]["oneOf"]} == set(
        next(one for one in revise["facts"] if one["name"] == "edd_basis")["choices"]
    )
    accept = moves["accept"]
    assert accept["can"] is False
    assert accept["unmet"]
    assert "team manager" in accept["who"]


def test_a_move_needs_the_version_it_was_decided_on(program: Program) -> None:
    ref = program.open()
    path = f"/cases/{ref}/moves"
    assert problem(program.post(path, REVISED, "baby.CW")) == (428, "precondition-required")
    assert problem(program.post(path, REVISED, "baby.CW", match="*")) == (428, "precondition-required")
    assert problem(program.post(path, REVISED, "baby.CW", match='"1"', key=None)) == (428, "precondition-required")
    for match in ("1", '"one"', 'W/"1"', '"1", "2"', '"2"', '"99999999999999999999"'):
        assert problem(program.post(path, REVISED, "baby.CW", match=match)) == (412, "not-reached")
    moved = program.post(path, REVISED, "baby.CW", match='"1"')
    assert (moved.status_code, moved.headers["etag"], moved.json()["version"]) == (200, '"2"', 2)


def test_a_stale_version_is_told_what_changed(program: Program) -> None:
    ref = program.open()
    program.post(f"/cases/{ref}/moves", REVISED, "baby.CW", match='"1"')
    stale = program.post(f"/cases/{ref}/moves", {"trigger": "report_missing"}, "baby.TM", match='"1"')
    assert problem(stale) == (409, "conflict")
    assert stale.json()["changed"] == ["revise_edd by baby.CW (referred to referred)"]


def test_the_same_request_twice_is_one_move_and_its_key_serves_no_other(program: Program) -> None:
    ref = program.open()
    path, key = f"/cases/{ref}/moves", "7b0a6f2e-key"
    first = program.post(path, REVISED, "baby.CW", match='"1"', key=key)
    again = program.post(path, REVISED, "baby.CW", match='"1"', key=key)
    assert (first.json(), first.headers["etag"]) == (again.json(), again.headers["etag"])
    assert program.get(f"/cases/{ref}").json()["version"] == 2
    other = {**REVISED, "facts": {**REVISED["facts"], "edd": "2027-03-05"}}  # type: ignore[dict-item]
    assert problem(program.post(path, other, "baby.CW", match='"2"', key=key)) == (409, "conflict")
    assert program.post(path, other, "baby.TM", match='"2"', key=key).status_code == 200  # a key is its account's own


def test_a_refusal_lists_everything_missing_and_is_evidence(program: Program) -> None:
    ref = program.open()
    refused = program.post(f"/cases/{ref}/moves", {"trigger": "accept"}, "baby.CW", match='"1"')
    assert problem(refused) == (409, "move-refused")
    assert refused.json()["unmet"]
    assert "team manager" in refused.json()["who"]
    entries = program.get(f"/evidence?refused=true&case={ref}").json()["entries"]
    assert [(one["entry"], one["trigger"], one["actor"]) for one in entries] == [(f"{ref}#2", "accept", "baby.CW")]


def test_a_rehearsal_says_what_would_follow_and_changes_nothing(program: Program) -> None:
    ref = program.open()
    program.token("baby.CW")  # a token is evidence too
    before = [program.count_of(one) for one in (ENTRIES, MESSAGES)]
    tried = program.post(f"/cases/{ref}/moves?dry_run=true", REVISED, "baby.CW", match='"1"', key="try-it-first")
    assert tried.status_code == 200
    assert (tried.json()["rehearsal"], tried.json()["version"]) == (True, 2)
    assert tried.json()["clocks"]
    assert "etag" not in tried.headers
    refused = program.post(f"/cases/{ref}/moves?dry_run=true", {"trigger": "accept"}, "baby.CW", match='"1"')
    assert problem(refused) == (409, "move-refused")
    assert [program.count_of(one) for one in (ENTRIES, MESSAGES)] == before
    assert program.post(f"/cases/{ref}/moves", REVISED, "baby.CW", match='"1"', key="try-it-first").status_code == 200


# --- lists and search ----------------------------------------------------------------------------------------------


def test_pages_in_the_order_of_time_left_show_each_case_once_while_cases_move(program: Program) -> None:
    desk = program.desk
    for number in range(120):
        received = NOW - timedelta(days=number % 7)
        desk.open("prebirth", "baby.FD", {**REFERRAL, "received_on": received.date().isoformat()}, at=NOW)
    shown: list[dict[str, Any]] = []
    after = ""
    while True:
        page = program.get(f"/cases?limit=25{after}").json()
        shown += page["cases"]
        if page["after"] is None:
            break
        after = f"&after={page['after']}"
        for row in page["cases"][::5]:  # what changes a case, and not when it is due
            revised = {**REVISED["facts"], "edd": "2027-03-02"}  # type: ignore[dict-item]
            desk.fire(row["case"], "revise_edd", "baby.TM", revised)
    assert [row["due_at"] for row in shown] == sorted(row["due_at"] for row in shown)
    assert sorted(row["case"] for row in shown) == sorted(f"PB-{number}" for number in range(1, 121))
    newest = program.get("/cases?sort=newest&limit=2").json()
    assert [row["case"] for row in newest["cases"]] == ["PB-120", "PB-119"]
    rest = program.get(f"/cases?sort=newest&limit=2&after={newest['after']}").json()
    assert [row["case"] for row in rest["cases"]] == ["PB-118", "PB-117"]


def test_the_worklist_is_narrowed_and_says_what_it_does_not_know(program: Program) -> None:
    ref = program.open()
    assert program.post(
        f"/cases/{ref}/moves", {"trigger": "change_worker", "facts": {"worker": "baby.CW", "handover_note": "hers"}},
        "baby.TM", match='"1"',
    ).status_code == 200  # fmt: skip
    one, none = [ref], []
    for query, found in {
        "lifecycle=prebirth": one,
        "lifecycle=pause": none,
        "state=referred": one,
        "state=born": none,
        "stage=Referral": one,
        "owner=me": one,
        "owner=baby.TM": none,
        "team=baby": one,
        "status=on_track": one,
        "status=breached": none,
        "ended=true": none,
    }.items():
        assert [row["case"] for row in program.get(f"/cases?{query}", "baby.CW").json()["cases"]] == found, query
    for query in ("lifecycle=x", "state=x", "stage=x", "lifecycle=pause&state=referred", "after=x", "limit=201"):
        assert problem(program.get(f"/cases?{query}")) == (422, "bad-input")
    says = program.get("/cases?lifecycle=x").json()["detail"]
    assert says.startswith("there is no lifecycle 'x'; there are: prebirth, pause")


def test_a_name_is_searched_for_in_a_body_and_stands_in_no_log_address_problem_or_look(
    program: Program, logs: io.StringIO
) -> None:
    ref = program.open()
    found = program.post("/cases/search", {"name": "quillf"})
    assert [row["case"] for row in found.json()["cases"]] == [ref]
    assert program.post("/cases/search", {"name": "nobody"}).json()["cases"] == []
    assert [row["case"] for row in program.post("/cases/search", {"reference": ref}).json()["cases"]] == [ref]
    wrong = [
        program.post("/cases/search", {"name": NAME, "lifecycle": NAME}),
        program.post("/cases/search", {"name": f"{NAME} Q"}),
        program.post("/cases/search", {"name": {"first": NAME}}),
        program.post("/cases/search", {"name": NAME, NAME: 1}),
        program.post("/cases/search", f'{{"name": "{NAME}", }}'.encode()),
        program.post("/cases/search", {"name": NAME}, "both.AUD"),
        program.post("/cases/search", {"name": NAME}, "both.ADM"),
        program.get(f"/cases?name={NAME}"),
    ]
    assert [one.status_code for one in wrong] == [422, 422, 422, 422, 400, 403, 403, 422]
    program.desk.service.looks.flush()
    with program.desk.database.read() as connection:
        looks = str(connection.execute(select(LOOKS)).all())
    for text in (logs.getvalue(), looks, *(one.text for one in wrong)):
        assert "uillf" not in text


# --- deadlines and escalations -------------------------------------------------------------------------------------


@pytest.fixture
def overdue(program: Program) -> str:
    """A deadline that has passed, of which people were told."""
    ref = program.open()
    program.desk.now = NOW + timedelta(days=2)
    sweep(DueDeadlines(program.desk.engine, "n1"), program.desk.now)
    return f"{ref}.1"


def test_deadlines_are_listed_and_proved(program: Program, overdue: str) -> None:
    (first,) = program.get("/deadlines").json()["deadlines"]
    assert (first["deadline"], first["case"], first["status"]) == (overdue, "PB-1", "breached")
    ofcase = program.get("/deadlines?case=PB-1").json()["deadlines"]
    assert overdue in {row["deadline"] for row in ofcase}
    proof = program.get(f"/deadlines/{overdue}/explain").json()
    assert proof["steps"][0]["says"].startswith("The rule:")
    for name in ("PB-1.99", "PB-1.²", "PB-1", "PB-1.1.1", "%00", "XX-1.1"):
        assert problem(program.get(f"/deadlines/{name}/explain")) == (404, "not-found")


@pytest.mark.parametrize("kind", ["deadlines", "escalations"])
def test_an_alert_is_answered_with_a_promise_and_spoils_no_version(program: Program, overdue: str, kind: str) -> None:
    (alert, *_) = program.get("/escalations").json()["escalations"]
    assert alert["deadline"] == overdue
    promise = {"promised_on": (program.desk.now + timedelta(days=3)).date().isoformat(), "reason": "visit booked"}
    path = f"/{kind}/{overdue}/acknowledge"
    assert problem(program.post(path, promise, key=None)) == (428, "precondition-required")
    assert problem(program.post(path, {**promise, "promised_on": "0001-01-01"})) == (422, "bad-input")
    assert problem(program.post(path, {**promise, "promised_on": "2199-01-01"})) == (409, "move-refused")
    answered, again = (program.post(path, promise, key="promise-key") for _ in range(2))
    assert answered.status_code == again.status_code == 200
    assert answered.json() == again.json()
    assert program.get("/escalations").json()["escalations"] == []
    assert program.get("/cases/PB-1").json()["version"] == 1
    snooze = {"until": program.desk.now.date().isoformat(), "reason": "tomorrow"}
    assert problem(program.post(f"/{kind}/{overdue}/snooze", snooze)) == (409, "move-refused")


def test_alerts_that_came_late_are_for_those_who_lead(program: Program, overdue: str) -> None:
    late = program.get(f"/escalations?late_since={NOW.date()}").json()["escalations"]
    assert {row["deadline"] for row in late} == {overdue}
    assert all(row["late_seconds"] > 0 and row["cause"] for row in late)
    assert program.get("/escalations?latest=true").json()["escalations"]
    assert problem(program.get("/escalations?latest=true", "baby.CW")) == (403, "not-allowed")
    assert program.get("/escalations", "baby.CW").status_code == 200
    assert problem(program.get("/escalations?late_since=0001-01-01")) == (422, "bad-input")


def test_a_clock_is_paused_resumed_and_extended_where_its_limit_allows(program: Program) -> None:
    walk = Walk(program.desk, "pause").open("pause.PL", worker="pause.PP").step("start_check", "pause.PL")
    walk.step("find_eligible", "pause.PL").step("begin_engagement", "pause.PP", worker="pause.PP").after(days=30)
    scores = [{"domain": domain, "score": 2} for domain in OUTCOME_DOMAINS]
    walk.step("record_baseline", "pause.PP", baseline_scores=scores).step("discuss_pause", "pause.PP")
    walk.step("commit", "pause.PL", to="on_programme")
    rows = {row["clock"]: row for row in program.get(f"/deadlines?case={walk.case}", "pause.PL").json()["deadlines"]}
    before = rows["review_month_1"]
    path, reason = f"/deadlines/{before['deadline']}", {"reason": "in hospital"}
    assert problem(program.post(f"{path}/resume", reason, "pause.PP")) == (409, "move-refused")
    assert program.post(f"{path}/pause", reason, "pause.PP").json()["status"] == "paused"
    assert program.get("/cases?status=paused&lifecycle=pause", "pause.PL").status_code == 200
    assert program.post(f"{path}/resume", reason, "pause.PP").json()["due_at"] == before["due_at"]
    extension = {"by": {"amount": 5, "unit": "working_days"}, "reason": "agreed in supervision"}
    assert problem(program.post(f"{path}/extend", extension, "pause.PP")) == (409, "move-refused")
    extended, again = (program.post(f"{path}/extend", extension, "pause.PL", key="extend-it") for _ in range(2))
    assert extended.json() == again.json()
    assert extended.json()["due_at"] > before["due_at"]
    assert program.get(f"/cases/{walk.case}", "pause.PL").json()["version"] == walk.version
    for what, body in (("pause", reason), ("resume", reason), ("extend", extension)):
        assert problem(program.post(f"/deadlines/PA-99.1/{what}", body, "pause.PL")) == (404, "not-found")
        assert problem(program.post(f"{path}/{what}", {}, "pause.PL")) == (422, "bad-input")
        assert problem(program.post(f"{path}/{what}", body, "pause.PL", key=None)) == (428, "precondition-required")


def test_a_message_is_read_by_whom_it_is_for(program: Program, overdue: str) -> None:
    (message, *_) = program.get("/messages", "baby.TM").json()["messages"]
    assert message["read_at"] is None
    assert program.post("/messages/read", {"key": message["key"]}, "baby.TM", key=None).status_code == 200
    assert problem(program.post("/messages/read", {"key": message["key"]}, "baby.CW2")) == (404, "not-found")
    read = [one for one in program.get("/messages", "baby.TM").json()["messages"] if one["key"] == message["key"]]
    assert read[0]["read_at"] is not None


def test_the_current_policy_is_previewed_and_refused_where_it_applies_already(program: Program) -> None:
    ref = program.open()
    rows = program.get(f"/cases/{ref}/policy").json()["deadlines"]
    assert all(row["due_before"] == row["due_after"] for row in rows)
    assert problem(program.post(f"/cases/{ref}/policy", {})) == (409, "move-refused")
    assert problem(program.post(f"/cases/{ref}/policy", {}, "both.AUD")) == (403, "not-allowed")


# --- evidence ------------------------------------------------------------------------------------------------------


def test_evidence_is_read_a_page_at_a_time_searched_and_handed_out_whole(program: Program) -> None:
    ref = program.open()
    for number in range(1, 4):
        program.post(f"/cases/{ref}/moves", REVISED, "baby.CW", match=f'"{number}"')
    first = program.get(f"/cases/{ref}/audit?limit=3").json()
    rest = program.get(f"/cases/{ref}/audit?limit=3&after={first['after']}").json()
    assert [one["seq"] for one in (*first["entries"], *rest["entries"])] == [1, 2, 3, 4]
    assert rest["after"] is None
    assert first["entries"][0]["content"]["parents"][0]["name"] == NAME
    found, after = [], ""
    while after is not None:
        page = program.get(f"/evidence?who=baby.CW&trigger=revise_edd&limit=2{after and f'&after={after}'}").json()
        found += [one["entry"] for one in page["entries"]]
        after = page["after"]
    assert found == [f"{ref}#4", f"{ref}#3", f"{ref}#2"]
    assert NAME not in program.get("/evidence").text
    lines = program.get("/evidence/export", "baby.TM").text.splitlines()
    assert f"{ref}#4" in {json.loads(line)["entry"] for line in lines}
    assert problem(program.get("/evidence/export", "baby.CW")) == (403, "not-allowed")
    assert problem(program.get("/evidence", "baby.CW")) == (403, "not-allowed")


def test_a_search_of_the_evidence_is_narrowed_and_finds_nothing_one_may_not_read(program: Program) -> None:
    ref = program.open()

    def entries(query: str, as_: str = "baby.SM") -> list[str]:
        return [one["entry"] for one in program.get(f"/evidence?case={ref}{query}", as_).json()["entries"]]

    assert entries("") == entries("&kind=moved") == entries("&since=2026-11-25T10:00:00Z") == [f"{ref}#1"]
    assert entries("&until=2026-11-25T10:00:00Z") == entries("&overridden=true") == entries("&refused=true") == []
    program.post(f"/cases/{ref}/access", {"act": "restrict", "facts": {"reason": "known to us"}})
    assert entries("") == []
    assert entries("", "baby.TM") == [f"{ref}#2", f"{ref}#1"]


# --- what is not to be read ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"trigger": "revise_edd", "facts": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001,
        b'{"trigger": "revise_edd", "facts": {"edd": NaN}}',
        b'{"trigger": "revise_edd", "facts": {"edd": 1e999}}',
        b'{"trigger": "revise_edd", "facts": {"edd": ' + b"9" * 5_000 + b"}}",
        b'{"trigger": "revise_edd", "facts": {"edd": "2027-03-01", "edd": "2027-03-02"}}',
        b'{"trigger": "revise_edd", "facts": {"edd_source": "\\ud800"}}',
        b'{"trigger": "revise_edd", "facts": {"edd_source": "\\u0000"}}',
        b'{"trigger": "revise\\u0000edd"}',
        b'{"trigger": "revise_edd", "occurred_at": "0001-01-01T00:00:00+14:00"}',
        b'{"trigger": "revise_edd", "occurred_at": "2026-11-25"}',
        b'{"trigger": "revise_edd", "facts": []}',
        b'{"trigger": "revise_edd", "on_behalf_of": "' + b"x" * 100 + b'"}',
        b"null",
        b'"text"',
    ],
)
def test_what_cannot_be_read_one_way_only_is_refused_and_leaves_no_trace(program: Program, body: bytes) -> None:
    ref = program.open()
    answered = program.post(f"/cases/{ref}/moves", body, "baby.CW", match='"1"')
    assert problem(answered) in {(400, "unreadable"), (422, "bad-input")}
    assert program.get(f"/cases/{ref}/audit").json()["after"] is None
    assert len(program.get(f"/cases/{ref}/audit").json()["entries"]) == 1


def test_facts_of_odd_shapes_are_refused_in_sentences(program: Program) -> None:
    ref = program.open()
    for value in (2**53 - 1, -1, 1.5, True, [], {}, [[[{}]]], "9999-12-31", "0001-01-01", "\U0001f476", "﷽" * 100):
        facts = {**REVISED["facts"], "edd": value, "\U0001f476": value}  # type: ignore[dict-item]
        answered = program.post(f"/cases/{ref}/moves", {"trigger": "revise_edd", "facts": facts}, match='"1"')
        assert problem(answered) == (409, "move-refused")


def test_the_document_of_the_api_names_every_route_and_its_answers(program: Program) -> None:
    document = program.client.get("/openapi.json").json()
    paths = {path for path in document["paths"] if path.startswith("/api/v1/")}
    assert {"/api/v1/cases", "/api/v1/cases/{ref}/moves", "/api/v1/evidence/export"} <= paths
    subjects = ("cases", "deadlines", "escalations", "messages", "evidence", "looks")
    for path in (one for one in paths if one.split("/")[3] in subjects):
        for operation in document["paths"][path].values():
            assert operation["summary"]
            assert {"400", "401", "403", "404", "422", "503"} <= set(operation["responses"]), path
    taken = document["paths"]["/api/v1/cases/{ref}/moves"]["post"]
    assert {"200", "400", "401", "403", "404", "409", "412", "413", "422", "428"} <= set(taken["responses"])
