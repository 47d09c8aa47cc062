"""The OpenAPI document is what the service does: requests made from it find no error of ours and no answer it omits."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from integration.test_every_route import ROUTES
from schemathesis import GenerationMode, checks

from states.catalogue import LIFECYCLES
from workflow.app import create_app
from workflow.database import Database
from workflow.identity import tokens
from workflow.models import TokenScope

from factories import Desk, add_people, facts_for, opening_trigger

EXAMPLES = int(
    os.environ.get("WAYMARK_FUZZ", "3")
)  # requests for each operation and account; `make fuzz` asks for more
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
DOCUMENTED = [route for route in ROUTES if " /api/v1/" in route]
WHO = {"run_system": "both.ADM", "read_evidence": "both.AUD"}  # else a service manager


@pytest.fixture(scope="module")
def schema(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    file = tmp_path_factory.mktemp("openapi") / "waymark.db"
    file.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{file}")
    add_people(database)
    desk = Desk(database)
    for lifecycle, who in (("prebirth", "baby.FD"), ("pause", "pause.PL")):
        asked = LIFECYCLES[lifecycle].rows(opening_trigger(lifecycle), "new")[0].facts
        for _ in range(3):
            desk.open(lifecycle, who, facts_for(asked, desk.now.date()))
    app = create_app(desk.service, clock=lambda: desk.now)
    found = schemathesis.openapi.from_asgi("/openapi.json", app, headers={"Host": "localhost"})
    app.state.tokens = {who: _token(desk, who) for who in ("baby.SM", "both.ADM", "both.AUD")}
    yield found
    desk.service.close()


def _token(desk: Desk, who: str) -> str:
    with desk.database.write() as connection:
        return tokens.issue(connection, who, name="fuzz", scope=TokenScope.ACT, days=1, now=desk.now)


@pytest.mark.parametrize("route", DOCUMENTED)
def test_no_request_finds_an_error_of_ours_or_an_answer_the_document_omits(schema: Any, route: str) -> None:
    method, _, path = route.partition(" ")
    operation = schema[path][method]
    who = WHO.get(ROUTES[route], "baby.SM")
    headers = {"Authorization": f"Bearer {operation.app.state.tokens[who]}", "Host": "localhost"}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=EXAMPLES < 50,
        database=None,
    )
    @given(case=operation.as_strategy() | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def asked(case: Any) -> None:
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=CHECKS)

    asked()


def test_every_route_of_the_api_is_documented(schema: Any) -> None:
    documented = {f"{one.ok().method.upper()} {one.ok().path}" for one in schema.get_all_operations()}
    assert documented == {route for route in ROUTES if "/api/v1" in route} | {
        "GET /healthz",
        "GET /readyz",
        "GET /problems/{name}",
    }
