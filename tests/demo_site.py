"""The demo caseload served in this process at a fixed time, and every page of it with an account that may open it."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from sqlalchemy import select

from config.settings import Settings
from states.catalogue import LIFECYCLES
from workflow import jobs
from workflow.app import create_app
from workflow.bootstrap import Service, open_service
from workflow.database import Database
from workflow.demo.loading import load_demo
from workflow.identity import sessions
from workflow.models import Case, Deadline
from workflow.serving.csrf import csrf_token
from workflow.serving.server import server_of
from workflow.tables import table

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)  # a Wednesday
CASES, DEADLINES = table(Case), table(Deadline)

NOBODY = ""
WORKER, MANAGER, SERVICE_MANAGER = "demo.durham.worker5", "demo.durham.tm", "demo.manager"
FRONT_DOOR, PAUSE_LEAD = "demo.durham.frontdoor", "demo.pause.lead"
AUDITOR, OVERSIGHT, ADMINISTRATOR = "demo.durham.auditor", "demo.durham.oversight", "demo.durham.admin"

MISSING = (
    ("last_seen_on-day", "20"),
    ("last_seen_on-month", "11"),
    ("last_seen_on-year", "2026"),
    ("missing_note", "Not at home three times. We told the police."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageShown:
    """A page: its name, the route that shows it, the account that opens it, and its address.

    In an address, {prebirth assessment} is the first case of that kind and state in Durham, and a deadline of it is
    {prebirth assessment}.1; {draft} is a referral that is being written. `types` is put into the fields of those ids,
    and the button `presses` sends the form, so that it comes back with its errors. `half` gave a password alone.
    """

    name: str
    route: str
    address: str
    who: str = WORKER
    status: int = 200
    types: tuple[tuple[str, str], ...] = ()
    presses: str = ""
    half: bool = False


def _pages() -> Iterator[PageShown]:
    def page(name: str, route: str, who: str = WORKER, address: str = "", **more: object) -> PageShown:
        return PageShown(name=name, route=route, who=who, address=address or route, **more)  # type: ignore[arg-type]

    case = "/cases/{ref}"
    assessed, programme = "/cases/{prebirth assessment}", "/cases/{pause on_programme}"
    move, deadline, step = f"{case}/moves/{{trigger}}", "/deadlines/{name}", "/referrals/new/{id}/{step}"
    one_deadline = "/deadlines/{prebirth assessment open}"
    # Signing in, and one's own account
    yield page("sign-in", "/sign-in", NOBODY)
    yield page("sign-in-errors", "/sign-in", NOBODY, presses="Sign in", status=422)
    yield page("sign-in-code", "/sign-in/code", WORKER, half=True)
    yield page("sign-in-enrol", "/sign-in/enrol", WORKER, half=True)
    yield page("invitation", "/invitation", NOBODY)
    yield page("invitation-errors", "/invitation", NOBODY, presses="Set password", status=422)
    yield page("not-signed-in", "/work", NOBODY, status=401)
    yield page("account", "/account")
    yield page("password", "/account/password")
    yield page("password-errors", "/account/password", presses="Change password", status=422)
    yield page("tokens", "/account/tokens")
    yield page("tokens-errors", "/account/tokens", presses="Make token", status=422)
    yield page("calendar-feed", "/account/calendar")
    yield page("messages", "/messages")
    yield page("messages-of-a-manager", "/messages", MANAGER)
    yield page("messages-none", "/messages", OVERSIGHT)
    yield page("absences", "/absences", MANAGER)
    yield page("absences-errors", "/absences", MANAGER, presses="Save absence", status=422)
    # Help
    yield page("help", "/help")
    yield page("help-signed-out", "/help", NOBODY)
    yield page("glossary", "/help/glossary")
    yield page("accessibility", "/help/accessibility")
    # Work
    yield page("my-work", "/work")
    yield page("my-work-of-a-manager", "/work", MANAGER)
    yield page("my-work-of-pause", "/work", PAUSE_LEAD)
    yield page("my-work-none", "/work", "demo.durham.ff.worker1")
    yield page("search", "/search")
    yield page("search-errors", "/search", presses="Search", status=422)
    yield page("referral-start", "/referrals/new")
    yield page("referral-check", "/referrals/new/{id}/check", FRONT_DOOR, "/referrals/new/{draft}/check")
    for one in ("referral", "pregnancy", "parent-1", "family", "risks"):
        yield page(f"referral-{one}", step, FRONT_DOOR, f"/referrals/new/{{draft}}/{one}")
    yield page(
        "referral-errors",
        step,
        FRONT_DOOR,
        "/referrals/new/{draft}/pregnancy",
        types=(("edd-day", "45"),),
        presses="Save and continue",
        status=422,
    )
    yield page(
        "referral-check-errors",
        "/referrals/new/{id}/check",
        FRONT_DOOR,
        "/referrals/new/{draft}/check",
        presses="Record this referral",
        status=422,
    )
    yield page("referral-done", "/referrals/done/{ref}", address="/referrals/done/{prebirth assessment}")
    yield page("case", case, address=assessed)
    yield page("case-referred", case, MANAGER, "/cases/{prebirth referred}")
    yield page("case-in-court", case, MANAGER, "/cases/{prebirth care_proceedings}")
    yield page("case-after-birth", case, MANAGER, "/cases/{prebirth post_birth_support}")
    yield page("case-ended", case, MANAGER, "/cases/{prebirth closed}")
    yield page("case-of-an-auditor", case, AUDITOR, "/cases/{prebirth care_proceedings}")
    yield page("case-child-protection", case, MANAGER, "/cases/{child_protection cp_plan}")
    yield page("case-care-proceedings", case, MANAGER, "/cases/{care_proceedings case_management}")
    yield page("case-pause", case, PAUSE_LEAD, programme)
    yield page("case-pause-on-hold", case, PAUSE_LEAD, "/cases/{pause on_hold}")
    yield page("case-not-there", case, address="/cases/PB-999999", status=404)
    yield page("map", f"{case}/map", address=f"{assessed}/map")
    yield page("map-pause", f"{case}/map", PAUSE_LEAD, f"{programme}/map")
    yield page("outcomes", f"{case}/outcomes", PAUSE_LEAD, f"{programme}/outcomes")
    yield page("story", f"{case}/story", PAUSE_LEAD, f"{programme}/story")
    yield page("case-follow-up", case, PAUSE_LEAD, "/cases/{pause_follow_up until_18}")
    yield page("case-service-agreement", case, SERVICE_MANAGER, "/cases/{service_agreement running}")
    yield page("timeline", f"{case}/timeline", address=f"{assessed}/timeline")
    yield page("timeline-long", f"{case}/timeline", MANAGER, "/cases/{prebirth care_proceedings}/timeline")
    for trigger in ("record_visit", "submit_assessment", "correct", "record_birth", "report_pregnancy_ended"):
        yield page(f"move-{trigger}", move, address=f"{assessed}/moves/{trigger}")
    yield page(
        "move-errors",
        move,
        address=f"{assessed}/moves/record_visit",
        types=(("visited_on-day", "45"),),
        presses="Continue",
        status=422,
    )
    yield page("move-check", move, address=f"{assessed}/moves/report_missing", types=MISSING, presses="Continue")
    yield page("move-decide", move, MANAGER, "/cases/{prebirth threshold_review}/moves/continue_without_consent")
    yield page("deadline", deadline, address=one_deadline)
    yield page("deadline-met", deadline, address="/deadlines/{prebirth assessment}.1")
    yield page("deadline-not-there", deadline, address="/deadlines/PB-999999.1", status=404)
    for act in ("acknowledge", "snooze", "pause", "resume", "extend"):
        yield page(f"deadline-{act}", f"{deadline}/{{act}}", MANAGER, f"{one_deadline}/{act}")
    yield page(
        "deadline-errors",
        f"{deadline}/{{act}}",
        MANAGER,
        f"{one_deadline}/acknowledge",
        presses="Record the answer",
        status=422,
    )
    yield page("access", f"{case}/access", MANAGER, f"{assessed}/access")
    for act in ("restrict", "grant_access"):
        yield page(f"access-{act}", f"{case}/access/{{act}}", MANAGER, f"{assessed}/access/{act}")
    yield page(
        "access-errors",
        f"{case}/access/{{act}}",
        MANAGER,
        f"{assessed}/access/restrict",
        presses="Restrict it",
        status=422,
    )
    yield page("break-glass", f"{case}/break-glass", address="/cases/PB-999999/break-glass")
    yield page(
        "break-glass-errors",
        f"{case}/break-glass",
        address="/cases/PB-999999/break-glass",
        presses="Break the glass",
        status=422,
    )
    # Supervision, evidence, figures
    yield page("team", "/team", MANAGER)
    yield page("team-of-a-service-manager", "/team", SERVICE_MANAGER)
    yield page("team-of-pause", "/team", PAUSE_LEAD)
    yield page("team-not-allowed", "/team", status=403)
    yield page("team-cases", "/team/cases", MANAGER)
    yield page("alerts", "/alerts", MANAGER)
    yield page("alerts-errors", "/alerts", MANAGER, presses="Answer those chosen", status=422)
    yield page("alerts-late", "/alerts/late", MANAGER)
    yield page("audit", "/audit", AUDITOR)
    yield page("audit-of-a-manager", "/audit", SERVICE_MANAGER)
    yield page("audit-looks", "/audit/looks", AUDITOR)
    yield page("audit-verify", "/audit/verify", AUDITOR)
    yield page("audit-verified", "/audit/verify", AUDITOR, "/audit/verify?case={prebirth assessment}")
    yield page("audit-verify-errors", "/audit/verify", AUDITOR, "/audit/verify?case=", status=422)
    yield page("reports", "/reports", SERVICE_MANAGER)
    yield page("reports-of-oversight", "/reports", OVERSIGHT)
    yield page("services", "/services", SERVICE_MANAGER)
    yield page("services-of-oversight", "/services", OVERSIGHT)
    counted = "/reports/cases"
    yield page("reports-cases", counted, SERVICE_MANAGER, f"{counted}?figure=children")
    yield page("reports-cases-withheld", counted, OVERSIGHT, f"{counted}?figure=families")
    # Clinics, support and practice
    yield page("clinics", "/clinics", MANAGER)
    yield page("clinics-of-a-worker", "/clinics")
    yield page("clinic-new", "/clinics/new", MANAGER)
    yield page("clinic-new-errors", "/clinics/new", MANAGER, presses="Save", status=422)
    yield page("clinic-to-come", "/clinics/{name}", MANAGER, "/clinics/CL-23")
    yield page("clinic-held", "/clinics/{name}", MANAGER, "/clinics/CL-19")
    yield page("clinic-change", "/clinics/{name}/{act}", MANAGER, "/clinics/CL-23/change")
    yield page("clinic-held-form", "/clinics/{name}/{act}", MANAGER, "/clinics/CL-23/hold")
    yield page("move-hold_clinic", move, MANAGER, "/cases/{prebirth pre_birth_clinic}/moves/hold_clinic")
    yield page("move-lend_item", move, MANAGER, "/cases/{prebirth pre_birth_clinic}/moves/lend_item")
    yield page("support", f"{case}/support", address=f"{assessed}/support")
    yield page("stock", "/support/stock", MANAGER)
    yield page("stock-errors", "/support/stock", MANAGER, presses="Add", status=422)
    yield page("stock-of-a-worker", "/support/stock")
    yield page("training", "/support/training", MANAGER)
    yield page("consistency", "/reports/consistency", SERVICE_MANAGER)
    yield page("consistency-of-oversight", "/reports/consistency", OVERSIGHT)
    yield page(
        "consistency-errors", "/reports/consistency", SERVICE_MANAGER, "/reports/consistency?until-day=45", status=422
    )
    yield page("support-given", "/reports/support", SERVICE_MANAGER)
    yield page("outcomes-of-children", "/reports/outcomes", SERVICE_MANAGER)
    yield page("outcomes-of-oversight", "/reports/outcomes", OVERSIGHT)
    yield page("reports-of-a-cohort", "/reports", SERVICE_MANAGER, "/reports?cohort=Durham+later")
    yield page("under-one", "/reports/under-one", SERVICE_MANAGER)
    yield page("under-one-errors", "/reports/under-one", SERVICE_MANAGER, presses="Work it out", status=422)
    yield page("under-one-of-oversight", "/reports/under-one", OVERSIGHT)
    yield page("oversight", "/reports/oversight", OVERSIGHT)
    yield page("oversight-of-a-manager", "/reports/oversight", SERVICE_MANAGER)
    yield page("offers", "/offers")
    yield page("offers-sheet", "/offers/sheet")
    yield page("offer-new", "/offers/new", SERVICE_MANAGER)
    yield page("offer-new-errors", "/offers/new", SERVICE_MANAGER, presses="Save", status=422)
    yield page("offer", "/offers/{name}", SERVICE_MANAGER, "/offers/OF-1")
    # Rules
    yield page("policies", "/policies")
    yield page("policy", "/policies/{authority}", address="/policies/durham")
    yield page("policy-birmingham", "/policies/{authority}", address="/policies/birmingham")
    yield page("policy-limits", "/policies/{authority}/limits", address="/policies/durham/limits")
    yield page("policy-compare", "/policies/compare", SERVICE_MANAGER)
    yield page("policy-compare-errors", "/policies/compare", SERVICE_MANAGER, presses="Compare", status=422)
    yield page("lifecycles", "/lifecycles")
    for name in LIFECYCLES:
        yield page(f"lifecycle-{name}", "/lifecycles/{name}", address=f"/lifecycles/{name}")
    yield page("lifecycle-moves", "/lifecycles/{name}/moves", address="/lifecycles/prebirth/moves")
    yield page("lifecycle-clocks", "/lifecycles/{name}/clocks", address="/lifecycles/prebirth/clocks")
    yield page("lifecycle-not-there", "/lifecycles/{name}", address="/lifecycles/nothing", status=404)
    # Administration
    yield page("system", "/system", ADMINISTRATOR)
    yield page("settings", "/system/settings", ADMINISTRATOR)
    yield page("people", "/system/people", ADMINISTRATOR)
    yield page("person-new", "/system/people/new", ADMINISTRATOR)
    yield page("person-new-errors", "/system/people/new", ADMINISTRATOR, presses="Save", status=422)
    yield page("person", "/system/people/{username}", ADMINISTRATOR, f"/system/people/{WORKER}")
    yield page("teams", "/system/teams", ADMINISTRATOR)
    yield page("team-new", "/system/teams/new", ADMINISTRATOR)
    yield page("team-new-errors", "/system/teams/new", ADMINISTRATOR, presses="Save", status=422)
    yield page(
        "team-manager", "/system/teams/{code}/manager", ADMINISTRATOR, "/system/teams/demo.durham.prebirth/manager"
    )


PAGES = tuple(_pages())


@dataclass
class DemoSite:
    """The demo being served at `base`; its clock stands still."""

    service: Service
    base: str
    draft: str = ""

    def case(self, lifecycle: str, state: str) -> str:
        """The first case of that kind in that state in Durham, one of WORKER where there is one."""
        query = select(CASES.c.id).where(
            CASES.c.lifecycle == lifecycle, CASES.c.state == state, CASES.c.authority == "durham"
        )
        mine = (CASES.c.owner != WORKER, CASES.c.id)
        with self.service.database.read() as connection:
            return f"{LIFECYCLES[lifecycle].code}-{connection.execute(query.order_by(*mine)).scalars().first()}"

    def open_deadline(self, case: str) -> str:
        query = select(DEADLINES.c.number).where(
            DEADLINES.c.case_id == int(case.partition("-")[2]),
            DEADLINES.c.closed_at.is_(None),
            DEADLINES.c.due_at.is_not(None),
        )
        with self.service.database.read() as connection:
            return f"{case}.{connection.execute(query.order_by(DEADLINES.c.due_at)).scalars().first()}"

    def address(self, page: PageShown) -> str:
        def filled(found: re.Match[str]) -> str:
            if found[1] == "draft":
                return self.draft
            lifecycle, state, *deadline = found[1].split()
            case = self.case(lifecycle, state)
            return self.open_deadline(case) if deadline else case

        return self.base + re.sub(r"\{([^}]+)\}", filled, page.address)

    def cookie(self, username: str, *, second_factor: bool = True) -> str:
        """The session of somebody who has just signed in."""
        with self.service.database.write() as connection:
            return sessions.start(connection, username, second_factor=second_factor, device="a test", now=NOW)

    def begin_referral(self) -> None:
        cookie = self.cookie(FRONT_DOOR)
        answer = httpx2.post(
            f"{self.base}/referrals/new",
            data={"kind": "prebirth", "csrf": csrf_token(cookie)},
            headers={"cookie": f"waymark={cookie}", "sec-fetch-site": "same-origin"},
        )
        self.draft = answer.headers["location"].split("/")[3]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def demo_site(folder: Path, clock: Callable[[], datetime] = lambda: NOW) -> Iterator[DemoSite]:
    """Loads the demo as it stands on that day, tells people what is due, and serves it until the end."""
    port = free_port()
    url = f"sqlite:///{folder / 'demo.db'}"
    database = Database(url)
    database.migrate()
    database.close()
    settings = Settings(database_url=url, base_url=f"http://127.0.0.1:{port}")
    service = open_service(settings)
    load_demo(service, NOW)
    for name, job in jobs.jobs(service, "demo").items():
        jobs.run(service, name, job, "demo", clock)
    server = server_of(create_app(service, clock=clock), settings, host="127.0.0.1", port=port, told=lambda: None)
    running = threading.Thread(target=server.run, daemon=True)
    running.start()
    while not server.started:
        running.join(0.02)
        assert running.is_alive(), "the server did not start"
    site = DemoSite(service, settings.base_url)
    site.begin_referral()
    try:
        yield site
    finally:
        server.should_exit = True
        running.join(10)
        service.close()
