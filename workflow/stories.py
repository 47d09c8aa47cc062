"""One woman's story: before, during and after Pause, from her own record, with nothing in it she did not agree to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from states.pause import DOMAINS, HIGHEST, LOWEST
from workflow.case_sheets import Sheet
from workflow.errors import NotAllowed, NotFound
from workflow.projection import Step, steps_of

AGREES, TAKES_BACK = "agree_story", "take_back_story"
NONE = "there is no story: she has agreed to none, or has taken her agreement back"
HEADINGS = {"before": "Before Pause", "during": "During Pause", "after": "After Pause"}
HELD_IN = {"before": "baseline_scores", "during": "outcome_scores", "after": "final_scores"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What she agreed to, and when. Each part and each area of life is her own choice."""

    agreed_on: date
    parts: frozenset[str]
    areas: tuple[str, ...]
    name: str
    opening: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One area of her life in a part of the story: her score in words, and what she said."""

    area: str
    score: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Before, during or after."""

    part: str
    heading: str
    lines: tuple[Line, ...]
    proud: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The story as she may be given it."""

    agreed_on: date
    name: str
    opening: str
    sections: tuple[Section, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "agreed_on": self.agreed_on,
            "name": self.name,
            "opening": self.opening,
            "sections": [
                {
                    "part": one.part,
                    "heading": one.heading,
                    "proud": one.proud,
                    "areas": [{"area": line.area, "score": line.score, "words": line.words} for line in one.lines],
                }
                for one in self.sections
            ],
        }


def story_of(sheet: Sheet) -> Story | None:
    """Her story; None while she has agreed to none, or once she has taken her agreement back.

    NotFound for another kind of case; NotAllowed for an account from which personal facts are withheld.
    """
    if sheet.view["lifecycle"] != "pause":
        raise NotFound(f"{sheet.view['case']} is no Pause journey")
    if sheet.view["withheld"]:
        raise NotAllowed("her story is hers: your work needs only states and dates")
    steps = steps_of(sheet.entries)
    agreed = agreement_of(steps)
    if agreed is None:
        return None
    sections = tuple(_section(part, steps, agreed) for part in HEADINGS if part in agreed.parts)
    return Story(agreed_on=agreed.agreed_on, name=agreed.name, opening=agreed.opening, sections=sections)


def agreement_of(steps: Sequence[Step]) -> Agreement | None:
    """Her latest word on it: what she agreed to last holds alone, and nothing once she took it back."""
    last = next((one for one in reversed(steps) if one.trigger in (AGREES, TAKES_BACK)), None)
    if last is None or last.trigger == TAKES_BACK:
        return None
    return Agreement(
        agreed_on=date.fromisoformat(last.facts["story_agreed_on"]),
        parts=frozenset(last.facts.get("story_parts") or ()),
        areas=tuple(name for name in DOMAINS if name in (last.facts.get("story_areas") or ())),
        name=str(last.facts.get("story_name") or ""),
        opening=str(last.facts.get("story_opening") or ""),
    )


def _section(part: str, steps: Sequence[Step], agreed: Agreement) -> Section:
    told = [one.facts[HELD_IN[part]] for one in steps if one.facts.get(HELD_IN[part])]
    proud = [str(one.facts["achievements"]) for one in steps if one.facts.get("achievements")]
    return Section(
        part=part,
        heading=HEADINGS[part],
        lines=tuple(_lines(told, agreed)),
        proud=proud[-1] if part == "after" and "proud" in agreed.parts and proud else "",
    )


def _lines(told: Sequence[Sequence[Mapping[str, Any]]], agreed: Agreement) -> Iterator[Line]:
    """An area without a score or word that may be given has no line: what is left out does not show."""
    for area in agreed.areas:
        found = [one for scores in told for one in scores if one.get("domain") == area]
        scores = [int(one["score"]) for one in found if one.get("score") is not None]
        words = [str(one["in_her_words"]) for one in found if one.get("in_her_words")]
        score = _in_words(area, scores) if "scores" in agreed.parts and scores else ""
        said = words[-1] if "words" in agreed.parts and words else ""
        if score or said:
            yield Line(area=DOMAINS[area].label, score=score, words=said)


def _in_words(area: str, scores: Sequence[int]) -> str:
    """The first and the last of some scores, with what the ends of the scale mean."""
    changed = f"from {scores[0]} to {scores[-1]}" if scores[-1] != scores[0] else str(scores[-1])
    scale = f"{LOWEST}: {DOMAINS[area].one}; {HIGHEST}: {DOMAINS[area].five}"
    return f"{changed} out of {HIGHEST} ({scale})"
