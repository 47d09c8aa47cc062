"""The JSON API: one subject a module, joined here under one address. Programs come in by it; it decides nothing."""

from fastapi import APIRouter

from workflow.api import (
    absences,
    access,
    account,
    calendars,
    case_policies,
    cases,
    clinics,
    deadlines,
    escalations,
    evidence,
    feeds,
    imports,
    lifecycles,
    messages,
    moves,
    offers,
    oversight,
    pause_caseloads,
    people,
    policies,
    practice,
    reports,
    services,
    sessions,
    stories,
    support,
    system,
    teams,
    under_one,
)

SUBJECTS = (
    cases,
    stories,
    pause_caseloads,
    moves,
    case_policies,
    access,
    deadlines,
    escalations,
    messages,
    evidence,
    sessions,
    account,
    people,
    teams,
    absences,
    policies,
    lifecycles,
    reports,
    practice,
    under_one,
    oversight,
    offers,
    clinics,
    support,
    services,
    calendars,
    feeds,
    imports,
    system,
)


def router() -> APIRouter:
    """All routes of the API."""
    api = APIRouter(prefix="/api/v1")
    for subject in SUBJECTS:
        api.include_router(subject.router)
    return api
