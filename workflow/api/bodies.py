"""What requests say and what answers hold, with examples. Times are instants in UTC, days are days in England."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from workflow.worklists import Due, Sort

EARLIEST, LATEST = date(1900, 1, 1), date(2200, 1, 1)  # beyond these, sums with dates have no answer


def _usual_day(day: date) -> date:
    if not EARLIEST <= day < LATEST:
        raise ValueError("not a day between 1900 and 2200")
    return day


def _usual_instant(at: datetime) -> datetime:
    _usual_day(at.date())
    return at.astimezone(UTC)


Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$")]
Reference = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}-[0-9]{1,12}$", examples=["PB-12"])]
Cursor = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_=-]{1,200}$", description="`after` of the page before; left out for the first.")
]
Day = Annotated[date, AfterValidator(_usual_day)]
Instant = Annotated[AwareDatetime, AfterValidator(_usual_instant)]
Limit = Annotated[int, Field(ge=1, le=200, description="The most rows.")]
Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Facts = Annotated[dict[str, Any], Field(description="What the move asks for, by name: see the moves of the case.")]


class Given(BaseModel):
    """A request: what nobody asked for is refused, so that a misspelt field is no silent loss."""

    model_config = ConfigDict(extra="forbid")


class Told(BaseModel):
    """An answer: it may come to hold more."""

    model_config = ConfigDict(extra="allow")


# Lists of cases


class Narrowed(Given):
    """The filters, the order and the page of a list of cases."""

    lifecycle: Word | None = Field(default=None, description="The kind of case.", examples=["prebirth"])
    state: Word | None = Field(default=None, description="The state it stands in.")
    stage: str | None = Field(default=None, max_length=60, description="The stage it stands in.", examples=["Referral"])
    owner: Word | None = Field(default=None, description="A user name; `me` is whoever asks.", examples=["me"])
    team: Word | None = Field(default=None, description="The code of a team.")
    status: Due | None = Field(default=None, description="How its next deadline stands.")
    ended: bool = Field(default=False, description="Cases that have ended, instead of open ones.")
    sort: Sort = Field(default="time_left", description="The least time left first, or the newest first.")
    after: Cursor | None = None
    limit: Limit = 50


class Search(Narrowed):
    """What is searched for. A name stands here and in no address, log or answer to an error."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reference": "PB-12"}, {"name": "invented exam", "lifecycle": "prebirth"}]}
    )

    reference: Reference | None = Field(default=None, description="Finds that one case, also where it has ended.")
    name: str | None = Field(default=None, min_length=1, max_length=200, description="Beginnings of words of a name.")


class CaseRow(Told):
    """A case with its next deadline."""

    case: str = Field(examples=["PB-12"])
    lifecycle: str
    stage: str
    state: str
    state_label: str
    since: datetime
    owner: str | None
    team: str
    restricted: bool
    next: str | None = Field(description="what is due next")
    deadline: str | None = Field(examples=["PB-12.3"])
    due_at: datetime | None
    due_on: date | None
    status: str | None
    version: int


class CasePage(Told):
    """Part of a list of cases."""

    cases: list[CaseRow]
    after: str | None = Field(description="asks for the next page; null on the last")


# One case


class CaseView(Told):
    """One case, whole. `withheld` names facts that are there and that this account's work does not need."""

    case: str
    lifecycle: str
    authority: str
    stage: str
    state: str
    state_label: str
    since: datetime
    owner: str | None
    team: str
    version: int
    edd: date | None
    restricted: bool
    access: str = Field(description="what lets you read it: team, cover, named, granted or break_glass")
    facts: dict[str, Any]
    withheld: list[str]
    decision: dict[str, Any] | None
    parent: str | None
    child: int | None
    children: list[dict[str, Any]]
    deadlines: list[dict[str, Any]]
    approvals: list[dict[str, Any]]
    cases_under: list[dict[str, Any]]
    timeline: list[dict[str, Any]]


class Explanation(Told):
    """Why a case stands where it does: the decision, its last moves, what each running deadline waits for."""

    case: str
    state: str
    meaning: str
    version: int
    decision: dict[str, Any] | None
    last_moves: list[dict[str, Any]]
    last_refusal: dict[str, Any] | None
    waiting_for: list[dict[str, Any]]


class Opened(Given):
    """A case to be opened."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "lifecycle": "prebirth",
                    "team": "durham-prebirth",
                    "facts": {
                        "received_on": "2026-11-23",
                        "source": "cass",
                        "edd": "2027-03-01",
                        "edd_basis": "dating_scan",
                        "parents": [{"role": "mother", "name": "Invented Example"}],
                    },
                }
            ]
        }
    )

    lifecycle: Word = Field(examples=["prebirth"])
    trigger: Word | None = Field(default=None, description="The opening move; `migrate_in` takes a case over.")
    team: Word | None = Field(default=None, description="The team it is opened in; yours if left out.")
    authority: Word | None = Field(default=None, description="Yours if left out.")
    parent: Reference | None = Field(default=None, description="The case it stands under.")
    child: int | None = Field(default=None, ge=1, le=99, description="The child it is about, by number.")
    source_reference: str | None = Field(default=None, min_length=1, max_length=100)
    occurred_at: Instant | None = Field(default=None, description="When it happened; now if left out.")
    facts: Facts = Field(default_factory=dict)


class Moving(Given):
    """A move to be taken."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"trigger": "record_consent", "facts": {"consent": "given"}}]}
    )

    trigger: Word = Field(examples=["record_consent"])
    facts: Facts = Field(default_factory=dict)
    occurred_at: Instant | None = Field(default=None, description="When it happened; now if left out.")
    reason_code: Word | None = None
    on_behalf_of: Word | None = Field(default=None, description="The account for which you record this.")


