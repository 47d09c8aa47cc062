"""The rules, readable: each authority's policy, what another version would change, and the lifecycles."""

import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from states.catalogue import LIFECYCLES
from workflow.identity import sessions
from workflow.serving.csrf import csrf_token
from workflow.web.policies import rungs_of

from browser import Page
from doors import Doors, doors_to
from factories import POLICIES, Desk
from walks import Walk

pytestmark = pytest.mark.mostly_one_database

TOLD = {"accept": "text/html", "sec-fetch-site": "same-origin"}
DURHAM = Path("config/policies/durham.toml").read_text(encoding="utf-8")


@pytest.fixture
def doors(desk: Desk) -> Doors:
    return doors_to(desk)


def browser(doors: Doors, username: str) -> tuple[TestClient, str]:
    with doors.desk.database.write() as connection:
        cookie = sessions.start(connection, username, second_factor=True, device="a test", now=doors.desk.now)
    client = doors.client()
    client.cookies.set("waymark", cookie)
    return client, csrf_token(cookie)


def seen(doors: Doors, path: str, username: str = "baby.CW", status: int = 200) -> str:
    answered = browser(doors, username)[0].get(path, headers=TOLD)
    assert answered.status_code == status, answered.text
    return answered.text


def compared(doors: Doors, username: str = "pause.PL", status: int = 200, **given: Any) -> str:
    client, csrf = browser(doors, username)
    answered = client.post("/policies/compare", data={"csrf": csrf, "old": "current", **given}, headers=TOLD)
    assert answered.status_code == status, answered.text
    return answered.text


def test_a_caseworker_reads_every_authority_with_her_own_first(doors: Doors) -> None:
    html = seen(doors, "/policies")
    assert html.index("Durham (yours)") < html.index("Birmingham")
    assert "/policies/compare" not in html


def test_a_policy_names_each_criterion_with_its_source_and_what_is_decided(doors: Doors) -> None:
    html = seen(doors, "/policies/durham")
    for one in POLICIES["durham"].criteria:
        if one.kind == "rule":
            assert f">{one.id}</dt>" in html
    assert "Durham&#39;s document on pre-birth and Pause, criteria 2" in html
    assert "Accepted: Pre-birth intervention service" in html
    seen(doors, "/policies/atlantis", status=404)
    seen(doors, "/policies/durham?version=1066", status=404)


def test_every_limit_stands_on_the_page_with_its_basis_and_its_ladder(doors: Doors) -> None:
    assert "Proposal, not law" in seen(doors, "/policies/durham/limits")
    for lifecycle, clocks in POLICIES["durham"].limits.items():
        html = seen(doors, f"/policies/durham/limits?of={lifecycle}")
        assert f'id="limits-{lifecycle}"' in html
        for limit in clocks.values():
            assert f'id="ladder-{limit.ladder}"' in html
        assert len(html.encode()) < 100_000
    seen(doors, "/policies/durham/limits?of=housing", status=404)


def test_a_ladder_is_told_in_words() -> None:
    warning, first, second, *_ = rungs_of(POLICIES["durham"].ladders["standard"])
    assert warning.when.startswith("When 20% of the time is left, at least 1 working day before")
    assert (first.level, first.when, first.who) == ("Step R0", "As soon as it has passed", "caseworker, team manager")
    assert (second.when, second.more) == (
        "2 working days after it was due",
        "Must be answered with a new day and a reason",
    )


def test_the_policy_in_force_compared_with_itself_changes_nothing(doors: Doors) -> None:
    Walk(doors.desk, "pause").open("pause.PL", worker="pause.PP")
    html = compared(doors, new="current")
    assert "Nothing would change" in html
    assert "<dd>1</dd>" in html


def test_a_draft_shows_which_dates_would_move(doors: Doors) -> None:
    case = Walk(doors.desk, "pause").open("pause.PL", worker="pause.PP").case
    draft = f"""{DURHAM}
[limits.pause.contact_plan]
terms = [{{ amount = 3, unit = "working_days" }}]
basis = "local"
source = "a draft"
ladder = "pause"
effective_from = 2026-11-01
"""
    html = compared(doors, new="draft", toml=draft)
    assert f'href="/cases/{case}"' in html
    assert "→" in html


def test_a_draft_that_is_wrong_says_everything_and_is_kept(doors: Doors) -> None:
    html = compared(doors, status=422, new="draft", toml='[policy]\nauthority = "durham"\n')
    assert "There is a problem" in html
    assert ("toml", '[policy]\r\nauthority = "durham"\r\n') in Page(html).pairs
    assert "Paste the text of the draft" in compared(doors, status=422, new="draft", toml=" ")


def test_a_draft_can_be_given_as_a_file(doors: Doors) -> None:
    client, csrf = browser(doors, "pause.PL")
    answered = client.post(
        "/policies/compare",
        data={"csrf": csrf, "old": "current", "new": "draft"},
        files={"file": ("draft.toml", DURHAM.encode(), "text/plain")},
        headers=TOLD,
    )
    assert answered.status_code == 200
    assert "Nothing would change" in answered.text


def test_comparing_is_for_those_who_lead(doors: Doors) -> None:
    seen(doors, "/policies/compare", status=403)
    assert "What to compare" in seen(doors, "/policies/compare", "baby.TM")


@pytest.mark.parametrize("name", list(LIFECYCLES))
def test_a_lifecycle_can_be_read_whole(doors: Doors, name: str) -> None:
    lifecycle = LIFECYCLES[name]
    states, moves, clocks = (seen(doors, f"/lifecycles/{name}{end}") for end in ("", "/moves", "/clocks"))
    for html in (states, moves, clocks):
        assert [tag for tag, _ in Page(html).tags].count("h1") == 1
        assert "style=" not in html
        assert len(html.encode()) < 100_000
    assert states.count('<th scope="row"') == len(lifecycle.states)
    assert "<svg" in states
    assert clocks.count('<th scope="row"') == len(lifecycle.clocks)
    assert moves.count("<details") >= len(lifecycle.triggers)


def test_a_move_is_listed_once_however_many_states_it_starts_from(doors: Doors) -> None:
    page = seen(doors, "/lifecycles/prebirth/moves")
    titles = re.findall(r'<span class="govuk-details__summary-text">([^<]*)</span>', page)
    assert titles.count("Record the birth") == 1
    assert len(titles) == len(set(titles))


def test_there_is_no_page_of_a_lifecycle_that_there_is_not(doors: Doors) -> None:
    seen(doors, "/lifecycles/nothing", status=404)
    assert all(one.label in seen(doors, "/lifecycles") for one in LIFECYCLES.values())
