"""What every request meets before and after the route it is for: limits, headers, who asks, and how errors are told."""

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Form, Request
from fastapi.routing import APIRoute
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from config.settings import Settings
from workflow.app import create_app
from workflow.database import Database
from workflow.errors import Conflict, EvidenceBroken, MoveRefused, NotReached, NotReady, TryLater, Unmet, WaymarkError
from workflow.identity import sessions, tokens
from workflow.job_log import SWEEP, JobRuns
from workflow.models import TokenScope
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs
from workflow.serving.csrf import csrf_token
from workflow.serving.problem_types import responses
from workflow.serving.problems import MEDIA_TYPE, PreconditionRequired
from workflow.serving.request_ids import RequestIds
from workflow.serving.tracing import Traced, provider_for

from factories import NOW, Desk, add_people

NAME = "Ottilie Quillfeather"  # in no list of names, so that a log line holding it got it from the request
ERRORS: dict[str, WaymarkError] = {
    "move-refused": MoveRefused("PB-1", "book", [Unmet("fact", "edd", "the expected date is missing")], ["a manager"]),
    "conflict": Conflict("PB-1 has changed", ["book by baby.CW"]),
    "not-reached": NotReached("PB-1 stands at version 2"),
    "precondition-required": PreconditionRequired("say which version you looked at"),
    "try-later": TryLater("too often", 7),
    "not-ready": NotReady("the database is empty"),
    "evidence-broken": EvidenceBroken("PB-1#3 does not verify"),
}


class Referral(BaseModel):
    name: str
    weeks: int


def add_test_routes(app: FastAPI, hold: threading.Event) -> None:
    """Routes that do what a test wants to see handled."""
    reads, writes = Needs(Permission.READ_CASES), Needs(Permission.WRITE_CASES)

    @app.get("/test/who", responses=responses(401, 403))
    def who(asking: Annotated[Asking, Depends(reads)]) -> dict[str, Any]:
        return {"who": asking.actor.username, "source": asking.source, "request": asking.way("k").request_id}

    @app.post("/test/change")
    def change(asking: Annotated[Asking, Depends(writes)], note: Annotated[str, Form()] = "") -> str:
        return f"{asking.actor.username} {note}"

    @app.get("/test/code")
    def code(asking: Annotated[Asking, Depends(Needs(Permission.OWN_ACCOUNT, half_signed_in=True))]) -> str:
        return asking.actor.username

    @app.get("/test/feed")
    def feed(asking: Annotated[Asking, Depends(Needs(Permission.OWN_ACCOUNT, scopes=FEED))]) -> str:
        return asking.actor.username

    @app.post("/test/referral")
    def refer(referral: Referral) -> None:
        raise ValueError(f"nobody foresaw {referral.name}")

    @app.get("/test/errors/{name}")
    def fail(name: str) -> None:
        raise ERRORS[name]

    @app.get("/test/cases/{ref}")
    def nonce(request: Request) -> str:
        return str(request.state.csp_nonce)

    @app.get("/test/slow")
    def slow() -> None:
        hold.wait()


FEED = frozenset({TokenScope.FEED})


@dataclass
class Served:
    """The application in this process, with a clock that a test sets, and browsers and programs that ask it."""

    desk: Desk
    app: FastAPI
    now: datetime
    hold: threading.Event

    def client(self, address: str = "203.0.113.7", **given: Any) -> TestClient:
        base = self.app.state.service.settings.base_url
        return TestClient(self.app, base_url=base, client=(address, 50000), follow_redirects=False, **given)

    def token(self, username: str = "baby.CW", scope: TokenScope = TokenScope.ACT) -> dict[str, str]:
        with self.desk.database.write() as connection:
            given = tokens.make(connection, username, name="a program", scope=scope, lasts=timedelta(days=1), now=NOW)
        return {"Authorization": f"Bearer {given}"}

    def cookie(self, username: str = "baby.CW", *, second_factor: bool = True) -> str:
        with self.desk.database.write() as connection:
            return sessions.start(connection, username, second_factor=second_factor, device="a test", now=NOW)

    def browser(self, username: str = "baby.CW", **given: Any) -> tuple[TestClient, str]:
        cookie = self.cookie(username, **given)
        client = self.client()
        client.cookies.set("waymark", cookie)
        return client, cookie


