"""Pause records to move: their team, and records on the programme, each opened by a move of its own."""

from datetime import datetime, timedelta

from states.roles import Role
from workflow.accounts import TEAMS, USERS, find_actor
from workflow.bootstrap import Service
from workflow.database import Database
from workflow.moves import Move, Opening

TEAM, LEAD, WORKER = "pause", "lead", "worker"
CONTACT = {"contact_kind": "visit", "note": "invented"}


def staff(database: Database, now: datetime) -> None:
    """The team, its lead and one worker."""
    team = {"code": TEAM, "name": "Pause", "authority": "durham", "record": "pause"}
    with database.write() as connection:
        connection.execute(TEAMS.insert(), team)
        for username, role in ((LEAD, Role.PAUSE_LEAD), (WORKER, Role.PAUSE_PRACTITIONER)):
            connection.execute(
                USERS.insert(),
                {"username": username, "name": username, "role": role, "team": TEAM, "active": True,
                 "created_at": now},
            )  # fmt: skip


def opened(service: Service, cases: int, now: datetime) -> list[str]:
    """The references of so many records, all taken over by the worker sixty days before."""
    with service.database.read() as connection:
        lead = find_actor(connection, LEAD)
    since, refs = now - timedelta(days=60), list[str]()
    for number in range(cases):
        source = f"bench-pause-{number}"
        facts = {
            "migrate_to": "on_programme",
            "source_reference": source,
            "since": since.date().isoformat(),
            "worker": WORKER,
            "programme_started_on": since.date().isoformat(),
        }
        opening = Opening(lifecycle="pause", authority="durham", team=TEAM, source_reference=source)
        move = Move(trigger="migrate_in", opening=opening, facts=facts, occurred_at=since)
        refs.append(service.engine.fire(move, lead, now).case)
    return refs
