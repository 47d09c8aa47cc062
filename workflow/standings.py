"""A case as it stands inside the transaction: read from its row, or blank where it is about to be opened."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from scheduler.calendars import local_date
from states.catalogue import LIFECYCLES
from states.lifecycle import NEW, Lifecycle
from states.roles import Role, one_of_role
from workflow import audit, repository
from workflow.access import readable, readable_case
from workflow.accounts import Actor
from workflow.errors import BadInput, Conflict, MoveRefused, NotFound, Unmet
from workflow.models import NEVER
from workflow.moves import Move
from workflow.permissions import reads_kind
from workflow.policies import Policies
from workflow.projection import Projection
from workflow.references import read_reference, reference
from workflow.repository import Around
from workflow.requirements import Standing, who_may
from workflow.situations import PARENTS, family_of


class Standings:
    """Finds and makes standings under the policies loaded."""

    def __init__(self, policies: Policies) -> None:
        self.policies = policies

    def named(
        self, connection: Connection, ref: str, actor: Actor, now: datetime, *, lock: bool, sees: bool = True
    ) -> Standing:
        """The case of that reference; NotFound where there is none or this account may not know of it.

        Without `sees`, an account that reads such cases is let in though this one may be restricted.
        """
        lifecycle_id, case_id = read_reference(ref)
        case, around = repository.case_and_around(connection, case_id, lock=lock, family=lifecycle_id in PARENTS)
        if actor.role is not Role.SYSTEM and sees:
            return self.of(connection, readable(connection, ref, case, actor, now).case, around)
        let_in = case is not None and (
            actor.role is Role.SYSTEM or reads_kind(actor, LIFECYCLES[lifecycle_id], case["authority"])
        )
        if case is None or case["lifecycle"] != lifecycle_id or not let_in:
            raise NotFound(f"there is no case {ref.strip()}")
        return self.of(connection, case, around)

    def of(self, connection: Connection, case: dict[str, Any], around: Around | None = None) -> Standing:
        """A case row with all that a move on it is judged by."""
        lifecycle = LIFECYCLES[case["lifecycle"]]
        around = around or repository.around(connection, case["id"], family=lifecycle.id in PARENTS)
        before = Projection(
            state=case["state"],
            came_from=tuple(case["came_from"].split("/")) if case["came_from"] else (),
            owner=case["owner"],
            team=case["team"],
            facts={**case["facts"], **case["personal"]},
            actors=case["actors"],
            children=around.children,
            edd=case["edd"],
            state_since=case["state_since"],
        )
        return Standing(
            lifecycle=lifecycle,
            case=case,
            before=before,
            around=around,
            family=family_of(connection, case, before, around),
            policy=self.policies.by_digest(connection, case["policy"]),
        )

    def blank(self, connection: Connection, move: Move, actor: Actor, now: datetime) -> Standing:
        """A case about to be opened: where it will stand, and under which policy."""
        if move.opening is None:
            raise BadInput("a case is opened with its kind, authority and team")
        opening = move.opening
        if opening.lifecycle not in LIFECYCLES:
            raise BadInput(f"there is no lifecycle {opening.lifecycle[:40]!r}; there are: {', '.join(LIFECYCLES)}")
        lifecycle = LIFECYCLES[opening.lifecycle]
        policy = self.policies.current(opening.authority, local_date(now))
        team = repository.team_row(connection, opening.team)
        if team is None or team["authority"] != opening.authority:
            raise BadInput(f"there is no team {opening.team[:40]!r} in {opening.authority}")
        parent = self._parent(connection, lifecycle, opening.parent, actor, now)
        self.policies.store(connection, policy, now)
        occurred_at = move.occurred_at or now
        case: dict[str, Any] = {
            "id": None,
            "lifecycle": lifecycle.id,
            "lifecycle_version": lifecycle.version,
            "authority": opening.authority,
            "policy": policy.digest,
            "state": NEW,
            "team": opening.team,
            "owner": parent["owner"] if parent else None,
            "parent_id": parent["id"] if parent else None,
            "child": opening.child if opening.child is not None else move.facts.get("child"),
            "source_reference": opening.source_reference,
            "version": 0,
            "seq": 0,
            "head": audit.GENESIS,
            "deadlines_opened": 0,
            "restricted": parent["restricted"] if parent else False,
            "urgent_at": NEVER,
            "urgent_deadline": None,
            "decision": None,
            "opened_at": occurred_at,
            "state_since": occurred_at,
        }
        before = Projection(team=opening.team, owner=case["owner"])
        standing = Standing(
            lifecycle=lifecycle,
            case=case,
            before=before,
            around=Around(),
            family=family_of(connection, case, before, Around()),
            policy=policy,
        )
        if actor.role is not Role.SYSTEM and not self._may_open(actor, lifecycle, opening.authority):
            who = who_may([row for row in lifecycle.transitions if NEW in row.sources])
            raise MoveRefused(
                "a new case",
                move.trigger,
                [Unmet("role", actor.role, f"{one_of_role(actor.role)} of {actor.authority} cannot open it here")],
                who,
            )
        return standing

    @staticmethod
    def _parent(
        connection: Connection, lifecycle: Lifecycle, ref: str | None, actor: Actor, now: datetime
    ) -> dict[str, Any] | None:
        """The case a new one stands under, locked, so that it cannot close at the same moment."""
        if lifecycle.parent is None:
            if ref is not None:
                raise BadInput(f"a {lifecycle.label.lower()} case stands under no other case")
            return None
        if ref is None:
            raise BadInput(
                f"a {lifecycle.label.lower()} case is opened under a {lifecycle.parent} case: name its parent"
            )
        if read_reference(ref)[0] != lifecycle.parent:
            raise NotFound(f"there is no {lifecycle.parent} case {ref}")
        if actor.role is Role.ADMINISTRATOR:  # takes a caseload over, and reads none of it
            parent = repository.case_row(connection, read_reference(ref)[1], lock=True)
        else:
            parent = readable_case(connection, ref, actor, now, lock=True).case
        if parent is None or parent["lifecycle"] != lifecycle.parent or parent["authority"] != actor.authority:
            raise NotFound(f"there is no case {ref}")
        if parent["final"]:
            raise Conflict(f"{ref} has ended: no case can be opened under it")
        return parent

    @staticmethod
    def _may_open(actor: Actor, lifecycle: Lifecycle, authority: str) -> bool:
        return reads_kind(actor, lifecycle, authority) or (
            actor.role is Role.ADMINISTRATOR and actor.authority == authority
        )

    def numbered(self, connection: Connection, standing: Standing) -> Standing:
        """Gives a new case its number."""
        if standing.case["id"] is not None:
            return standing
        blank = {**standing.case, "came_from": "", "final": False, "facts": {}, "personal": {}, "actors": {}}
        del blank["id"]
        result = connection.execute(repository.CASES.insert(), blank)
        (case_id,) = result.inserted_primary_key or (None,)
        return replace(standing, case={**standing.case, "id": case_id})


def standing_name(standing: Standing) -> str:
    return reference(standing.lifecycle.id, standing.case["id"]) if standing.case["version"] else "a new case"