def serve(desk: Desk, **settings: Any) -> Served:
    service = replace(desk.service, settings=Settings(database_url=str(desk.database.url), **settings))
    hold = threading.Event()
    app = create_app(service, clock=lambda: served.now)
    add_test_routes(app, hold)
    served = Served(desk, app, NOW, hold)
    return served


@pytest.fixture
def one_desk(sqlite_url: str) -> Iterator[Desk]:
    database = Database(sqlite_url)
    add_people(database)
    yield Desk(database)
    database.close()


@pytest.fixture
def served(one_desk: Desk) -> Served:
    return serve(one_desk)


# --- the request's id, and its line in the log ---------------------------------------------------------------------


def test_a_request_is_named_and_the_name_is_given_back(served: Served) -> None:
    client = served.client()
    first, second = client.get("/healthz"), client.get("/healthz")
    assert len(first.headers["x-request-id"]) == 16
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


@pytest.mark.parametrize(
    ("given", "taken"), [("trace-4711", True), ("short", False), ("a" * 65, False), ("a b c d e f", False)]
)
def test_a_name_that_comes_with_the_request_is_taken_only_where_it_is_one(
    served: Served, given: str, taken: bool
) -> None:
    answered = served.client().get("/healthz", headers={"X-Request-Id": given})
    assert (answered.headers["x-request-id"] == given) is taken


def log_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_the_log_names_the_template_of_the_route_and_who_asked_never_the_path(
    served: Served, logs: io.StringIO
) -> None:
    served.client().get("/test/cases/PB-77?token=secret")
    served.client().get("/test/who", headers=served.token())
    text = logs.getvalue()
    first, second = (line for line in log_lines(text) if line["event"] == "request")
    assert (first["method"], first["route"], first["status"]) == ("GET", "/test/cases/{ref}", 200)
    assert (second["actor"], second["route"]) == ("baby.CW", "/test/who")
    assert "PB-77" not in text
    assert "secret" not in text


def test_the_template_of_a_route_holds_the_prefix_of_its_router(served: Served, logs: io.StringIO) -> None:
    inner, outer = APIRouter(), APIRouter(prefix="/v1")
    inner.get("/{ref}")(lambda ref: ref)
    outer.include_router(inner, prefix="/tried")
    served.app.include_router(outer, prefix="/invented")
    assert served.client().get("/invented/v1/tried/PB-77").json() == "PB-77"
    assert served.client().delete("/invented/v1/tried/PB-77").status_code == 405
    assert {line["route"] for line in log_lines(logs.getvalue()) if line["event"] == "request"} == {
        "/invented/v1/tried/{ref}"
    }


def test_an_error_nobody_foresaw_leaves_its_place_in_the_log_and_no_word_of_what_was_sent(
    served: Served, logs: io.StringIO
) -> None:
    answered = served.client().post("/test/referral", json={"name": NAME, "weeks": 20})
    text = logs.getvalue()
    (failed,) = (line for line in log_lines(text) if line["event"] == "unexpected_error")
    assert failed["error"] == "ValueError"
    assert failed["at"][-1].endswith("refer")
    assert failed["request_id"] == answered.headers["x-request-id"]
    assert NAME not in text
    assert NAME.split()[1] not in text


def test_an_error_in_a_job_is_logged_without_its_words_and_one_of_the_installation_with_them(
    logs: io.StringIO,
) -> None:
    for error in (ValueError(f"no date for {NAME}"), NotReady("set WAYMARK_SEAL_KEY")):
        try:
            raise error
        except Exception:
            logging.getLogger("a library").exception("it failed")
    text = logs.getvalue()
    assert NAME not in text
    assert "set WAYMARK_SEAL_KEY" in text
    assert "ValueError" in text


