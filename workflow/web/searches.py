"""Forms that ask what to show: read from an address, where a form puts days in parts and a link puts them in one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from starlette.datastructures import QueryParams

from states.facts import Fact, FactProblem, FactType
from workflow.web.forms import Form, Typed, form, typed_date
from workflow.web.reading import Reading, read_typed, typed_in


def asked(facts: Sequence[Fact], query: QueryParams) -> Reading:
    """What is asked for: days as a form sends them (since-day=1&...) or as a link has them (since=2026-11-01)."""
    linked = {}
    for fact in facts:
        words = query.get(fact.name, "")
        if fact.type is FactType.DATE and words:
            try:
                linked[fact.name] = typed_date(date.fromisoformat(words).isoformat())
            except ValueError:
                continue  # no link of ours: as if nothing had been asked for
    return read_typed(facts, {**typed_in(facts, query), **linked})


def search_form(facts: Sequence[Fact], typed: Typed, problems: Sequence[FactProblem]) -> Form:
    """The form as it stands. Nothing in it has to be answered, so no field says that it is optional."""
    drawn = form(facts, typed, problems)
    fields = tuple(
        replace(
            one,
            optional=False,
            options=tuple(replace(option, label="Any") if option.value == "" else option for option in one.options),
        )
        for one in drawn.fields
    )
    return replace(drawn, fields=fields)
