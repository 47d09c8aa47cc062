"""A sweep with Django's ORM in batches: rows as objects, `bulk_create` and `bulk_update`."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bench.peers.django_rows import model, models_of, set_up
from bench.peers.due import AHEAD, BATCH, answer_due
from bench.peers.unit import link, message, written


def batches(url: str) -> Callable[[], int]:
    set_up(url)
    from django.db import models as m
    from django.db import transaction

    cases, entries, deadlines = models_of(m.TextField())
    numbers = {name: m.BigIntegerField() for name in ("case_id", "deadline_id")}
    alerts = model("Alert", "alerts", {**numbers, "level": m.IntegerField(), "raised_at": m.DateTimeField()})
    texts = {name: m.TextField() for name in ("recipient", "body")}
    messages = model(
        "Message", "messages", {**texts, "queued_at": m.DateTimeField(), "sent_at": m.DateTimeField(null=True)}
    )

    def batch() -> int:
        with transaction.atomic():
            now = datetime.now(UTC)
            waiting = deadlines.objects.select_for_update(skip_locked=True).select_related("case")
            found = list(waiting.filter(closed_at=None, due_at__lte=now).order_by("due_at")[:BATCH])
            chained = [_told(entries, one, now) for one in found]
            deadlines.objects.bulk_update(found, ["closed_at"])
            cases.objects.bulk_update([one.case for one in found], ["seq", "head", "version", "changed_at"])
            entries.objects.bulk_create(chained)
            levels = [(one, one.level + 1) for one in found]
            alerts.objects.bulk_create(
                alerts(case_id=one.case_id, deadline_id=one.id, level=level, raised_at=now) for one, level in levels
            )
            messages.objects.bulk_create(
                messages(recipient="manager", body=message(one.case_id, level), queued_at=now) for one, level in levels
            )
            deadlines.objects.bulk_create(
                deadlines(case_id=one.case_id, level=level, due_at=now + AHEAD, opened_at=now) for one, level in levels
            )
        return len(found)

    return batch


def _told(entries: Any, deadline: Any, now: datetime) -> Any:
    """The chained entry of a deadline; the deadline and its case are changed in memory."""
    case, deadline.closed_at = deadline.case, now
    previous, case.seq, case.version, case.changed_at = case.head, case.seq + 1, case.version + 1, now
    case.head = link(previous, case.id, case.seq, written(now), "system", case.state, case.state, "tell")
    return entries(case=case, seq=case.seq, at=now, actor="system", from_state=case.state, to_state=case.state,
                   move="tell", previous=previous, hash=case.head)  # fmt: skip


def act(batch: Callable[[], int], ids: list[int]) -> None:
    while batch():
        pass


if __name__ == "__main__":
    answer_due(("django", "psycopg"), batches, act)
