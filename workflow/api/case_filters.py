"""The filters of a list of cases, checked: a kind, state or stage that does not exist is said in one sentence."""

from states.catalogue import LIFECYCLES
from states.lifecycle import Lifecycle
from workflow.api.bodies import Narrowed, Search
from workflow.errors import BadInput
from workflow.serving.asking import Asking
from workflow.worklists import Filters


def filters_of(asked: Narrowed, asking: Asking) -> Filters:
    """What the list is narrowed to; BadInput where a name is none."""
    kinds = [known_lifecycle(asked.lifecycle)] if asked.lifecycle is not None else list(LIFECYCLES.values())
    if asked.state is not None and not any(asked.state in one.state_by_id for one in kinds):
        raise BadInput(f"there is no state {asked.state!r}{_of(kinds)}")
    if asked.stage is not None and not any(asked.stage in one.stages for one in kinds):
        stages = dict.fromkeys(stage for one in kinds for stage in one.stages)
        raise BadInput(f"there is no such stage{_of(kinds)}; there are: {', '.join(stages)}")
    sought = asked if isinstance(asked, Search) else None
    return Filters(
        lifecycle=asked.lifecycle,
        state=asked.state,
        stage=asked.stage,
        owner=asking.actor.username if asked.owner == "me" else asked.owner,
        team=asked.team,
        status=asked.status,
        ended=asked.ended,
        name=sought.name if sought else None,
        case=sought.reference if sought else None,
    )


def known_lifecycle(name: str) -> Lifecycle:
    """The lifecycle of that name; BadInput says which there are."""
    if name not in LIFECYCLES:
        raise BadInput(f"there is no lifecycle {name!r}; there are: {', '.join(LIFECYCLES)}")
    return LIFECYCLES[name]


def _of(kinds: list[Lifecycle]) -> str:
    return f" in the lifecycle {kinds[0].id}" if len(kinds) == 1 else ""