def test_a_line_that_cannot_be_written_is_lost_and_not_printed_some_other_way(
    logs: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.close()
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    logging.getLogger("a library").error(f"a word about {NAME}")
    assert sys.stderr.getvalue() == '{"event": "log_line_lost", "logger": "a library"}\n'  # type: ignore[attr-defined]


def test_asyncio_logs_its_first_line_only(logs: io.StringIO) -> None:
    logging.getLogger("asyncio").error(f"Task exception was never retrieved\nfuture: ValueError('{NAME}')")
    text = logs.getvalue()
    assert "never retrieved" in text
    assert NAME not in text


# --- hosts, headers, limits ----------------------------------------------------------------------------------------


def test_another_host_is_refused(served: Served) -> None:
    assert served.client().get("/healthz", headers={"Host": "evil.example"}).status_code == 400
    assert served.client().get("/healthz", headers={"Host": "127.0.0.1:8000"}).status_code == 200


def test_with_a_real_address_only_its_own_host_is_answered(one_desk: Desk) -> None:
    client = serve(one_desk, base_url="https://waymark.example.gov.uk").client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/healthz", headers={"Host": "localhost"}).status_code == 400


def test_every_answer_tells_the_browser_how_little_it_may_do(served: Served) -> None:
    client = served.client()
    for answered in (client.get("/healthz"), client.get("/nowhere"), client.get("/healthz", headers={"Host": "x"})):
        headers = answered.headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in headers  # not over http


def test_the_nonce_of_a_page_is_that_of_its_policy_and_fresh_each_time(served: Served) -> None:
    client = served.client()
    first, second = client.get("/test/cases/PB-1"), client.get("/test/cases/PB-1")
    assert f"'nonce-{first.json()}'" in first.headers["content-security-policy"]
    assert first.json() != second.json()


def test_with_https_browsers_are_told_to_keep_to_it(one_desk: Desk) -> None:
    answered = serve(one_desk, base_url="https://waymark.example.gov.uk").client().get("/healthz")
    assert answered.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


def test_a_body_that_is_too_large_is_refused_unread(one_desk: Desk) -> None:
    client = serve(one_desk, max_body_kb=1).client()
    told = client.post("/test/referral", json={"name": "x" * 2000, "weeks": 20})
    untold = client.post("/test/referral", content=iter([b"x" * 600, b"x" * 600]))  # says no length
    for answered in (told, untold):
        assert answered.status_code == 413
        assert answered.headers["content-type"] == MEDIA_TYPE
        assert answered.json()["type"] == "/problems/too-large"


def test_a_request_that_takes_too_long_is_answered_and_its_thread_keeps_its_place(one_desk: Desk) -> None:
    served = serve(one_desk, request_seconds=0.2, threads=1)
    with served.client() as client:
        slow = client.get("/test/slow")
        assert (slow.status_code, slow.json()["type"]) == (503, "/problems/too-slow")
        waits = client.get("/healthz")  # the only thread is still at work
        assert waits.status_code == 503
        served.hold.set()


# --- problems ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("move-refused", 409),
        ("conflict", 409),
        ("not-reached", 412),
        ("precondition-required", 428),
        ("try-later", 429),
        ("not-ready", 503),
        ("evidence-broken", 500),
    ],
)
def test_each_kind_of_error_is_a_problem_document_of_its_own(served: Served, name: str, status: int) -> None:
    answered = served.client().get(f"/test/errors/{name}")
    said = answered.json()
    assert answered.status_code == said["status"] == status
    assert answered.headers["content-type"] == MEDIA_TYPE
    assert said["type"] == f"/problems/{name}"
    assert said["detail"] == str(ERRORS[name])
    assert said["instance"] == f"urn:waymark:request:{answered.headers['x-request-id']}"


def test_a_refused_move_lists_what_is_missing_and_who_could(served: Served) -> None:
    said = served.client().get("/test/errors/move-refused").json()
    assert said["unmet"] == [{"kind": "fact", "name": "edd", "says": "the expected date is missing"}]
    assert said["who"] == ["a manager"]


