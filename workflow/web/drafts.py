"""What somebody typed into a form and has not sent: kept under the path of the form, so that it can be drawn again."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from fastapi import Request
from starlette.datastructures import FormData

from workflow.bootstrap import Service
from workflow.desks import draft_of, drop_draft, keep_draft
from workflow.serving.asking import Asking
from workflow.serving.csrf import FIELD

Pair = tuple[str, str]
MOST_LETTERS = 200_000  # of one form, names and values as JSON: more than every field of the longest form filled
SECRET_PARTS = ("password", "secret", "token")  # a field whose name holds one of these is never kept


class Kept(FormData):
    """A form as it was left, and when."""

    def __init__(self, pairs: Iterable[Pair], saved_at: datetime) -> None:
        super().__init__(list(pairs))
        self.saved_at = saved_at


def about(request: Request) -> str:
    """The key of a draft: the path of its form, without what stands after a question mark."""
    return request.url.path


def pairs_of(sent: FormData) -> list[Pair]:
    """The fields in their order, without what belongs to one session or is a secret. Nothing where it is too much."""
    pairs = [(name, value) for name, value in sent.multi_items() if isinstance(value, str) and not _is_secret(name)]
    return pairs if len(json.dumps(pairs, ensure_ascii=False)) <= MOST_LETTERS else []


def keep(asking: Asking, request: Request, sent: FormData) -> None:
    """Keeps the form as sent, in the place of what was kept of it before."""
    keep_pairs(asking, about(request), pairs_of(sent))


def keep_pairs(asking: Asking, path: str, pairs: Sequence[Pair]) -> None:
    """Keeps these fields for the form at a path; an empty form is not kept."""
    keep_for(asking.service, asking.actor.username, path, pairs, asking.now)


def keep_for(service: Service, username: str, path: str, pairs: Sequence[Pair], now: datetime) -> None:
    """The same for somebody who has just signed in."""
    if pairs:
        typed = [[_storable(name), _storable(value)] for name, value in pairs]
        service.engine.retried(lambda connection: keep_draft(connection, username, path, typed, now))


def kept(asking: Asking, request: Request) -> Kept | None:
    """The form at this path as it was left (with `saved_at`), None where nothing was kept of it."""
    with asking.service.database.read() as connection:
        draft = draft_of(connection, asking.actor.username, about(request))
    return Kept([(name, value) for name, value in draft["typed"]], draft["saved_at"]) if draft else None


def drop(asking: Asking, request: Request) -> None:
    """Forgets what was kept of the form at this path: it was sent, or it is not wanted any more."""
    drop_path(asking, about(request))


def drop_path(asking: Asking, path: str) -> None:
    """The same for the form at another path."""
    username = asking.actor.username
    asking.service.engine.retried(lambda connection: drop_draft(connection, username, path))


def _storable(text: str) -> str:
    """Without what no database keeps: NUL, and halves of surrogate pairs."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode()


def _is_secret(name: str) -> bool:
    return name == FIELD or any(part in name.lower() for part in SECRET_PARTS)
