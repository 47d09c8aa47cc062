"""Signing in through an OpenID provider: a real one in its own process, and one that sends whatever a test wants."""

import base64
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import structlog
from fastapi import Depends, FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from pydantic import ValidationError
from sqlalchemy import func, select
from starlette.testclient import TestClient

from config.settings import Settings
from states.roles import Role
from workflow.accounts import TEAMS, USERS, Operator, disable_user
from workflow.app import create_app
from workflow.bootstrap import Service
from workflow.cli import run
from workflow.errors import BadInput, Conflict, NotAllowed, NotReady
from workflow.identity.local_pages import local_page
from workflow.identity.openid import PENDING
from workflow.identity.openid_accounts import IDENTITIES, link, safe_username
from workflow.identity.sessions import SESSIONS
from workflow.models import AuditEntry
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs
from workflow.serving.openid import openid_routes
from workflow.tables import table

from factories import NOW, Desk

pytestmark = pytest.mark.mostly_one_database

AUDIT = table(AuditEntry)
SECRET = "a-secret-of-the-provider"  # noqa: S105  # it opens nothing
SUBJECT, NAME = "staff-4711", "Ottilie Quillfeather"
CLAIMS = {
    "name": NAME,
    "preferred_username": "Ottilie.Quillfeather@example.gov.uk",
    "roles": ["waymark-caseworker", "something-else"],
    "groups": ["pre-birth"],
}
MAPPING: dict[str, Any] = {
    "client_id": "waymark",
    "client_secret": SECRET,
    "authority": "durham",
    "roles": {"waymark-caseworker": "CW", "waymark-manager": "TM", "waymark-administrator": "ADM"},
    "teams": {"pre-birth": "baby", "pause": "pause", "elsewhere": "leeds"},
}
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
RETURN = "/sign-in/openid/return"


