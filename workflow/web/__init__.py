"""Web pages: one subject a module, joined here. They work without scripts and decide nothing."""

from fastapi import APIRouter

from workflow.web import (
    access,
    account,
    administration,
    alerts,
    cases,
    clinics,
    deadlines,
    evidence,
    help,
    lifecycles,
    messages,
    moves,
    my_work,
    offers,
    oversight,
    policies,
    practice,
    referrals,
    reports,
    search,
    services,
    sign_in,
    start,
    static_files,
    stories,
    support,
    team,
    timelines,
    under_one,
)
from workflow.web.pages import prepare
from workflow.web.problem_answers import answer_problem

__all__ = ["answer_problem", "prepare", "router"]
SUBJECTS = (
    static_files,
    start,
    sign_in,
    account,
    administration,
    help,
    my_work,
    search,
    messages,
    referrals,
    cases,
    stories,
    moves,
    deadlines,
    timelines,
    access,
    team,
    alerts,
    evidence,
    reports,
    practice,
    clinics,
    support,
    under_one,
    oversight,
    offers,
    services,
    policies,
    lifecycles,
)


def router() -> APIRouter:
    """All pages."""
    pages = APIRouter(include_in_schema=False)
    for subject in SUBJECTS:
        pages.include_router(subject.router)
    return pages
