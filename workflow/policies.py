"""The policies cases run under: the current one of each authority, and every stored version by its digest."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import Connection, select

from config.policy import Policy
from workflow.errors import NotFound
from workflow.repository import POLICIES


class Policies:
    """Shared by threads. A stored version never changes, so it is read from the database once."""

    def __init__(self, versions: Mapping[str, Policy | Sequence[Policy]]) -> None:
        self._versions = {
            authority: (one,) if isinstance(one, Policy) else tuple(one) for authority, one in versions.items()
        }
        self._by_digest = {policy.digest: policy for all_ in self._versions.values() for policy in all_}

    def add(self, policy: Policy) -> None:
        """Makes another version known: it takes effect on its day."""
        others = self._versions.get(policy.authority, ())
        self._versions[policy.authority] = tuple(sorted((*others, policy), key=lambda one: one.effective_from))
        self._by_digest[policy.digest] = policy

    def authorities(self) -> list[str]:
        """The authorities that have a policy of their own."""
        return sorted(set(self._versions) - {"statutory"})

    def versions(self, authority: str) -> tuple[Policy, ...]:
        """Every version of an authority's policy that is known, by its day; NotFound where there is none."""
        if authority not in self.authorities():
            known = ", ".join(self.authorities())
            raise NotFound(f"there is no policy for authority {authority[:60]!r}; there are: {known}")
        return self._versions[authority]

    def current(self, authority: str, day: date) -> Policy:
        """The policy new cases of this authority run under on a day; NotFound where there is none.

        The latest that is in force by then; the first, where none is yet.
        """
        versions = self.versions(authority)
        return next((one for one in reversed(versions) if one.effective_from <= day), versions[0])

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
