"""The agreements behind Pause in Durham as S-PAU tells them, and one after them that is invented and says so."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from scheduler.calendars import add_days, add_months
from workflow.bootstrap import DEMO_MANAGER
from workflow.demo.story import FAMILY, RefOf, Story, World

TEAM = "demo.durham.management"
EVERY = 5  # months between two reviews
EAST, COUNTY, LICENCE, PRESENT = FAMILY, "county", "licence", "present"  # the first stands at the head of the story
ENDED_IN_THE_EAST = date(2020, 4, 30)
FROM_2020, FROM_2022, LICENCE_ENDS = date(2020, 11, 2), date(2022, 8, 1), date(2024, 4, 1)


class Services:
    """Plans the story of the agreements: each follows the one before, and the last runs."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.story = Story(authority="durham", team=TEAM)

    def stories(self) -> Iterator[Story]:
        self._agree(
            EAST,
            date(2019, 10, 1),
            ENDED_IN_THE_EAST,
            agreement_kind="commissioned",
            provider="Barnardo's",
            area="east of the county",
            as_stated="initially commissioned in the east of the county, which came to an end in April 2020",
        )
        self._then(EAST, ENDED_IN_THE_EAST, "end", why_ended="It came to an end in April 2020.")
        self._agree(
            COUNTY,
            FROM_2020,
            FROM_2022,
            starts_on=FROM_2020.replace(day=1),
            agreement_kind="joint_funding",
            provider="Pause",
            area="county-wide",
            funders=["authority", "provider", "dfe"],
            as_stated="county wide in Nov 2020, jointly funded by DCC and Pause with a match-funding DfE grant",
        )
        self._agree(
            LICENCE,
            FROM_2022,
            LICENCE_ENDS,
            starts_on=FROM_2022,
            months=20,
            agreement_kind="licence",
            provider="Durham County Council",
            area="county-wide",
            funders=["authority", "provider"],
            follows=None,
            as_stated="moved over to Durham in August 2022; Pause agreed to fund the licence for 20 months",
        )
        self._then(COUNTY, FROM_2022, "renew", followed_by=RefOf(LICENCE))
        ends = add_months(self.world.today, 4)
        self._agree(
            PRESENT,
            LICENCE_ENDS,
            ends,
            starts_on=LICENCE_ENDS,
            agreement_kind="funding",
            provider="Durham County Council",
            area="county-wide",
            funders=["authority"],
            as_stated="invented for the demo: the documents say nothing of the time after the licence",
        )
        self._then(LICENCE, LICENCE_ENDS, "renew", followed_by=RefOf(PRESENT))
        yield self.story

    def _then(self, case: str, day: date, trigger: str, **facts: Any) -> None:
        self.story.then(day, trigger, DEMO_MANAGER, case=case, **facts)

    def _agree(self, case: str, begins: date, ends: date, **facts: Any) -> None:
        """Agreed and begun; looked at every five months, and what follows decided in time where the end is past."""
        said = {"service": "pause", "ends_on": ends, **{name: one for name, one in facts.items() if one is not None}}
        self.story.opens(begins, "service_agreement", "agree", DEMO_MANAGER, case=case, **said)
        day, following = begins, min(add_months(begins, EVERY), ends)
        self._then(case, begins, "begin", review_on=following)
        last = min(ends, self.world.today)
        while following < last:
            day, following = self.world.work(following), min(add_months(following, EVERY), ends)
            outcome = "The service does what was agreed; nothing has to change."
            self._then(case, day, "review_agreement", review_outcome=outcome, review_on=following)
        decided = self.world.work(add_days(ends, -100))
        if decided < self.world.yesterday and ends < self.world.today:
            women = "Nobody's support ends with it: each woman keeps her practitioner."
            self._then(case, decided, "plan_what_follows", what_follows="replace", plan_for_those_supported=women)
