"""Makes the pictures beside this file and docs/tour.md: `make tour`. Everybody and everything in them is invented."""

import tempfile
from pathlib import Path
from typing import NamedTuple

import structlog
from browser_journeys.conftest import found_chromium
from demo_site import AUDITOR, FRONT_DOOR, MANAGER, OVERSIGHT, PAUSE_LEAD, WORKER, DemoSite, PageShown, demo_site
from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).parent
WIDTH, HEIGHT, PHONE = 1000, 1100, 360
SILENT = 50  # above every level of the log


class Stop(NamedTuple):
    """One picture: its name, whose page, where, its title and a paragraph."""

    name: str
    who: str
    address: str
    title: str
    says: str
    width: int = WIDTH


STOPS = (
    Stop(
        "01-my-work",
        WORKER,
        "/work",
        "My work",
        "What a caseworker sees first: their cases, the least time left on top, each with what it needs next, by when, "
        "and how it stands in words and with a symbol. The list can be filtered and the filter kept under a name. "
        "Nobody has to remember what is due.",
    ),
    Stop(
        "02-case",
        WORKER,
        "/cases/{prebirth assessment}",
        "A case",
        "Where the case is among its eight stages, its next date and owner, and what can happen next as buttons. What "
        "cannot happen yet stands under them, with everything that is missing and who could do it.",
    ),
    Stop(
        "03-referral",
        FRONT_DOOR,
        "/referrals/new/{draft}/pregnancy",
        "A referral, one subject a page",
        "Every answer may be left out for now. Under the questions stands what the criteria say so far: met, not met, "
        "or not known yet and what would settle it. What was typed is kept if the session ends.",
    ),
    Stop(
        "04-decision",
        WORKER,
        "/referrals/done/{prebirth assessment}",
        "A decision and why",
        "What was decided, with the reason for every criterion in plain words, the time limits that have started and "
        "who was told. A family who asks why can be answered from this page.",
    ),
    Stop(
        "05-why-this-date",
        WORKER,
        "/deadlines/{prebirth assessment open}",
        "Why this date?",
        "Every deadline is worked out step by step, with the rule behind it and whether that is law, guidance or "
        "local. It says who was told, when, and whether they have answered.",
    ),
    Stop(
        "06-timeline",
        WORKER,
        "/cases/{prebirth assessment}/timeline",
        "The timeline",
        "Everything that happened, when it happened and when it was recorded, by whom; refused attempts and "
        "corrections too. Nothing is ever written over. It can be filtered, and printed for a bundle.",
    ),
    Stop(
        "07-map",
        WORKER,
        "/cases/{prebirth assessment}/map",
        "The map",
        "The whole lifecycle as a drawing, with the way this case went and where it can go from here. The same stands "
        "under it as a list, for whoever cannot see the drawing.",
    ),
    Stop(
        "08-pause",
        PAUSE_LEAD,
        "/cases/{pause on_programme}",
        "A woman's time with Pause",
        "Her eighteen months as a line, with where she is and the reviews still to come, and how she sees her own "
        "life. It is a record of its own, which those who work on a pregnancy do not see.",
    ),
    Stop(
        "09-team",
        MANAGER,
        "/team",
        "A team at a glance",
        "What is past its date and whose it is, how much time is left on all the rest, and how work is spread over "
        "workers and stages. Every figure leads to its cases.",
    ),
    Stop(
        "10-alerts",
        MANAGER,
        "/alerts",
        "Waiting for an answer",
        "What somebody was told and nobody has answered, the longest overdue first. Several can be answered at once: "
        "acknowledged with a promise, put off for a little, or given to somebody else. The due date never moves.",
    ),
    Stop(
        "11-audit",
        AUDITOR,
        "/audit",
        "Audit",
        "Who did what, when, on which case; refusals, overrides and looks at the record included. Each case's chain "
        "of entries can be verified on the spot.",
    ),
    Stop(
        "12-reports",
        OVERSIGHT,
        "/reports",
        "Figures",
        "The figures of the published evaluations, counted from the caseload as it stood on any day. Beside each bar "
        "stands its number.",
    ),
    Stop(
        "13-phone",
        WORKER,
        "/work",
        "On a phone",
        "The same page 360 pixels wide. Nothing scrolls sideways, and the menu is closed until it is wanted; without "
        "scripts it is simply open.",
        width=PHONE,
    ),
    Stop(
        "14-clinic",
        MANAGER,
        "/clinics/CL-23",
        "A pre-birth clinic",
        "Who is due at a session, the furthest on in pregnancy first, and why each stands on the agenda. What the "
        "clinic decides is recorded on each case, and names the day of its next.",
    ),
    Stop(
        "15-her-story",
        PAUSE_LEAD,
        "/cases/PA-183/story",
        "Her story",
        "What a woman agrees to have told of her time with Pause, part by part, in her words and her own scores; also "
        "as a PDF that she may keep. Without her agreement there is none, and she may take it back.",
    ),
    Stop(
        "16-services",
        OVERSIGHT,
        "/services",
        "Services and their agreements",
        "Who provided a service, paid for by whom and until when. An agreement that runs has dates like any case: when "
        "it is looked at, when what follows is decided, and when it ends.",
    ),
)


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(SILENT))
    with tempfile.TemporaryDirectory() as folder, demo_site(Path(folder)) as site, sync_playwright() as playwright:
        program = found_chromium(playwright.chromium)
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for stop in STOPS:
            _picture(browser, site, stop)
        browser.close()
    (HERE.parent / "tour.md").write_text(_document(), encoding="utf-8", newline="\n")


def _picture(browser: Browser, site: DemoSite, stop: Stop) -> None:
    window = browser.new_context(viewport={"width": stop.width, "height": HEIGHT})
    window.add_cookies([{"name": "waymark", "value": site.cookie(stop.who), "url": site.base}])
    tab = window.new_page()
    tab.goto(site.address(PageShown(name=stop.name, route="", address=stop.address)))
    tab.screenshot(path=HERE / f"{stop.name}.png")
    window.close()


def _document() -> str:
    lines = [
        "# A tour in pictures",
        "",
        "These are pages of the demo (`make run`, then `waymark serve --demo`) as they stand on 25 November 2026. "
        "Every name, case and date is invented. `make tour` makes the pictures anew.",
    ]
    for stop in STOPS:
        lines += ["", f"## {stop.title}", "", stop.says, "", f"![{stop.title}](tour/{stop.name}.png)"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
