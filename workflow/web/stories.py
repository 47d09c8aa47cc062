"""Her story: the page that is read with her, and the PDF that she may be given."""

from fastapi import Request, Response

from states.pause import DOMAINS, HIGHEST, LOWEST
from workflow.case_sheets import Sheet
from workflow.errors import NotFound
from workflow.serving.asking import looking
from workflow.stories import NONE, Story, story_of
from workflow.web.case_routes import CaseReader, Ref, case_router
from workflow.web.showing import show
from workflow.web.story_pdf import as_pdf

router = case_router()


@router.get("/cases/{ref}/story")
def story_page(asking: CaseReader, request: Request, ref: Ref) -> Response:
    """Her story, or that there is none and how her agreement is recorded."""
    sheet = looking(asking).sheet(ref)
    case = sheet.view["case"]
    return show(
        request,
        asking,
        "cases/story.html",
        title=f"{case}: her story",
        here="work",
        back=f"/cases/{case}",
        case=case,
        story=story_of(sheet),
        domains=DOMAINS.values(),
        lowest=LOWEST,
        highest=HIGHEST,
    )


@router.get("/cases/{ref}/story.pdf")
def story_file(asking: CaseReader, ref: Ref) -> Response:
    """Her story to keep. NotFound where she has agreed to none; on record as given out."""
    look = looking(asking)
    case, story = _story(look.sheet(ref))
    file = as_pdf(story)
    look.report("her story", 1, export=True, named=case)
    headers = {"content-disposition": f'attachment; filename="story-{case}.pdf"', "cache-control": "no-store"}
    return Response(file, media_type="application/pdf", headers=headers)


def _story(sheet: Sheet) -> tuple[str, Story]:
    story = story_of(sheet)
    if story is None:
        raise NotFound(NONE)
    return str(sheet.view["case"]), story