class MoveMade(Told):
    """What a move or an act came to."""

    case: str
    version: int = Field(description="of the case; its ETag")
    entry: int = Field(description="the number of its entry in the evidence of the case")
    state: str
    occurred_at: datetime
    recorded_at: datetime
    clocks: list[dict[str, Any]] = Field(description="what it did to deadlines")
    overridden: bool = Field(description="whether a rule was overridden")
    rehearsal: bool = Field(default=False, description="true where nothing was changed")
    told: list[str] | None = Field(default=None, description="in a rehearsal: who would be told")


class UnmetThing(Told):
    """One thing that stands in the way."""

    kind: str
    name: str
    says: str


class PossibleMove(Told):
    """A move that can be tried, and all that is missing for it now."""

    trigger: str
    label: str
    to: str
    can: bool
    unmet: list[UnmetThing]
    who: list[str] = Field(description="who could")
    facts: list[dict[str, Any]] = Field(description="what it asks for: types, labels, hints, choices")
    facts_schema: dict[str, Any] = Field(description="the same as a JSON Schema")
    basis: str


class PossibleMoves(Told):
    """Where a case stands, and what can be tried from there."""

    case: str
    lifecycle: str
    stage: str
    state: str
    state_label: str
    owner: str | None
    team: str
    version: int
    moves: list[PossibleMove]


class AccessAct(Given):
    """A change to who may read a case; a fact that an act does not ask for is refused."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"act": "restrict", "facts": {"reason": "a colleague's family"}},
                {"act": "grant_access", "facts": {"person": "ann.example", "reason": "joint", "until": "2027-01-31"}},
            ]
        }
    )

    act: Literal["restrict", "lift_restriction", "name_reader", "grant_access", "end_access"]
    facts: dict[str, Any] = Field(description="`reason`; for a person `person`; for a grant `until`, a day")


class Reason(Given):
    """Why."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "agreed in supervision"}]})

    reason: Text


class PolicyReason(Given):
    """Why the current policy is applied now."""

    reason: Text = "the current policy applies"


class Readers(Told):
    """Everybody with an access of their own to a case."""

    readers: list[dict[str, Any]]


class ReDated(Told):
    """Running deadlines with their dates before and after."""

    deadlines: list[dict[str, Any]]


# Deadlines, escalations, messages


class DeadlineRow(Told):
    """One deadline as lists show it."""

    deadline: str
    case: str
    label: str
    due_at: datetime | None
    due_on: date | None
    status: str


class DeadlinePage(Told):
    """Part of a list of deadlines."""

    deadlines: list[DeadlineRow]
    after: str | None


class Proof(Told):
    """Why a date is that date, step by step."""

    deadline: str
    label: str
    due_at: datetime | None
    status: str
    steps: list[dict[str, Any]]


class Promise(Given):
    """An answer to the alerts of a deadline."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"promised_on": "2026-12-04", "reason": "visit booked"}]})

    promised_on: Day = Field(description="the day by which it will be done")
    reason: Text


class Snooze(Given):
    """A quiet time without a promise: up to two working days."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"until": "2026-11-27", "reason": "manager back on Friday"}]}
    )

    until: Day
    reason: Text


class By(Given):
    """An amount of time."""

    amount: int = Field(ge=1, le=366)
    unit: Literal["working_days", "days", "weeks", "months"]


class Extension(Given):
    """A later date for a deadline: `due_on`, or `by` an amount."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"due_on": "2027-02-01", "reason": "agreed at the hold review"},
                {"by": {"amount": 5, "unit": "working_days"}, "reason": "agreed in supervision"},
                {"due_on": "2027-06-30", "ordered_on": "2027-03-02", "reason": "expert report awaited"},
            ]
        }
    )

    due_on: Day | None = None
    by: By | None = None
    ordered_on: Day | None = Field(default=None, description="the date of the court's order, on a court's clock")
    reason: Text


class Answered(Told):
    """The deadline as it stands now, and the entry that says why."""

    deadline: str
    status: str
    due_at: datetime | None
    entry: str = Field(examples=["PB-12#4"])


class Escalation(Told):
    """An alert raised on a deadline. Of one told late: when it was planned, by how much it was late, and why."""

    deadline: str
    label: str
    level: str
    due_at: datetime | None
    raised_at: datetime
    told: list[str]
    nobody_for: list[str]


class Escalations(Told):
    """Alerts."""

    escalations: list[Escalation]


class Message(Told):
    """One message in an inbox."""

    key: str
    template: str
    params: dict[str, Any]
    urgent: bool
    queued_at: datetime
    read_at: datetime | None


class Messages(Told):
    """One's own messages, unread first."""

    messages: list[Message]


class ReadMessage(Given):
    """The message that was read."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"key": "PB-12.3/1/R0/ann.example/inbox"}]})

    key: str = Field(min_length=1, max_length=300)


# Evidence


class EntryPage(Told):
    """Entries of evidence; `after` asks for the next page."""

    entries: list[dict[str, Any]]
    after: str | None


class ChainPage(Told):
    """The evidence of one case in its order; `after` is the number of the last entry shown."""

    entries: list[dict[str, Any]]
    after: int | None


class LookPage(Told):
    """Who looked, the latest first."""

    looks: list[dict[str, Any]]
    after: str | None