def test_a_conflict_lists_what_changed_and_who_must_wait_is_told_how_long(served: Served) -> None:
    client = served.client()
    assert client.get("/test/errors/conflict").json()["changed"] == ["book by baby.CW"]
    assert client.get("/test/errors/try-later").headers["retry-after"] == "7"
    assert client.get("/test/errors/not-ready").headers["retry-after"] == "10"


def test_wrong_fields_are_listed_without_the_values_given(served: Served) -> None:
    answered = served.client().post("/test/referral", json={"weeks": NAME})
    said = answered.json()
    assert (answered.status_code, said["type"]) == (422, "/problems/bad-input")
    assert [one.split(":")[0] for one in said["problems"]] == ["body.name", "body.weeks"]
    assert NAME not in answered.text


def test_a_body_that_is_no_json_cannot_be_read(served: Served) -> None:
    answered = served.client().post("/test/referral", content=f'{{"name": {NAME}', headers={"content-type": JSON})
    assert (answered.status_code, answered.json()["type"]) == (400, "/problems/unreadable")
    assert NAME not in answered.text


JSON = "application/json"


def test_an_unknown_address_and_a_wrong_method_are_problems_too(served: Served) -> None:
    client = served.client()
    nowhere, wrong = client.get("/nowhere"), client.delete("/healthz")
    assert (nowhere.status_code, nowhere.json()["type"]) == (404, "/problems/not-found")
    assert (wrong.status_code, wrong.json()["type"]) == (405, "/problems/no-such-method")
    assert wrong.headers["allow"] == "GET"


def test_an_error_nobody_foresaw_says_nothing_of_itself(served: Served) -> None:
    answered = served.client().post("/test/referral", json={"name": NAME, "weeks": 20})
    assert (answered.status_code, answered.json()["type"]) == (500, "/problems/internal")
    assert "detail" not in answered.json()
    assert NAME not in answered.text
    assert "content-security-policy" in answered.headers


def test_each_type_of_problem_can_be_looked_up(served: Served) -> None:
    client = served.client()
    assert "who" in client.get("/problems/move-refused").text
    assert client.get("/problems/unheard-of").status_code == 404


def test_a_browser_is_shown_a_page_where_there_is_one(served: Served) -> None:
    served.app.state.problem_page = lambda request, problem: PlainTextResponse(problem.title, problem.status)
    client = served.client()
    assert client.get("/nowhere", headers={"Accept": "text/html"}).text == "There is no such thing"
    assert client.get("/nowhere").headers["content-type"] == MEDIA_TYPE


