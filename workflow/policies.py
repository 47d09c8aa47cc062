"""The policies cases run under: the current one of each authority, and every stored version by its digest."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from config.policy import Policy
from workflow.errors import NotFound
from workflow.repository import POLICIES


class Policies:
    """Shared by threads. A stored version never changes, so it is read from the database once."""

    def __init__(self, current: Mapping[str, Policy]) -> None:
        self._current = dict(current)
        self._by_digest = {policy.digest: policy for policy in current.values()}

    def current(self, authority: str) -> Policy:
        """The policy new cases of this authority run under; NotFound where there is none."""
        if authority not in self._current or authority == "statutory":
            known = ", ".join(sorted(set(self._current) - {"statutory"}))
            raise NotFound(f"there is no policy for authority {authority[:60]!r}; there are: {known}")
        return self._current[authority]

    def by_digest(self, connection: Connection, digest: str) -> Policy:
        """The policy version a case runs under."""
        if digest not in self._by_digest:
            content = connection.execute(select(POLICIES.c.content).where(POLICIES.c.digest == digest)).scalar_one()
            self._by_digest[digest] = Policy.from_json(content)
        return self._by_digest[digest]

    def store(self, connection: Connection, policy: Policy, now: datetime) -> None:
        """Keeps a policy version the first time a case comes to run under it."""
        found = connection.execute(select(POLICIES.c.digest).where(POLICIES.c.digest == policy.digest)).first()
        if found is None:
            connection.execute(
                POLICIES.insert(),
                {
                    "digest": policy.digest,
                    "authority": policy.authority,
                    "version": policy.version,
                    "content": policy.to_json(),
                    "stored_at": now,
                },
            )
