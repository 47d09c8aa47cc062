"""A service over HTTP in one process: programs with tokens, and browsers that sign in."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pyotp
from fastapi import FastAPI
from httpx2 import Response
from pydantic import SecretStr
from starlette.testclient import TestClient

from config.settings import Settings
from workflow.app import create_app
from workflow.bootstrap import Service
from workflow.identity import passwords, second_factor, tokens
from workflow.identity.credentials import set_password
from workflow.models import TokenScope

from factories import NOW, Desk

PASSWORD, NEW_PASSWORD = "three blue kettles", "seven grey herons sing"
KEPT = passwords.hash_password(PASSWORD)
KEY = "0123456789abcdef" * 4


@dataclass
class Browser:
    """A browser on one of our own pages. It sends what pages send: where it is, and the token of its session."""

    client: TestClient
    csrf: str = ""
    count: int = 0

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        self.count += 1
        given = {"sec-fetch-site": "same-origin", "x-csrf-token": self.csrf, "idempotency-key": f"click-{self.count}"}
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.request(method, f"/api/v1{path}", json=body, headers={**given, **said})

    def sign_in(self, username: str, password: str = PASSWORD) -> Response:
        answered = self.ask("POST", "/session", {"username": username, "password": password})
        return self.takes(answered)

    def takes(self, answered: Response) -> Response:
        """Keeps the token of the session that an answer began."""
        self.csrf = answered.json().get("csrf", self.csrf)
        return answered


@dataclass
class Doors:
    """The application with a clock that a test sets."""

    desk: Desk
    app: FastAPI
    keys: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def client(self, address: str = "203.0.113.7") -> TestClient:
        base = self.app.state.service.settings.base_url
        return TestClient(self.app, base_url=base, client=(address, 50000), follow_redirects=False)

    def ask(self, method: str, path: str, as_: str | None, body: Any = None, **headers: str) -> Response:
        """Asks as a program with a token of that account; under a key of its own unless one is given."""
        self.count += 1
        given = {
            "idempotency-key": f"request-{self.count}",
            "authorization": f"Bearer {self.token(as_)}" if as_ else "",
        }
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        given = {name: value for name, value in given.items() if value}
        if isinstance(body, bytes):
            return self.client().request(method, f"/api/v1{path}", content=body, headers=given)
        if body is not None:
            given["content-type"] = "application/json"
        content = None if body is None else json.dumps(body).encode()
        return self.client().request(method, f"/api/v1{path}", content=content, headers=given)

    def get(self, path: str, as_: str | None = "baby.CW", **headers: str) -> Response:
        return self.ask("GET", path, as_, **headers)

    def post(self, path: str, body: Any = None, as_: str | None = "both.ADM", **headers: str) -> Response:
        return self.ask("POST", path, as_, body, **headers)

    def token(self, username: str, scope: TokenScope = TokenScope.ACT) -> str:
        if scope is not TokenScope.ACT:
            return self._issue(username, scope)
        if username not in self.keys:
            self.keys[username] = self._issue(username, scope)
        return self.keys[username]

    def _issue(self, username: str, scope: TokenScope) -> str:
        with self.desk.database.write() as connection:
            return tokens.issue(connection, username, name="a program", scope=scope, days=90, now=self.desk.now)

    def browser(self, username: str | None = None, address: str = "203.0.113.7") -> Browser:
        """A browser, signed in where a name is given."""
        browser = Browser(self.client(address))
        if username is not None:
            self.password(username)
            assert browser.sign_in(username).status_code == 200
        return browser

    def password(self, username: str) -> None:
        with self.desk.database.write() as connection:
            set_password(connection, username, KEPT, self.desk.now)

    def enrol(self, username: str) -> pyotp.TOTP:
        """A second factor, confirmed a minute ago: its code of now is not used yet."""
        key, then = self.app.state.service.secret_key(), self.desk.now - timedelta(minutes=1)
        with self.desk.database.write() as connection:
            totp = pyotp.TOTP(second_factor.begin(connection, key, username).secret)
            assert second_factor.confirm(connection, key, username, totp.at(then), then)
        return totp


def doors_to(desk: Desk, **settings: Any) -> Doors:
    """The service of a desk; its people have no second factor to set up unless a test says so."""
    given = {"secret_key": KEY, "require_second_factor": False, **settings}
    service = replace(desk.service, settings=Settings(database_url=str(desk.database.url), **given))
    desk.service = service

    def clock() -> datetime:
        return desk.now

    return Doors(desk, app_on(service, clock))


_COMPOSED: dict[str, FastAPI] = {}


def app_on(service: Service, clock: Callable[[], datetime]) -> FastAPI:
    """The application on this service. Composed once for each way it is set: that takes longer than most tests do."""
    with service.database.read() as connection:
        demo = service.is_demo(connection)
    given = service.settings.model_dump(exclude={"database_url"})
    way = json.dumps([demo, given], sort_keys=True, default=_said)
    if way not in _COMPOSED:
        _COMPOSED[way] = create_app(service, clock=clock)
    app = _COMPOSED[way]
    app.state.service, app.state.clock = service, clock
    service.engine.observed = app.state.counts.moved
    return app


def _said(value: Any) -> str:
    return str(value.get_secret_value() if isinstance(value, SecretStr) else value)


def problem(answered: Response) -> tuple[int, str]:
    """The status and the type of a problem document."""
    assert answered.headers["content-type"] == "application/problem+json", answered.text
    return answered.status_code, answered.json()["type"].removeprefix("/problems/")


__all__ = ["KEY", "NEW_PASSWORD", "NOW", "PASSWORD", "Browser", "Doors", "app_on", "doors_to", "problem"]