def test_openapi_documents_problems_with_their_schema_and_media_type(served: Served) -> None:
    said = served.client().get("/openapi.json").json()
    found = said["paths"]["/test/who"]["get"]["responses"]
    assert found["401"]["content"] == {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert "application/problem+json" in said["paths"]["/test/referral"]["post"]["responses"]["422"]["content"]
    schemas = said["components"]["schemas"]
    assert {"Problem", "UnmetThing"} <= set(schemas)
    assert "HTTPValidationError" not in json.dumps(said)


# --- who is asking -------------------------------------------------------------------------------------------------


def test_nobody_is_told_to_sign_in(served: Served) -> None:
    answered = served.client().get("/test/who")
    assert (answered.status_code, answered.headers["www-authenticate"]) == (401, "Bearer")


def test_a_token_acts_as_its_account_by_the_api_and_a_session_by_the_web(served: Served) -> None:
    by_token = served.client().get("/test/who", headers=served.token())
    browser, _ = served.browser()
    by_session = browser.get("/test/who")
    assert by_token.json() == {"who": "baby.CW", "source": "api", "request": by_token.headers["x-request-id"]}
    assert by_session.json()["source"] == "web"


def test_a_wrong_token_is_nobody_even_with_a_session_beside_it(served: Served) -> None:
    browser, _ = served.browser()
    for given in ("Bearer wm_wrong", "Basic abc", "Bearer other"):
        assert browser.get("/test/who", headers={"Authorization": given}).status_code == 401


def test_a_role_without_the_permission_is_refused(served: Served) -> None:
    answered = served.client().get("/test/who", headers=served.token("both.ADM"))
    assert (answered.status_code, answered.json()["type"]) == (403, "/problems/not-allowed")


def test_a_token_for_reading_changes_nothing(served: Served) -> None:
    reading = served.token(scope=TokenScope.READ)
    assert served.client().get("/test/who", headers=reading).status_code == 200
    assert served.client().post("/test/change", headers=reading).status_code == 403


def test_a_token_for_one_place_opens_that_place_alone(served: Served) -> None:
    feed, acts = served.token(scope=TokenScope.FEED), served.token()
    client = served.client()
    assert client.get("/test/who", headers=feed).status_code == 403
    assert client.get("/test/feed", headers=feed).status_code == 200
    assert client.get("/test/feed", headers=acts).status_code == 403


def test_a_session_without_its_second_factor_opens_only_what_asks_for_the_code(served: Served) -> None:
    browser, _ = served.browser(second_factor=False)
    refused = browser.get("/test/who")
    assert refused.status_code == 401
    assert "a code is needed" in refused.json()["detail"]
    assert browser.get("/test/code").json() == "baby.CW"


def test_an_idle_session_has_ended(served: Served) -> None:
    browser, _ = served.browser()
    served.now = NOW + timedelta(hours=11)
    answered = browser.get("/test/who")
    assert answered.status_code == 401
    assert "has ended" in answered.json()["detail"]


def test_a_session_is_written_at_most_once_a_minute(served: Served) -> None:
    browser, _ = served.browser()

    def seen_at(after: int) -> datetime:
        served.now = NOW + timedelta(seconds=after)
        assert browser.get("/test/who").status_code == 200
        with served.desk.database.read() as connection:
            found: datetime = connection.execute(select(sessions.SESSIONS.c.seen_at)).scalar_one()
        return found

    assert seen_at(59) == NOW
    assert seen_at(61) == NOW + timedelta(seconds=61)


@pytest.mark.parametrize(
    "sent",
    [
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"origin": "http://localhost:8000"},
    ],
)
def test_a_form_of_our_own_page_changes_things(served: Served, sent: dict[str, str]) -> None:
    browser, cookie = served.browser()
    by_field = browser.post("/test/change", data={"csrf": csrf_token(cookie), "note": "kept"}, headers=sent)
    by_header = browser.post("/test/change", headers={**sent, "X-CSRF-Token": csrf_token(cookie)})
    assert (by_field.json(), by_header.json()) == ("baby.CW kept", "baby.CW ")


@pytest.mark.parametrize(
    "sent",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "http://localhost:8000"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {},
    ],
)
def test_a_form_another_site_sent_changes_nothing_even_with_the_token(served: Served, sent: dict[str, str]) -> None:
    browser, cookie = served.browser()
    answered = browser.post("/test/change", data={"csrf": csrf_token(cookie)}, headers=sent)
    assert answered.status_code == 403


def test_a_form_without_the_token_of_its_session_changes_nothing(served: Served) -> None:
    browser, _ = served.browser()
    other = csrf_token(served.cookie())
    for data in ({}, {"csrf": ""}, {"csrf": other}, {"csrf": "ü"}):
        answered = browser.post("/test/change", data=data, headers={"sec-fetch-site": "same-origin"})
        assert answered.status_code == 403


def test_a_token_in_the_header_needs_no_token_of_a_form(served: Served) -> None:
    assert served.client().post("/test/change", headers=served.token()).status_code == 200


def test_each_route_tells_which_permission_it_needs(served: Served) -> None:
    (route,) = (one for one in served.app.routes if isinstance(one, APIRoute) and one.path == "/test/change")
    found = [one.call.permission for one in route.dependant.dependencies if isinstance(one.call, Needs)]
    assert found == [Permission.WRITE_CASES]


