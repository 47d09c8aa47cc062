"""Web pages: one subject a module, joined here. They work without scripts and decide nothing."""

from fastapi import APIRouter

from workflow.web import (
    access,
    account,
    administration,
    alerts,
    cases,
    deadlines,
    evidence,
    help,
    lifecycles,
    messages,
    moves,
    my_work,
    policies,
    referrals,
    reports,
    search,
    sign_in,
    start,
    static_files,
    team,
    timelines,
)
from workflow.web.problem_answers import answer_problem

__all__ = ["answer_problem", "router"]
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
    moves,
    deadlines,
    timelines,
    access,
    team,
    alerts,
    evidence,
    reports,
    policies,
    lifecycles,
)


def router() -> APIRouter:
    """All pages."""
    pages = APIRouter(include_in_schema=False)
    for subject in SUBJECTS:
        pages.include_router(subject.router)
    return pages
