"""The invented people that a newcomer is told to sign in as are there."""

import re
from pathlib import Path

from workflow.bootstrap import DEMO_MANAGER
from workflow.demo.staff import BEGIN_AS, TEAMS

ACCOUNTS = {username for teams in TEAMS.values() for *_, people in teams for username, _ in people}
ROOT = Path(__file__).parents[2]


def test_who_the_service_says_to_sign_in_as_has_an_account() -> None:
    assert {*BEGIN_AS, DEMO_MANAGER} <= ACCOUNTS


def test_every_account_that_the_documents_name_is_there() -> None:
    files = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    named = {name for file in files for name in re.findall(r"--as (demo[.\w-]*\w)", file.read_text())}
    assert named
    assert named <= ACCOUNTS
