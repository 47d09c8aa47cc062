"""One woman's story, for programs: what she agreed to, part by part."""

from datetime import date
from typing import Any

from pydantic import Field

from workflow.api.addresses import Ref
from workflow.api.bodies import Told
from workflow.api.callers import Reader
from workflow.api.routing import LOOKS, subject
from workflow.errors import NotFound
from workflow.serving.asking import looking
from workflow.stories import NONE, story_of

router = subject("cases")


class Area(Told):
    """One area of her life; what she did not agree to is empty."""

    area: str = Field(examples=["home and housing"])
    score: str
    words: str


class Part(Told):
    """Before, during or after Pause."""

    part: str = Field(examples=["before"])
    heading: str
    proud: str
    areas: list[Area]


class HerStory(Told):
    """Her story as she may be given it."""

    agreed_on: date
    name: str = Field(description="A name of her choice; empty where she chose none.")
    opening: str
    sections: list[Part]


@router.get("/cases/{ref}/story", summary="Her story, as she agreed to it", response_model=HerStory, responses=LOOKS)
def show_story(asking: Reader, ref: Ref) -> Any:
    """Before, during and after Pause, with nothing in it she did not agree to.

    404 where she agreed to none, or has taken her agreement back.
    """
    story = story_of(looking(asking).sheet(ref))
    if story is None:
        raise NotFound(NONE)
    return story.to_json()
