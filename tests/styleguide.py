"""Every part of the pages on one page, with invented values; `python tests/styleguide.py FILE` writes it to look at."""

import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from states.catalogue import LIFECYCLES
from states.facts import FactProblem, choice, choices, code, day, instant, number, person, records, text, yes_no
from workflow.web.drawings import Review, Span, bars, case_map, line_chart, pause_line, progress
from workflow.web.forms import form
from workflow.web.pages import DEFAULTS, STATUS, environment
from workflow.web.static_files import STATIC, static_files

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
FACTS = (
    text("reason", "Reason", "what the concern is, in a few sentences"),
    code("court_reference", "Court reference", required=False),
    day("due_on", "Expected date of delivery"),
    instant("made_at", "Made or signed at", "as written on the order"),
    yes_no("short_notice", "At short notice?"),
    yes_no("seen", "Was the child seen?", required=False),
    choice("plan", "Plan", {"home": "at home", "kin": "with family or friends", "care": "in care"}),
    choice("source", "Who referred", {f"s{n}": f"source number {n}" for n in range(12)}),
    choices("factors", "Risk factors", {f"f{n}": f"a factor with a longer label {n}" for n in range(10)}),
    number("weeks", "Weeks of pregnancy", minimum=4, maximum=42),
    person("worker", "Caseworker"),
    records(
        "babies",
        "Babies",
        choice("sex", "Sex", {"F": "female", "M": "male"}),
        day("born_on", "Born on"),
        hint="in the order they were born",
    ),
)
TYPED = {
    "reason": 'She said: "<no> & yes"\nand then more.',
    "due_on": {"day": "31", "month": "2", "year": "2027"},
    "made_at": {"day": "25", "month": "11", "year": "2026", "time": "9:30am"},
    "plan": "kin",
    "factors": ["f1", "f2"],
    "weeks": "many",
    "babies": [{"sex": "F"}, {}],
}
PROBLEMS = [
    FactProblem("due_on", "Expected date of delivery must be a real date: there is no 31 February 2027"),
    FactProblem("weeks", "Weeks of pregnancy must be a whole number, such as 12"),
    FactProblem("short_notice", "Select yes or no: at short notice?"),
    FactProblem("babies[1].sex", "Select one: sex (baby 2)"),
    FactProblem("elsewhere", "The case changed in the meantime"),
]


def _row(number: int, kind: str, label: str, **more: object) -> dict[str, object]:
    at = NOW - timedelta(days=number)
    return {
        "entry": f"PB-1.{number}",
        "kind": kind,
        "label": label,
        "from_label": "",
        "to_label": "",
        "occurred_at": at,
        "recorded_at": at,
        "actor": "Ana Invented",
        "role": "CW",
        "overridden": False,
        "unmet": [],
        **more,
    }


def page() -> str:
    prebirth = LIFECYCLES["prebirth"]
    walked = [state.id for state in prebirth.states if not state.final][:6]
    template = environment().from_string((Path(__file__).parent / "styleguide.html").read_text(encoding="utf-8"))
    started = date(2026, 1, 12)
    return template.render(
        {
            **DEFAULTS,
            "title": "Style guide",
            "demo": True,
            "here": "work",
            "signed_in": "Ana Invented (caseworker)",
            "back": "/work",
            "notice": "The consent was recorded",
            "now": NOW,
            "statuses": list(STATUS),
            "form": form(FACTS, TYPED, PROBLEMS, people={"ana": "Ana Invented (caseworker)"}),
            "stages": progress(prebirth, walked[:-1], walked[-1]),
            "map": case_map(prebirth, path=walked[:-1], current=walked[-1]),
            "links": {},
            "maps": [case_map(other) for name, other in LIFECYCLES.items() if name != "prebirth"],
            "line": pause_line(
                started,
                NOW.date(),
                reviews=[
                    Review(1, date(2026, 2, 12), date(2026, 2, 10)),
                    Review(3, date(2026, 4, 12), date(2026, 4, 20)),
                    Review(6, date(2026, 7, 12)),
                    *(Review(month, date(2026 + month // 12, (month % 12) + 1, 12)) for month in (12, 15)),
                ],
                gaps=[Span(date(2026, 5, 1), date(2026, 6, 1)), Span(date(2026, 11, 1), None)],
                holds=[Span(date(2026, 8, 1), date(2026, 9, 10), "bereavement")],
            ),
            "bars": bars([("Referral", 42), ("Assessment", 17), ("Pre-birth clinic", 8), ("Birth", 0)]),
            "chart": line_chart([("0", 3), ("3", 4), ("6", None), ("9", 6), ("12", 7.5)], lowest=0, highest=10),
            "rows": [
                _row(1, "moved", "Accept the referral", from_label="Referral received", to_label="Consent sought"),
                _row(2, "refused", "Close the case", unmet=["no outcome is recorded for every child"]),
                _row(3, "alerted", "Hold the assessment meeting", role="SYS"),
                _row(4, "corrected", "Correct the date", recorded_at=NOW, overridden=True),
            ],
        }
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page().replace(f"/static/{static_files().version}", STATIC.as_uri()), encoding="utf-8")
