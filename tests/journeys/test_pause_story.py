"""One woman's story, before, during and after: only what she agreed to, and hers to take back at any time."""

import html
import re
import zlib
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from journeys.test_pause import PL, PP, engaged, in_month, on_programme
from sqlalchemy import select

from states.pause import DOMAINS, OUTCOME_DOMAINS
from workflow.errors import BadInput
from workflow.evidence_search import LOOKS
from workflow.stories import Story
from workflow.web.story_pdf import as_pdf

from doors import Browser, doors_to
from factories import Desk
from walks import Walk

pytestmark = pytest.mark.mostly_one_database
NAMED_IN_THE_DOCUMENTS = {
    "housing": "housing",
    "debt": "money",
    "substance use": "substances",
    "domestic abuse": "safety",
    "mental health": "mental_health",
    "sexual health": "sexual_health",
    "education and work": "learning_and_work",
    "contact with children": "children",
    "confidence": "self",
    "volunteering": "volunteering",
}
STORY = {"story_parts": ["before", "after", "scores", "words", "proud"], "story_areas": ["housing", "substances"]}


def said_by_her(score: int, words: str) -> list[dict[str, Any]]:
    return [{"domain": one, "score": score, "in_her_words": f"{words} {one}"} for one in OUTCOME_DOMAINS]


def graduated(desk: Desk) -> Walk:
    """A woman with a before, a during and an after."""
    walk = engaged(desk).after(days=30)
    walk.step("record_baseline", PP, baseline_scores=said_by_her(1, "frightened of")).step("discuss_pause", PP)
    desk.now = datetime.fromisoformat("2027-01-11T09:00:00+00:00")
    walk.step("commit", PL)
    desk.now = in_month(1)
    walk.step("review", PP, review_month="1", outcome_scores=said_by_her(3, "trying with"))
    desk.now = in_month(18)
    walk.step("begin_transition", PL).step("graduate", PL)
    return walk.step("record_outcomes", PP, final_scores=said_by_her(5, "proud of"), achievements="My own front door.")


def page(browser: Browser, path: str, status: int = 200) -> str:
    answered = browser.client.get(path, headers={"accept": "text/html"})
    assert answered.status_code == status, answered.text
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answered.text)))


def text_of(pdf: bytes) -> str:
    """What the pages of a PDF write, and its headings."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    opened = [zlib.decompress(one) if one[:1] == b"x" else one for one in streams]
    return " ".join(part.decode("latin-1") for one in opened for part in re.findall(rb"\(((?:\\.|[^\\)])*)\)", one))


def test_the_ten_areas_the_documents_name_each_have_a_scale_whose_ends_mean_something() -> None:
    assert set(NAMED_IN_THE_DOCUMENTS.values()) <= set(DOMAINS)
    for area in NAMED_IN_THE_DOCUMENTS.values():
        assert DOMAINS[area].named
    for one in DOMAINS.values():
        assert one.one
        assert one.five


def test_there_is_no_story_until_she_agrees_and_none_once_she_takes_it_back(desk: Desk) -> None:
    doors, walk = doors_to(desk), graduated(desk)
    browser, story = doors.browser(PP), f"/cases/{walk.case}/story"

    assert "She has not agreed to a story" in page(browser, story)
    assert browser.client.get(f"{story}.pdf", headers={"accept": "text/html"}).status_code == 404
    assert doors.get(story, PP).status_code == 404
    walk.refuses("agree_story", PP, "she has agreed to nothing in it", story_parts=["scores"], story_areas=["housing"])

    walk.step("agree_story", PP, **STORY, story_name="Rowan")
    assert "Rowan: her story" in page(browser, story)
    assert doors.get(story, PP).json()["name"] == "Rowan"

    walk.step("take_back_story", PP)
    assert "She has not agreed to a story" in page(browser, story)
    assert doors.get(story, PP).status_code == 404


def test_the_story_holds_what_she_agreed_to_and_nothing_else(desk: Desk) -> None:
    doors, walk = doors_to(desk), graduated(desk)
    walk.step("agree_story", PP, **STORY, story_opening="Read it aloud.")
    browser = doors.browser(PP)
    answered = browser.client.get(f"/cases/{walk.case}/story.pdf")
    assert (answered.status_code, answered.headers["content-type"]) == (200, "application/pdf")
    assert answered.content.startswith(b"%PDF-")
    assert b"/Lang (en-GB)" in answered.content
    assert b"/Outlines" in answered.content

    told = doors.get(f"/cases/{walk.case}/story", PP).json()
    shown = page(browser, f"/cases/{walk.case}/story").split("What her scores mean")[0]
    for story in (shown, text_of(answered.content), str(told)):
        assert "Before Pause" in story
        assert "frightened of housing" in story
        assert "proud of substances" in story
        assert "My own front door." in story
        assert "Read it aloud." in story
        assert "During Pause" not in story  # she left that part out
        assert "trying with" not in story
        assert "mental_health" not in story  # and every other area of her life

    walk.step("agree_story", PP, story_parts=["during", "scores"], story_areas=["self"])  # her latest word holds alone
    told = doors.get(f"/cases/{walk.case}/story", PP).json()
    assert [one["part"] for one in told["sections"]] == ["during"]
    (line,) = told["sections"][0]["areas"]
    assert line["score"].startswith("3 out of 5 (1: I think little of myself")
    assert line["words"] == ""


def test_giving_it_out_is_on_record_and_nobody_else_is_given_it(desk: Desk) -> None:
    doors, walk = doors_to(desk), graduated(desk)
    walk.step("agree_story", PP, **STORY)
    doors.browser(PP).client.get(f"/cases/{walk.case}/story.pdf")
    doors.app.state.service.looks.flush()
    with desk.database.read() as connection:
        looks = connection.execute(select(LOOKS).where(LOOKS.c.kind == "export")).mappings().all()
    assert [(one["actor"], one["about"]) for one in looks] == [(PP, "her story")]
    page(doors.browser("baby.TM"), f"/cases/{walk.case}/story", 404)
    page(doors.browser("both.AUD"), f"/cases/{walk.case}/story", 403)
    assert doors.get(f"/cases/{walk.case}/story", "both.AUD").status_code == 403


def test_she_may_take_it_back_after_her_case_has_closed(small_desk: Desk) -> None:
    walk = on_programme(small_desk, 2).step("agree_story", PP, story_parts=["before"])
    walk.approve("withdraw", PP, PL).step("withdraw", PP, to="closed", closure_reason="WITHDREW")
    walk.step("take_back_story", PL, to="closed")


def test_a_letter_the_pdf_cannot_write_is_not_lost_quietly(small_desk: Desk) -> None:
    story = Story(agreed_on=small_desk.now.date(), name="Małgosia", opening="", sections=())
    with pytest.raises(BadInput, match="cannot write ł: print the page"):
        as_pdf(story)
    assert "Zoë's" in text_of(as_pdf(replace(story, name="Zoë’s"))).encode("latin-1").decode("latin-1")