def test_the_clock_is_read_once_for_each_request(one_desk: Desk) -> None:
    ticks: list[datetime] = []

    def clock() -> datetime:
        ticks.append(NOW)
        return NOW

    app = create_app(one_desk.service, clock=clock)
    served = Served(one_desk, app, NOW, threading.Event())
    add_test_routes(app, served.hold)
    served.client().get("/test/who", headers=served.token())
    assert len(ticks) == 1


def test_both_databases_know_who_asks(desk: Desk) -> None:
    served = serve(desk)
    browser, cookie = served.browser()
    served.now = NOW + timedelta(minutes=2)
    assert served.client().get("/test/who", headers=served.token()).status_code == 200
    assert browser.post("/test/change", headers={"X-CSRF-Token": csrf_token(cookie), **OURS}).status_code == 200


OURS = {"sec-fetch-site": "same-origin"}

MONITOR = "a monitor's own token"

# --- metrics and traces --------------------------------------------------------------------------------------------


def test_metrics_are_for_this_machine_or_a_token(one_desk: Desk) -> None:
    served = serve(one_desk, metrics_token=MONITOR)
    assert served.client("127.0.0.1").get("/metrics").status_code == 200
    assert served.client().get("/metrics").status_code == 404
    assert served.client("127.0.0.1").get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 404
    right, wrong = f"Bearer {MONITOR}", "Bearer another"
    assert served.client().get("/metrics", headers={"Authorization": right}).status_code == 200
    assert served.client().get("/metrics", headers={"Authorization": wrong}).status_code == 404


def test_without_a_token_set_no_token_opens_the_metrics(served: Served) -> None:
    assert served.client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_requests_and_moves_are_counted_and_no_path_is_named(served: Served) -> None:
    client = served.client("127.0.0.1")
    client.get("/test/cases/PB-77")
    served.app.state.service.engine.observed("prebirth", "refused")
    text = client.get("/metrics").text
    assert 'waymark_requests_total{method="GET",route="/test/cases/{ref}",status="200"} 1.0' in text
    assert 'waymark_moves_total{lifecycle="prebirth",outcome="refused"} 1.0' in text
    assert "PB-77" not in text


def test_metrics_say_how_the_service_stands(desk: Desk) -> None:
    served = serve(desk)
    log = JobRuns(desk.database)
    log.finished(log.started(SWEEP, "n1", NOW), NOW, "done", 12)
    log.finished(log.started("light check", "n1", NOW), NOW, "done", 0)
    served.now = NOW + timedelta(minutes=1)
    text = served.client("127.0.0.1").get("/metrics").text
    for line in (
        "waymark_deadlines_to_tell 0.0",
        "waymark_alerts_overdue 0.0",
        "waymark_sweep_claimed 12.0",
        "waymark_light_check_succeeded 1.0",
        "waymark_light_check_age_seconds 60.0",
    ):
        assert line in text.splitlines()
    assert "waymark_schema_info{version=" in text
    assert "waymark_oldest_message" not in text  # nothing waits


def test_the_engine_tells_what_a_move_came_to(one_desk: Desk) -> None:
    told: list[tuple[str, str]] = []
    one_desk.engine.observed = lambda lifecycle, outcome: told.append((lifecycle, outcome))
    with pytest.raises(WaymarkError):
        one_desk.fire("PB-999", "book", "baby.CW")  # no such case: counted as nothing
    with pytest.raises(MoveRefused):
        one_desk.open("prebirth", "both.AUD", {})
    assert told == [("prebirth", "refused")]


def test_a_span_is_named_by_its_route_and_holds_nothing_else() -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))

    def fail(_: Request) -> StreamingResponse:
        raise ValueError(NAME)

    app = Starlette(routes=[Route("/cases/{ref}", fail)])
    client = TestClient(RequestIds(Traced(app, provider=provider)), raise_server_exceptions=False)
    client.get(f"/cases/PB-77?name={NAME}")
    (span,) = kept.get_finished_spans()
    assert span.name == "GET /cases/{ref}"
    assert dict(span.attributes or {}) == {"http.response.status_code": 500}
    assert not span.events


def test_traces_without_their_library_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(NotReady, match="extra `otel`"):
        provider_for("http://localhost:4318/v1/traces")
