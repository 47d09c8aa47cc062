"""A policy's time limits in plain words."""

from config.limits import Term, TimeLimit, Unit
from scheduler.proofs import amount, anchor_words


def limit_in_words(limit: TimeLimit) -> str:
    """How long a clock may run, such as "45 working days from the start of the clock", and the author's own words."""
    terms = list(dict.fromkeys(_term(one) for one in limit.terms))
    said = terms[0] if len(terms) == 1 else f"the {limit.take} of: {'; '.join(terms)}"
    if limit.not_under is not None:
        said += f"; never under {_term(limit.not_under)}"
    return f"{said} ({limit.says.rstrip('.')})" if limit.says else said


def _term(term: Term) -> str:
    if term.unit is Unit.GESTATION:
        return amount(term)
    anchor = anchor_words(term.since)
    if term.amount == 0:
        return f"on {anchor}"
    before = isinstance(term.amount, int) and term.amount < 0
    return f"{amount(term)} {'before' if before else 'from'} {anchor}"
