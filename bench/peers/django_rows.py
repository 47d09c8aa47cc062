"""The unit's tables as Django models, and what a move writes beside the case."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import django
from django.conf import settings

from bench.peers.unit import MOVES, is_sqlite, link, pragmas, written


def _database(url: str) -> dict[str, Any]:
    if is_sqlite(url):
        options = {"transaction_mode": "IMMEDIATE", "init_command": "; ".join(pragmas())}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url.removeprefix("sqlite:///"), "OPTIONS": options}
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path[1:],
        "USER": parts.username or "",
        "PASSWORD": parts.password or "",
        "HOST": parse_qs(parts.query).get("host", [parts.hostname or ""])[0],
        "PORT": parts.port or "",
        "CONN_MAX_AGE": None,
    }


def set_up(url: str) -> None:
    """Before anything else of this folder that speaks of models is imported."""
    settings.configure(
        DATABASES={"default": _database(url)}, USE_TZ=True, TIME_ZONE="UTC", SECRET_KEY="none",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", INSTALLED_APPS=[],
    )  # fmt: skip
    django.setup()


def model(name: str, table: str, fields: dict[str, Any]) -> Any:
    """A model on a table that is there."""
    from django.db import models

    meta = type("Meta", (), {"app_label": "bench", "db_table": table, "managed": False})
    return type(name, (models.Model,), {**fields, "Meta": meta, "__module__": __name__})


def models_of(state: Any, **moves: Any) -> tuple[Any, Any, Any]:
    """Case, entry and deadline; `state` is the field of the case's state, `moves` are its methods."""
    from django.db import models as m

    fields = {name: m.TextField() for name in ("reference", "owner", "team", "head")}
    fields |= {name: m.IntegerField() for name in ("version", "seq")}
    case = model(
        "Case",
        "cases",
        {**fields, "state": state, "needs": m.BigIntegerField(), "changed_at": m.DateTimeField(), **moves},
    )
    texts = ("actor", "from_state", "to_state", "move", "previous", "hash")
    entry = {name: m.TextField() for name in texts} | {"seq": m.IntegerField(), "at": m.DateTimeField()}
    deadline = {"level": m.IntegerField(default=0), "due_at": m.DateTimeField(), "opened_at": m.DateTimeField(),
                "closed_at": m.DateTimeField(null=True)}  # fmt: skip
    under = [{"case": m.ForeignKey(case, on_delete=m.DO_NOTHING), **one} for one in (entry, deadline)]
    return case, model("Entry", "entries", under[0]), model("Deadline", "deadlines", under[1])


def record(entries: Any, deadlines: Any, case: Any, who: str, move: str, state: str, to: str) -> None:
    """The case, its chained entry, the deadline met and the one opened."""
    now, previous = datetime.now(UTC), case.head
    case.seq, case.version, case.changed_at = case.seq + 1, case.version + 1, now
    case.head = link(previous, case.id, case.seq, written(now), who, state, to, move)
    case.save()
    entries.objects.create(case=case, seq=case.seq, at=now, actor=who, from_state=state, to_state=to, move=move,
                           previous=previous, hash=case.head)  # fmt: skip
    deadlines.objects.filter(case=case, closed_at=None).update(closed_at=now)
    deadlines.objects.create(case=case, due_at=now + timedelta(days=MOVES[move][4]), opened_at=now)