@dataclass
class Office:
    """The application as a browser meets it, with a clock that a test sets."""

    desk: Desk
    issuer: str
    given: dict[str, Any] = field(default_factory=dict)
    now: datetime = NOW

    def __post_init__(self) -> None:
        said = {**MAPPING, "issuer": self.issuer, **self.given}
        settings = Settings.model_validate({"database_url": str(self.desk.database.url), "openid": said})
        self.service: Service = replace(self.desk.service, settings=settings)
        self.app = create_app(self.service, clock=lambda: self.now)
        _add_test_routes(self.app)
        self.browser = self.new_browser()

    def new_browser(self) -> TestClient:
        return TestClient(self.app, base_url="http://localhost:8000", follow_redirects=False)

    def start(self, then: str = "/") -> dict[str, str]:
        """Begins to sign in; what the browser would ask of the provider."""
        answered = self.browser.get("/sign-in/openid", params={"then": then})
        assert answered.status_code == 303, answered.text
        asked = parse_qs(urlsplit(answered.headers["location"]).query)
        return {name: value for name, (value,) in asked.items()} | {"address": answered.headers["location"]}

    def come_back(self, accept: str = "*/*", **said: str) -> httpx2.Response:
        return self.browser.get(RETURN, params=said, headers={"accept": accept})

    def link(self, username: str = "baby.CW", subject: str = SUBJECT) -> None:
        by = Operator(name="os:tests", now=self.now)
        self.service.engine.retried(
            lambda connection: link(connection, by, username=username, issuer=self.issuer, subject=subject)
        )

    def who(self) -> dict[str, Any]:
        answered = self.browser.get("/test/who")
        found: dict[str, Any] = answered.json() if answered.status_code == 200 else {}
        return found

    def rows(self, of: Any, *columns: Any) -> list[tuple[Any, ...]]:
        with self.desk.database.read() as connection:
            return [tuple(row) for row in connection.execute(select(*(columns or (of,))))]

    def evidence(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Trigger, actor and facts of what belongs to no case, oldest first."""
        with self.desk.database.read() as connection:
            query = select(AUDIT.c.trigger, AUDIT.c.actor, AUDIT.c.facts).order_by(AUDIT.c.seq)
            return [(row.trigger, row.actor, dict(row.facts)) for row in connection.execute(query)]


def _add_test_routes(app: FastAPI) -> None:
    @app.get("/test/who")
    def who(asking: Annotated[Asking, Depends(Needs(Permission.OWN_ACCOUNT))]) -> dict[str, str]:
        return {"username": asking.actor.username, "role": asking.actor.role.value, "team": asking.actor.team}


# --- with a real provider ------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """oidc-provider-mock in a process of its own, knowing Ottilie."""
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    claims = json.dumps({"sub": SUBJECT, **CLAIMS})
    argv = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "yes"]
    process = subprocess.Popen(
        [*argv, "--user-claims", claims], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ}
    )
    try:
        for _ in range(300):
            try:
                httpx2.get(f"{issuer}/jwks").raise_for_status()
                break
            except httpx2.TransportError:
                assert process.poll() is None, "the provider ended"
                time.sleep(0.1)
        yield issuer
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def office(desk: Desk, provider: str) -> Iterator[Callable[..., Office]]:
    def opened(**given: Any) -> Office:
        return Office(desk, provider, given, now=datetime.now(UTC))  # the provider's clock is that of this machine

    yield opened
    httpx2.put(f"{provider}/users/{SUBJECT}", json=CLAIMS).raise_for_status()


def says(provider: str, **claims: Any) -> None:
    """From now on the provider says this of Ottilie."""
    httpx2.put(f"{provider}/users/{SUBJECT}", json={**CLAIMS, **claims}).raise_for_status()


def give_name(address: str, **form: str) -> dict[str, str]:
    """Fills in the provider's form; what it sends back with the browser."""
    assert 'name="sub"' in httpx2.get(address).text
    answered = httpx2.post(address, data=form)
    back = urlsplit(answered.headers["location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == f"http://localhost:8000{RETURN}"
    return {name: value for name, (value,) in parse_qs(back.query).items()}


def sign_in(office: Office, then: str = "/") -> httpx2.Response:
    return office.come_back(**give_name(office.start(then)["address"], sub=SUBJECT))


def test_a_linked_account_is_signed_in_and_led_to_the_page_it_asked_for(office: Callable[..., Office]) -> None:
    at = office()
    at.link()
    with structlog.testing.capture_logs() as logged:
        back = give_name(at.start("/cases/PB-1?tab=2")["address"], sub=SUBJECT)
        answered = at.come_back(**back)
    assert (answered.status_code, answered.headers["location"]) == (303, "/cases/PB-1?tab=2")
    assert at.who() == {"username": "baby.CW", "role": "CW", "team": "baby"}
    assert at.rows(SESSIONS, SESSIONS.c.username, SESSIONS.c.second_factor) == [("baby.CW", True)]
    assert at.rows(PENDING) == []
    trigger, actor, facts = at.evidence()[-1]
    assert (trigger, actor, facts["by"], facts["second_factor"]) == ("sign_in", "baby.CW", "openid", True)
    told = json.dumps([at.evidence(), logged], default=str)
    for secret in (SUBJECT, NAME, "Quillfeather", SECRET, back["code"], back["state"], at.browser.cookies["waymark"]):
        assert secret not in told


def test_the_cookies_are_out_of_reach_of_scripts_and_the_one_of_the_sign_in_goes(office: Callable[..., Office]) -> None:
    at = office()
    at.link()
    answered = sign_in(at)
    kept, gone = sorted(answered.headers.get_list("set-cookie"), key=len)
    for cookie in (kept, gone):
        assert "httponly" in cookie.lower()
        assert "samesite=lax" in cookie.lower()
    assert "waymark-openid" not in dict(at.browser.cookies)


def test_a_stranger_gets_an_account_where_the_settings_say_so(office: Callable[..., Office]) -> None:
    at = office(create_accounts=True)
    sign_in(at)
    assert at.who() == {"username": "ottilie.quillfeather", "role": "CW", "team": "baby"}
    names = dict(at.rows(USERS, USERS.c.username, USERS.c.name))
    assert names["ottilie.quillfeather"] == NAME
    made, linked, signed_in = at.evidence()
    assert [made[0], linked[0], signed_in[0]] == ["add_user", "link_identity", "sign_in"]
    assert made[1] == "openid:127.0.0.1:" + at.issuer.rpartition(":")[2]
    assert made[2] == {"username": "ottilie.quillfeather", "role": "CW", "team": "baby"}
    at.browser = at.new_browser()
    sign_in(at)
    assert at.who()["username"] == "ottilie.quillfeather"
    assert at.rows(IDENTITIES, func.count()) == [(1,)]


def test_an_account_of_the_same_name_is_not_taken_over(office: Callable[..., Office], provider: str) -> None:
    at = office(create_accounts=True)
    with at.desk.database.write() as connection:
        connection.execute(
            USERS.insert(),
            {
                "username": "ann.example",
                "name": "Ann",
                "role": "HOS",
                "team": "baby",
                "active": True,
                "created_at": NOW,
            },
        )
    says(provider, preferred_username="Ann.Example@elsewhere.example")
    sign_in(at)
    assert at.who() == {"username": "ann.example-2", "role": "CW", "team": "baby"}


def test_a_stranger_is_refused_where_accounts_are_made_by_an_administrator(office: Callable[..., Office]) -> None:
    at = office()
    answered = sign_in(at)
    assert answered.status_code == 403
    assert "ask an administrator to link yours" in answered.json()["detail"]
    trigger, actor, facts = at.evidence()[-1]
    assert (trigger, actor, facts["why"], facts["known"]) == ("sign_in_refused", "system", "not_linked", False)
    assert at.rows(SESSIONS) == []
    assert at.rows(IDENTITIES) == []


def test_a_new_role_and_team_in_the_claims_are_those_of_the_account_from_the_next_sign_in(
    office: Callable[..., Office], provider: str
) -> None:
    at = office()
    at.link()
    sign_in(at)
    says(provider, roles="waymark-manager", groups=["pause", "a club"])
    sign_in(at)
    assert at.who() == {"username": "baby.CW", "role": "TM", "team": "pause"}
    trigger, actor, facts = at.evidence()[-2]
    assert trigger == "set_role"
    assert actor.startswith("openid:")
    assert {**facts, "subject": ""} == {
        **{"username": "baby.CW", "role": "TM", "team": "pause", "subject": ""},
        **{"role_before": "CW", "team_before": "baby"},
    }


@pytest.mark.parametrize(
    ("claims", "why", "sentence"),
    [
        ({"roles": ["something-else"]}, "no_role", "gives you no role here"),
        ({"roles": None}, "no_role", "gives you no role here"),
        ({"roles": ["ADM", "SYS", "CW"]}, "no_role", "gives you no role here"),
        ({"roles": ["waymark-caseworker", "waymark-administrator"]}, "more_than_one_role", "more than one role"),
        ({"groups": []}, "no_team", "gives you no team here"),
        ({"groups": ["pre-birth", "pause"]}, "more_than_one_team", "more than one team"),
        ({"groups": ["elsewhere"]}, "unknown_team", "durham has none of that code"),
    ],
)
def test_claims_that_do_not_give_one_role_and_one_team_open_nothing(
    office: Callable[..., Office], provider: str, claims: dict[str, Any], why: str, sentence: str
) -> None:
    at = office(create_accounts=True)
    with at.desk.database.write() as connection:
        row = {"code": "leeds", "name": "Leeds", "authority": "leeds", "record": "baby", "manager": None}
        connection.execute(TEAMS.insert(), row)
    says(provider, **claims)
    before = at.rows(USERS, func.count())
    answered = sign_in(at)
    assert (answered.status_code, at.who()) == (403, {})
    assert sentence in answered.json()["detail"]
    assert at.evidence()[-1][2]["why"] == why
    assert at.rows(USERS, func.count()) == before
    at.link()
    assert sign_in(at).status_code == 403
    assert at.evidence()[-1][:2] == ("sign_in_refused", "baby.CW")


def test_a_role_of_an_administrator_is_given_where_the_settings_name_it(
    office: Callable[..., Office], provider: str
) -> None:
    at = office()
    at.link()
    says(provider, roles=["waymark-administrator"])
    sign_in(at)
    assert at.who()["role"] == "ADM"


def test_a_disabled_account_never_signs_in(office: Callable[..., Office]) -> None:
    at = office(create_accounts=True)
    at.link()
    with at.desk.database.write() as connection:
        disable_user(connection, Operator(name="os:tests", now=at.now), username="baby.CW")
    answered = sign_in(at)
    assert (answered.status_code, at.who()) == (403, {})
    assert "disabled" in answered.json()["detail"]
    assert at.evidence()[-1][2]["why"] == "disabled"
    assert at.rows(SESSIONS) == []


def test_an_account_of_another_authority_is_left_alone(office: Callable[..., Office]) -> None:
    at = office(authority="leeds")
    at.link()
    answered = sign_in(at)
    assert answered.status_code == 403
    assert "another authority" in answered.json()["detail"]


def test_who_cancels_at_the_provider_is_told_to_start_again(office: Callable[..., Office]) -> None:
    at = office()
    started = at.start()
    httpx2.post(started["address"], data={"action": "deny"})
    answered = at.come_back(state=started["state"], error="access_denied")
    assert answered.status_code == 401
    assert "did not sign you in" in answered.json()["detail"]
    assert at.rows(PENDING) == []


def test_a_sign_in_that_failed_can_be_begun_again_for_the_same_page(office: Callable[..., Office]) -> None:
    at = office()
    started = at.start("/cases/PB-1")
    httpx2.post(started["address"], data={"action": "deny"})
    answered = at.come_back(state=started["state"], error="access_denied", accept="text/html")
    assert answered.status_code == 401
    assert 'href="/sign-in/openid?then=/cases/PB-1"' in answered.text
    at.browser.cookies.clear()
    guessed = at.come_back(state=started["state"], error="access_denied", accept="text/html")
    assert "PB-1" not in guessed.text, "another browser is not told where this one was going"


def test_a_sign_in_comes_back_once(office: Callable[..., Office]) -> None:
    at = office()
    at.link()
    back = give_name(at.start()["address"], sub=SUBJECT)
    assert at.come_back(**back).status_code == 303
    at.browser.cookies.set("waymark-openid", back["state"])
    assert at.come_back(**back).status_code == 401
    assert at.rows(SESSIONS, func.count()) == [(1,)]


def test_a_sign_in_that_failed_cannot_be_tried_again(office: Callable[..., Office]) -> None:
    at = office()
    at.link()
    back = give_name(at.start()["address"], sub=SUBJECT)
    assert at.come_back(state=back["state"], code="a-code-of-somebody").status_code == 401
    answered = at.come_back(**back)
    assert answered.status_code == 401
    assert "finished before" in answered.json()["detail"]


def test_a_sign_in_comes_back_in_the_browser_it_was_begun_in_and_in_no_other(office: Callable[..., Office]) -> None:
    at = office()
    at.link()
    back = give_name(at.start()["address"], sub=SUBJECT)
    mine, at.browser = at.browser, at.new_browser()
    assert at.come_back(**back).status_code == 401
    assert at.who() == {}
    at.browser = mine
    assert at.come_back(**back).status_code == 303


@pytest.mark.parametrize("state", ["", "another-state"])
def test_a_state_that_was_never_given_opens_nothing(office: Callable[..., Office], state: str) -> None:
    at = office()
    at.link()
    back = give_name(at.start()["address"], sub=SUBJECT)
    at.browser.cookies.set("waymark-openid", state)
    assert at.come_back(code=back["code"], state=state).status_code == 401
    assert at.who() == {}


def test_after_ten_minutes_a_sign_in_is_over(office: Callable[..., Office]) -> None:
    at = office()
    at.link()
    back = give_name(at.start()["address"], sub=SUBJECT)
    at.now += 10 * MINUTE
    answered = at.come_back(**back)
    assert answered.status_code == 401
    assert "more than 10 minutes" in answered.json()["detail"]


def test_sign_ins_that_never_came_back_are_forgotten_by_the_next(office: Callable[..., Office]) -> None:
    at = office()
    at.start()
    at.now += 10 * MINUTE
    at.start()
    assert at.rows(PENDING, func.count()) == [(1,)]


# --- with a provider that sends whatever a test wants --------------------------------------------------------------


@dataclass
class Forger:
    """A small provider: checks the secret and the proof of who began, and signs the claims it is told to."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "first", "use": "sig"}))
    signs_with: Any = None
    challenge: str = ""
    document: dict[str, Any] = field(default_factory=dict)
    write: Callable[[dict[str, Any]], str] | None = None
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str, form: dict[str, list[str]], authorization: str) -> dict[str, Any]:
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            ends = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
            return {"issuer": self.issuer, **{name: self.issuer + at for name, at in ends.items()}, **self.document}
        if path == "/keys":
            own = self.key.as_dict(private=False)
            return {"keys": [{"kty": "new-in-2030", "kid": "x"}, {"kty": "oct", "k": "AAAA", "kid": "oct"}, own]}
        if authorization != "Basic " + base64.b64encode(f"waymark:{SECRET}".encode()).decode():
            return {"error": "invalid_client"}
        proof = hashlib.sha256(form["code_verifier"][0].encode()).digest()
        if base64.urlsafe_b64encode(proof).decode().rstrip("=") != self.challenge:
            return {"error": "invalid_grant"}
        return {"access_token": "unused", "token_type": "Bearer", "id_token": self.token()}

    def token(self) -> str:
        if self.write is not None:
            return self.write(self.claims)
        header = {"alg": "ES256", "kid": self.key.kid, **self.header}
        return jwt.encode(header, dict(self.claims), self.signs_with or self.key, [header["alg"]])


@pytest.fixture
def forger() -> Iterator[Forger]:
    forged = Forger()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length", 0))
            form = parse_qs(self.rfile.read(length).decode())
            said = json.dumps(forged.answer(self.path, form, self.headers.get("authorization", ""))).encode()
            self.send_response(400 if b'"error"' in said else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    forged.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield forged
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def forged(desk: Desk, forger: Forger) -> Office:
    at = Office(desk, forger.issuer)
    at.link()
    return at


def sign_in_forged(at: Office, forger: Forger, **claims: Any) -> httpx2.Response:
    """Signs in with the right claims but for those given; None leaves one out."""
    asked = at.start()
    forger.challenge = asked["code_challenge"]
    seconds = int(at.now.timestamp())
    right = {"iss": forger.issuer, "sub": SUBJECT, "aud": "waymark", "iat": seconds, "exp": seconds + 300}
    all_ = {**right, "nonce": asked["nonce"], **CLAIMS, **claims}
    forger.claims = {name: value for name, value in all_.items() if value is not None}
    return at.come_back(state=asked["state"], code="code")


def test_the_provider_is_asked_for_a_code_that_only_we_can_use(forged: Office) -> None:
    asked = forged.start()
    assert (asked["response_type"], asked["client_id"], asked["scope"]) == ("code", "waymark", "openid profile")
    assert asked["redirect_uri"] == f"http://localhost:8000{RETURN}"
    assert asked["code_challenge_method"] == "S256"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert asked["state"] not in str(forged.rows(PENDING))


def test_the_proof_of_who_began_goes_with_the_code(forged: Office, forger: Forger) -> None:
    assert sign_in_forged(forged, forger).status_code == 303
    assert forged.who()["username"] == "baby.CW"
    asked = forged.start()
    forger.challenge = "of another sign-in"
    assert forged.come_back(state=asked["state"], code="code").status_code == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"aud": "another-service"},
        {"aud": ["waymark", "another-service"]},
        {"azp": "another-service"},
        {"aud": None},
        {"iss": "https://login.example.org"},
        {"iss": None},
        {"exp": int((NOW - 2 * MINUTE).timestamp())},
        {"exp": None},
        {"iat": int((NOW + 5 * MINUTE).timestamp())},
        {"sub": None},
        {"sub": 7},
        {"sub": ""},
        {"sub": "with\x00nothing"},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_this_sign_in_opens_nothing(
    forged: Office, forger: Forger, claims: dict[str, Any]
) -> None:
    answered = sign_in_forged(forged, forger, **claims)
    assert (answered.status_code, forged.who(), forged.rows(SESSIONS)) == (401, {}, [])


def test_a_token_that_the_provider_did_not_sign_opens_nothing(forged: Office, forger: Forger) -> None:
    forger.signs_with = ECKey.generate_key("P-256", {"kid": "first"})
    answered = sign_in_forged(forged, forger)
    assert (answered.status_code, forged.who()) == (401, {})
    assert answered.json()["detail"].endswith("start signing in again")


def test_a_token_signed_with_what_everybody_may_know_opens_nothing(forged: Office, forger: Forger) -> None:
    for secret in (SECRET * 2, json.dumps(forger.key.as_dict(private=False))):
        forger.header, forger.signs_with = {"alg": "HS256"}, OctKey.import_key(secret)
        assert sign_in_forged(forged, forger).status_code == 401
    assert forged.who() == {}


@pytest.mark.parametrize("signature", ["", "c2lnbmVk"])
def test_a_token_without_a_signature_opens_nothing(forged: Office, forger: Forger, signature: str) -> None:
    def part(said: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")

    forger.write = lambda claims: f"{part({'alg': 'none', 'kid': 'first'})}.{part(claims)}.{signature}"
    assert sign_in_forged(forged, forger).status_code == 401
    forger.write = lambda claims: "not a token"
    assert sign_in_forged(forged, forger).status_code == 401
    assert forged.who() == {}


def test_what_the_provider_publishes_is_kept_for_an_hour(forged: Office, forger: Forger) -> None:
    sign_in_forged(forged, forger)
    forged.now += 59 * MINUTE
    sign_in_forged(forged, forger)
    published = ["/.well-known/openid-configuration", "/keys"]
    assert [one for one in forger.asked if one != "/token"] == published
    forged.now += MINUTE
    sign_in_forged(forged, forger)
    assert [one for one in forger.asked if one != "/token"] == [*published, *published]


def test_a_key_that_is_new_within_the_hour_is_fetched(forged: Office, forger: Forger) -> None:
    sign_in_forged(forged, forger)
    forger.key = ECKey.generate_key("P-256", {"kid": "second"})
    assert sign_in_forged(forged, forger).status_code == 401  # within a minute nothing is asked again
    forged.now += MINUTE
    assert sign_in_forged(forged, forger).status_code == 303


@pytest.mark.parametrize(
    "document", [{"issuer": "https://login.example.org"}, {"token_endpoint": None}, {"jwks_uri": "file:///etc/passwd"}]
)
def test_a_provider_that_is_not_the_one_named_is_not_used(
    forged: Office, forger: Forger, document: dict[str, Any]
) -> None:
    forger.document = document
    answered = forged.browser.get("/sign-in/openid")
    assert answered.status_code == 503
    assert "WAYMARK_OPENID" in answered.json()["detail"]
    forger.document = {}
    forged.start()  # what was wrong is not kept


def test_a_secret_that_is_wrong_is_told_to_whoever_set_it(desk: Desk, forger: Forger) -> None:
    at = Office(desk, forger.issuer, {"client_secret": "another"})
    answered = sign_in_forged(at, forger)
    assert answered.status_code == 503
    assert "check client_id and client_secret" in answered.json()["detail"]


def test_a_provider_that_is_down_is_one_sentence_and_nothing_is_begun(desk: Desk) -> None:
    at = Office(desk, f"http://127.0.0.1:{free_port()}")
    answered = at.browser.get("/sign-in/openid")
    assert (answered.status_code, answered.headers["retry-after"]) == (503, "10")
    assert "does not answer" in answered.json()["detail"]
    assert at.rows(PENDING) == []


def test_a_provider_that_goes_down_in_between_is_one_sentence(forged: Office, forger: Forger) -> None:
    forger.document = {"token_endpoint": f"http://127.0.0.1:{free_port()}/token"}
    answered = sign_in_forged(forged, forger)
    assert answered.status_code == 503
    assert "does not answer" in answered.json()["detail"]


@pytest.mark.parametrize(
    ("settings", "claims", "whole"),
    [
        ({}, {}, True),
        ({"counts_as_second_factor": False}, {"amr": ["mfa"]}, False),
        ({"second_factor_amr": ["mfa"]}, {"amr": ["pwd", "mfa"]}, True),
        ({"second_factor_amr": ["mfa"]}, {"amr": ["pwd"]}, False),
        ({"second_factor_acr": ["loa3"]}, {"acr": "loa3"}, True),
        ({"second_factor_acr": ["loa3"]}, {}, False),
    ],
)
def test_the_provider_counts_as_second_factor_where_it_asked_for_one(
    desk: Desk, forger: Forger, settings: dict[str, Any], claims: dict[str, Any], whole: bool
) -> None:
    at = Office(desk, forger.issuer, settings)
    at.link()
    answered = sign_in_forged(at, forger, **claims)
    assert answered.headers["location"] == ("/" if whole else "/sign-in/enrol")
    assert at.rows(SESSIONS, SESSIONS.c.second_factor) == [(whole,)]
    assert (at.evidence()[-1][0] == "sign_in") is whole
    assert bool(at.who()) is whole


def test_claims_may_lie_deeper_and_another_claim_may_name_the_person(desk: Desk, forger: Forger) -> None:
    at = Office(desk, forger.issuer, {"role_claim": "realm_access.roles", "subject_claim": "oid"})
    at.link(subject="an-object-id")
    nested = {"realm_access": {"roles": ["waymark-manager"]}, "oid": "an-object-id"}
    assert sign_in_forged(at, forger, **nested).status_code == 303
    assert at.who()["role"] == "TM"
    at.browser = at.new_browser()
    assert sign_in_forged(at, forger, realm_access=["no", "mapping"], oid="an-object-id").status_code == 403
    assert sign_in_forged(at, forger).status_code == 401  # without that claim


# --- settings, names, links ----------------------------------------------------------------------------------------


def test_without_the_setting_there_is_no_such_page(desk: Desk) -> None:
    client = TestClient(create_app(desk.service), base_url="http://localhost:8000")
    assert client.get("/sign-in/openid").status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "http://login.example.org"},
        {"issuer": "https://login.example.org/?a=b"},
        {"roles": {"all": "SYS"}},
        {"roles": {"all": "KING"}},
        {"roles": {}},
        {"teams": {}},
        {"scopes": ["profile"]},
        {"unknown": 1},
    ],
    ids=str,
)
def test_settings_that_would_open_too_much_are_refused_without_repeating_the_secret(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({"openid": {**MAPPING, "issuer": "https://login.example.org", **wrong}})
    assert SECRET not in str(refused.value)


def test_the_setting_is_read_from_the_environment_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYMARK_OPENID", json.dumps({**MAPPING, "issuer": "https://login.example.org"}))
    read = Settings().openid
    assert read is not None
    assert read.roles["waymark-caseworker"] is Role.CASEWORKER
    assert SECRET not in repr(read)
    assert read.create_accounts is False


def test_a_missing_extra_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    at = Office(desk, "https://login.example.org")
    for module in ("workflow.identity.openid", "workflow.identity.openid_provider"):
        monkeypatch.delitem(sys.modules, module)
        monkeypatch.delattr(sys.modules["workflow.identity"], module.rpartition(".")[2])
    monkeypatch.setitem(sys.modules, "joserfc", None)
    with pytest.raises(NotReady, match="extra `oidc`"):
        openid_routes(at.service)


@pytest.mark.parametrize("page", ["/", "/cases/PB-1?tab=2#top", "/a//b"])
def test_a_page_of_ours_is_led_to(page: str) -> None:
    assert local_page(page) == page


@pytest.mark.parametrize(
    "page",
    [
        "",
        "cases",
        "https://elsewhere.example",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "\\\\elsewhere.example",
        "/\t/elsewhere.example",
        "/a\r\nset-cookie: b",
        "/" + "a" * 501,
        "javascript:alert(1)",
        "/sign-in/openid",
    ],
)
def test_no_other_page_is_led_to(page: str) -> None:
    assert local_page(page) == "/"


@pytest.mark.parametrize(
    ("claim", "name"),
    [
        ("Zoë.O'Hara@example.gov.uk", "zoe.o.hara"),
        ("ANN_EXAMPLE-2", "ann_example-2"),
        ("..//..", ""),
        ("@example", ""),
        ("李", ""),
        ("a" * 80, "a" * 50),
    ],
)
def test_a_user_name_is_made_safe(claim: str, name: str) -> None:
    assert safe_username(claim) == name


def test_a_link_is_made_once_to_an_account_that_is_there(desk: Desk) -> None:
    at = Office(desk, "https://login.example.org")
    at.link()
    trigger, actor, facts = at.evidence()[-1]
    assert (trigger, actor, facts["username"], facts["issuer"]) == ("link_identity", "os:tests", "baby.CW", at.issuer)
    assert SUBJECT not in str(facts)
    with pytest.raises(Conflict, match=r"baby\.CW"):
        at.link("baby.TM")
    with pytest.raises(NotAllowed):
        at.link("nobody", "another")
    with pytest.raises(BadInput):
        at.link("baby.TM", "")


def test_an_administrator_links_an_account_on_the_command_line(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WAYMARK_DATABASE_URL", sqlite_url)
    monkeypatch.delenv("WAYMARK_TOKEN", raising=False)

    def waymark(*argv: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            run(argv)
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    waymark("team", "add", "baby", "--name", "Babies", "--authority", "durham")
    waymark("user", "add", "ann.example", "--name", "Ann", "--role", "CW", "--team", "baby")
    argv = ("user", "link", "ann.example", "--issuer", "https://login.example.org", "--subject", SUBJECT)
    assert waymark(*argv) == (0, "ann.example can sign in through https://login.example.org.\n")
    code, text = waymark(*argv)
    assert code != 0
    assert "linked already" in text
    setting = {**MAPPING, "issuer": "https://login.example.org/"}
    monkeypatch.setenv("WAYMARK_OPENID", json.dumps(setting))
    assert "give --issuer exactly so" in waymark(*argv)[1]
