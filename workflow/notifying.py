"""Who is told of a move: the roles its row names, by a message in the same transaction."""

from collections.abc import Mapping
from typing import Any

from scheduler.calendars import local_date
from workflow import outbox
from workflow.access import may_be_told
from workflow.alert_tables import ChannelName
from workflow.outbox import Draft
from workflow.recipients import Directory
from workflow.references import entry_name, reference
from workflow.requirements import Firing

TAKEN_OVER = frozenset({"demo", "import"})  # a caseload that is loaded tells nobody of its past


def notify(firing: Firing, entry: Mapping[str, Any]) -> None:
    """Puts a message in the inbox of everybody the row names, except whoever made the move."""
    row, case = firing.judged.row, firing.standing.case
    if row is None or not row.notify or firing.move.source in TAKEN_OVER:
        return
    lifecycle = firing.standing.lifecycle
    directory = Directory(firing.connection, local_date(firing.now))
    told, _ = directory.for_roles(
        row.notify, owner=entry["owner"], team=entry["team"], authority=case["authority"], record=lifecycle.record
    )
    name = entry_name(lifecycle.id, case["id"], entry["seq"])
    drafts = [
        Draft(
            key=f"{name}/{username}",
            recipient=username,
            channel=ChannelName.INBOX,
            template="move",
            params={"case": reference(lifecycle.id, case["id"]), "entry": name},
            case_id=case["id"],
        )
        for username in may_be_told(firing.connection, directory, case, told, firing.now)
        if username != firing.actor.username
    ]
    outbox.queue(firing.connection, drafts, firing.now)
