"""Help: how to do the usual things, what words and symbols mean, and how accessible this service is."""

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from workflow.errors import NotSignedIn
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs
from workflow.web.pages import KINDS, STATUS
from workflow.web.showing import show, show_outside

router = APIRouter()
whoever = Needs(Permission.OWN_ACCOUNT)
ROOT = Path(__file__).parents[2]  # of the checkout; of an installed wheel, what it was installed into
GLOSSARIES = (ROOT / "docs" / "glossary.md", ROOT / "waymark_docs" / "glossary.md")
MEANS = {
    "On track": "There is time, and nobody was warned yet.",
    "Due soon": "It is near enough that people were warned.",
    "Past its date": "The date has passed and it is not done.",
    "Past its date, extension agreed": "The date has passed; somebody who may has agreed to a later one.",
    "Paused": "The time does not run, for a reason that is recorded.",
    "Met": "It was done in time.",
    "Met late": "It was done after its date.",
    "Met, recorded late": "It was done in time and recorded after the date.",
    "Cancelled": "It is not needed any more.",
    "Date not yet known": "What the date counts from is not known yet.",
}
COLUMNS = 3  # word, meaning, and where in the code, which is for developers


class Word(NamedTuple):
    word: str
    means: str


@router.get("/help")
async def show_help(request: Request) -> HTMLResponse:
    """How do I ...?, and what the symbols mean. Anybody may read it."""
    return await _page(
        request, "help/help.html", title="Help", statuses=list(STATUS.values()), kinds=list(KINDS.values()), means=MEANS
    )


@router.get("/help/glossary")
async def show_glossary(request: Request) -> HTMLResponse:
    """What the words mean here."""
    return await _page(request, "help/glossary.html", title="Glossary", letters=glossary())


@router.get("/help/accessibility")
async def show_accessibility(request: Request) -> HTMLResponse:
    """The accessibility statement."""
    return await _page(request, "help/accessibility.html", title="Accessibility statement for Waymark")


async def _page(request: Request, template: str, **values: Any) -> HTMLResponse:
    """The page around which stands who is signed in, where somebody is."""
    try:
        asking: Asking | None = await whoever(request)
    except NotSignedIn:
        asking = None
    if asking is None:
        return await run_in_threadpool(show_outside, request, template, here="help", **values)
    return await run_in_threadpool(show, request, asking, template, here="help", **values)


@cache
def glossary() -> dict[str, tuple[Word, ...]]:
    """The words of docs/glossary.md by first letter. It is one table, so it is read as one."""
    path = next(path for path in GLOSSARIES if path.exists())
    words = sorted(read_glossary(path.read_text(encoding="utf-8")), key=lambda one: one.word.casefold())
    letters: dict[str, list[Word]] = {}
    for one in words:
        letters.setdefault(one.word[0].upper(), []).append(one)
    return {letter: tuple(found) for letter, found in letters.items()}


def read_glossary(markdown: str) -> list[Word]:
    """The rows of the table, without its head and without the marks of code."""
    rows = [line for line in markdown.splitlines() if line.startswith("|") and line.endswith("|")]
    cells = [[cell.strip().replace("`", "") for cell in row.strip("|").split("|")] for row in rows[2:]]
    return [Word(found[0], found[1][:1].upper() + found[1][1:]) for found in cells if len(found) == COLUMNS]
