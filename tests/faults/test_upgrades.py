"""Versions side by side: a newer Waymark, with a migration of its own, takes the database over from this one."""

import os
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from faults.caseload import WAYMARK, Nodes, until
from sqlalchemy import select, text
from starlette.testclient import TestClient

import workflow
from workflow import jobs
from workflow.database import HEAD, Database
from workflow.errors import StandsAside
from workflow.job_log import RUNS, SWEEP

from doors import app_on
from factories import NOW, Desk, service_on

NEWER = "9998"
HERE = Path(workflow.__file__).parent
MIGRATION = """'''A column more.'''

import sqlalchemy as sa
from alembic import op

revision, down_revision = "{newer}", "{head}"
branch_labels = depends_on = None
widens = {widens}


def upgrade() -> None:
    op.add_column("job_runs", sa.Column("of_the_newer", sa.Text()))
"""


def newer_waymark(folder: Path, *, widens: bool) -> Path:
    """This Waymark with one migration more, in a folder of its own."""
    linked(HERE, folder / "workflow", but="migrations")
    linked(HERE / "migrations", folder / "workflow" / "migrations", but="versions", also="HEAD.txt")
    linked(HERE / "migrations" / "versions", folder / "workflow" / "migrations" / "versions")
    for package in ("states", "scheduler", "config"):
        (folder / package).symlink_to(HERE.parent / package)
    (folder / "workflow" / "migrations" / "HEAD.txt").write_text(NEWER)
    text = MIGRATION.format(newer=NEWER, head=HEAD, widens=widens)
    (folder / "workflow" / "migrations" / "versions" / f"{NEWER}_one_more.py").write_text(text)
    return folder


def linked(source: Path, target: Path, but: str = "", also: str = "") -> None:
    target.mkdir(parents=True)
    for one in source.iterdir():
        if one.name not in (but, also):
            (target / one.name).symlink_to(one)


def runs(database: Database) -> list[str]:
    """The node of each run recorded."""
    with database.read() as connection:
        return list(connection.execute(select(RUNS.c.node).order_by(RUNS.c.id)).scalars())


def run_newer(folder: Path, database: Database, *argv: str) -> None:
    url = database.url.render_as_string(hide_password=False)
    environment = {**os.environ, "WAYMARK_DATABASE_URL": url, "WAYMARK_SEAL_KEY": "11" * 32}
    ended = subprocess.run(
        [*WAYMARK, *argv], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_node_of_the_old_version_stands_aside_from_the_newer_schema_and_says_so(
    desk: Desk, database: Database, tmp_path: Path
) -> None:
    service = service_on(database)
    sweep = jobs.jobs(service, "old")[SWEEP]
    jobs.tick(service, SWEEP, sweep, "old", lambda: NOW)
    assert runs(database) == ["old"]
    run_newer(newer_waymark(tmp_path / "newer", widens=False), database, "migrate")
    sentence = f"schema {NEWER}, this one knows {HEAD}"

    jobs.tick(service, SWEEP, sweep, "old", lambda: NOW + timedelta(minutes=1))
    assert runs(database) == ["old"]
    with pytest.raises(StandsAside, match=sentence), database.write():
        pass
    http = TestClient(app_on(service, lambda: NOW), base_url="http://localhost")
    for path in ("/readyz", "/readyz?of=node"):
        answer = http.get(path)
        assert (answer.status_code, sentence in answer.json()["database"]) == (503, True)


@pytest.mark.only_long
def test_a_node_at_work_goes_on_beside_a_newer_one_until_the_schema_is_no_longer_its_own(
    desk: Desk, database: Database, nodes: Nodes, tmp_path: Path
) -> None:
    old = nodes.start("work", "--node", "old")
    until(lambda: "old" in runs(database))
    wider = newer_waymark(tmp_path / "wider", widens=True)
    run_newer(wider, database, "migrate")
    run_newer(wider, database, "work", "--once", "--node", "newer")
    before = runs(database).count("old")
    until(lambda: runs(database).count("old") > before)  # its next look comes within ten seconds
    assert "newer" in runs(database)
    with database.writer.begin() as connection:  # as if the migration had been one that leaves it nothing
        connection.execute(text(f"UPDATE installation SET value = '{NEWER} {NEWER}' WHERE name = 'works_from'"))
    until(lambda: "node_stands_aside" in nodes.said(old))
    before = runs(database).count("old")
    run_newer(wider, database, "work", "--once", "--node", "newer")
    assert runs(database).count("old") == before
    with database.writer.begin() as connection:
        connection.execute(text(f"UPDATE installation SET value = '{HEAD} {NEWER}' WHERE name = 'works_from'"))
    until(lambda: runs(database).count("old") > before)  # it goes on by itself when the schema is its own again
    assert old.poll() is None
