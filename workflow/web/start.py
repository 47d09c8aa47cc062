"""The first address: it leads to where one's work begins."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from workflow.accounts import Actor
from workflow.errors import NotSignedIn
from workflow.permissions import Permission, has
from workflow.serving.asking import CodeNeeded, Needs
from workflow.web.showing import go_to

router = APIRouter()
whoever = Needs(Permission.OWN_ACCOUNT)

# The first of these that somebody may open is where they begin.
BEGINNINGS = (
    (Permission.READ_CASES, "/work"),
    (Permission.RUN_SYSTEM, "/system"),
    (Permission.READ_REPORTS, "/reports"),
    (Permission.OWN_ACCOUNT, "/account"),
)


@router.get("/")
async def start(request: Request) -> RedirectResponse:
    """On to my work, the system or the reports; to signing in where nobody is signed in."""
    try:
        asking = await whoever(request)
    except CodeNeeded:
        return go_to("/sign-in/code")
    except NotSignedIn:
        return go_to("/sign-in")
    return go_to(beginning_of(asking.actor))


def beginning_of(actor: Actor) -> str:
    return next(address for permission, address in BEGINNINGS if has(actor, permission))
