"""What a person reads when a page cannot be shown: what happened, what to do, and that nothing was lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workflow.web.pages import render


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """Its heading, what happened and what to do: whole sentences."""

    title: str
    happened: str
    do: tuple[str, ...]


PROBLEM_PAGES = {
    400: ProblemPage(
        "We could not read what was sent",
        "The page you sent was not complete, or it was open for so long that its safety mark ran out. "
        "Nothing was recorded.",
        ("Go back, check what you entered and send it again.",),
    ),
    401: ProblemPage(
        "Sign in to see this page",
        "You are not signed in, or your session has ended. Drafts of forms are kept.",
        ("Sign in. You will come back to where you were.",),
    ),
    403: ProblemPage(
        "You may not see or do this",
        "Your role, your team or a restriction on the case does not allow it. Nothing was changed.",
        (
            "If it is your case, ask your team manager to check your team.",
            "If a child may be at risk now, do not wait for access: tell your manager or the emergency duty team.",
        ),
    ),
    404: ProblemPage(
        "There is no such page",
        "There is nothing at this address, or it is not yours to see.",
        ("Check the address or the case reference.", "Look for the case in your work."),
    ),
    409: ProblemPage(
        "Somebody else was here first",
        "The case changed while you were working on it, so what you sent was not recorded. Your draft is kept.",
        ("Open the case to see what changed.", "Then open your draft, check it against the case and send it again."),
    ),
    413: ProblemPage(
        "That is too much at once",
        "What you sent is larger than can be taken. Nothing was recorded.",
        ("Shorten long notes: a text may have 10,000 characters.", "Keep long documents where documents are kept."),
    ),
    422: ProblemPage(
        "Something needs to be put right",
        "What you sent could not be used as it is. Nothing was recorded.",
        ("Go back to the form, put right what is said here, and send it again.",),
    ),
    429: ProblemPage(
        "Too many tries in a short time",
        "There were more requests than one person makes, so they were stopped for a moment.",
        ("Wait a minute, then try again.", "If you cannot remember your password, ask an administrator."),
    ),
    500: ProblemPage(
        "Something went wrong on our side",
        "The fault was noted. What you sent may not have been recorded.",
        (
            "Open the case and look at its timeline before you send it again.",
            "If it happens again, tell your administrator the reference on this page.",
        ),
    ),
    503: ProblemPage(
        "Waymark cannot be used just now",
        "It is starting, or its database cannot be reached. What was recorded is safe.",
        (
            "Try again in a few minutes.",
            "For work that cannot wait, write it down with the time: it can be recorded later as of that time.",
        ),
    ),
}
MOVE_REFUSED = ProblemPage(
    "This cannot happen now",
    "Something is still missing, so the case stays where it is. That it was tried is on its timeline.",
    ("Do or record what is missing, then try again.", "Or ask somebody who may do it."),
)
STALE_FORM = ProblemPage(
    "You have signed in again since you opened this form",
    "The form belongs to the session before, so it was not sent. Nothing was recorded.",
    ("Go back to the form, check it and send it again.",),
)
OTHER = ProblemPage("That did not work", "The request could not be answered.", ("Go back and try again.",))


def problem_page(
    status: int,
    shown: ProblemPage | None = None,
    *,
    detail: str = "",
    steps: Sequence[str] = (),
    reference: str = "",
    **page: Any,
) -> str:
    """The page for an HTTP status. `detail` says more about this one; `steps` stand before the usual ones.

    `unmet` and `who` are what a refused move misses and who could make it; `changed` is what changed meanwhile;
    `carried` is the form that was being sent, to go back to.
    """
    shown = shown or PROBLEM_PAGES.get(status, OTHER)
    return render(
        "error.html",
        title=shown.title,
        happened=shown.happened,
        steps=[*steps, *shown.do],
        detail=detail,
        status_code=status,
        reference=reference,
        **{"unmet": (), "who": (), "changed": (), "carried": None, **page},
    )
