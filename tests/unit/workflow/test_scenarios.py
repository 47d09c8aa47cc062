"""Reading a scenario: moments, facts and people as told, and one clear sentence for each thing that is wrong."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from scheduler.calendars import WorkingCalendar
from states.catalogue import LIFECYCLES
from states.facts import check_facts
from states.roles import Role
from workflow.errors import BadInput
from workflow.simulation.clock import IDLE, VirtualClock
from workflow.simulation.facts import Inventor
from workflow.simulation.moments import Moment, Span, read_span
from workflow.simulation.scenario import MOST_BYTES, load_scenario, read_scenario

CALENDAR = WorkingCalendar()
FRIDAY = datetime(2026, 12, 18, 17, 0, tzinfo=UTC)
HEAD = 'title = "A title"\nshows = "Something"\nstart = "2026-12-18 17:00"\n'
CASE = '[case]\nlifecycle = "pause"\n'


def told(steps: str = "", head: str = HEAD, case: str = CASE) -> str:
    return f"{head}{case}{steps}"


def step(*lines: str) -> str:
    return "[[steps]]\n" + "\n".join(lines)


def test_a_scenario_is_read_whole() -> None:
    scenario = read_scenario(
        told(
            step(
                'after = "3 working days"',
                'do = "start_check"',
                'by = "PL"',
                'expect = { state = "eligibility", told = [] }',
            )
        ),
        "some.toml",
    )
    assert (scenario.title, scenario.authority, scenario.start) == ("A title", "durham", FRIDAY)
    assert scenario.cases[0].name == "pause"
    (one,) = scenario.steps
    assert (one.number, one.do, one.by, one.case) == (1, "start_check", "PL", "pause")
    assert one.moment == Moment(after=Span(3, "working day"))
    assert (one.expect.state, one.expect.told, one.expect.alerts) == ("eligibility", (), None)


def test_the_default_cast_has_every_role_and_can_be_thinned() -> None:
    everybody = read_scenario(told(), "some.toml").people
    assert {one.role for one in everybody} == set(Role) - {Role.SYSTEM}
    thinned = read_scenario(told(head=f'{HEAD}without = ["SM", "prebirth.cw2"]\n'), "some.toml").people
    gone = {one.username for one in everybody} - {one.username for one in thinned}
    assert gone == {"management.sm", "prebirth.cw2"}


def test_people_can_be_named() -> None:
    named = '[[people]]\nname = "pat"\nrole = "PL"\nteam = "pause"\n'
    (pat,) = read_scenario(told(case=CASE + named), "some.toml").people
    assert (pat.username, pat.role, pat.team) == ("pat", Role.PAUSE_LEAD, "pause")


def test_a_step_can_be_repeated_and_expects_at_the_end() -> None:
    again = step(
        'after = "1 week"', 'every = "2 days"', "times = 3", 'do = "record_contact"', 'expect = { state = "x" }'
    )
    steps = read_scenario(told(again), "some.toml").steps
    assert [one.moment.after for one in steps] == [Span(1, "week"), Span(2, "day"), Span(2, "day")]
    assert [one.expect.state for one in steps] == [None, None, "x"]
    assert {one.number for one in steps} == {1}


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ('[[steps]]\nafter = "soon"\nnothing = "x"', "step 1, key 'after': 'soon' is not a time such as"),
        ('[[steps]]\nat = "tomorrow"\nnothing = "x"', "step 1, key 'at': 'tomorrow' is not a moment such as"),
        ('[[steps]]\nat = "2027-03-28 01:30"\nnothing = "x"', "step 1, key 'at': clocks in England never show 01:30"),
        ('[[steps]]\nat = "2027-02-30 01:30"\nnothing = "x"', "step 1, key 'at': '2027-02-30 01:30' is not a moment"),
        ('[[steps]]\ngestation = "24"\nnothing = "x"', "step 1, key 'gestation': '24' is not weeks and days"),
        ('[[steps]]\nafter = "1 day"\ntime = "noon"\nnothing = "x"', "step 1, key 'time': 'noon' is not a time of day"),
        ('[[steps]]\nafter = "1 day"\nat = "2027-01-01 10:00"\nnothing = "x"', "happens at one moment; it has 'at'"),
        ('[[steps]]\ndo = "a"\noutage = "1 day"', "step 1, key 'outage': a step does one thing; it has 'do' already"),
        ('[[steps]]\nafter = "1 day"', "step 1, key 'do': a step does something or expects something"),
        ('[[steps]]\ndo = "a"\nexpct = {}', "step 1, key 'expct': is not known here; did you mean 'expect'?"),
        ('[[steps]]\nexpect = { stat = "a" }', "step 1, expect, key 'stat': is not known here; did you mean 'state'?"),
        ('[[steps]]\nexpect = { told = "CW" }', "step 1, expect, key 'told': must be a list, not 'CW'"),
        ('[[steps]]\nexpect = { refused = "no" }', "expect, key 'refused': only what somebody does can be refused"),
        ('[[steps]]\ndo = "a"\ncase = "other"', "step 1, key 'case': no case is named 'other'"),
        ('[[steps]]\nopen = "other"', "step 1, key 'open': no case is named 'other'"),
        ('[[steps]]\ndo = "a"\nevery = "1 day"', "step 1, key 'times': is missing"),
        ('[[steps]]\ndo = "a"\nevery = "1 day"\ntimes = 1000', "step 1, key 'times': must be 2 to 100"),
        ('[[steps]]\nabsent = { person = "pause.pp" }', "step 1, absent, key 'days': is missing"),
        ('[[steps]]\nacknowledge = { clock = "a", promised = "x", reason = "b" }', "acknowledge, key 'promised': 'x'"),
        ('[[steps]]\nnothing = "x"\n[[steps]]\nfacts = 3\ndo = "a"', "step 2, key 'facts': must be a table, not '3'"),
    ],
)
def test_a_bad_step_is_named_with_its_file_and_key(steps: str, says: str) -> None:
    with pytest.raises(BadInput) as wrong:
        read_scenario(told(steps), "some.toml")
    assert str(wrong.value).startswith("some.toml, step ")
    assert says in str(wrong.value)
    assert "\n" not in str(wrong.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("title =", "some.toml: this is not TOML"),
        (told(head='title = "A"\n'), "some.toml, key 'shows': is missing"),
        (told(head='title = "A"\nshows = "B"\n'), "some.toml, key 'start': 'None' is not a moment"),
        (HEAD, "some.toml, key 'cases': a scenario has at least one case"),
        (told(case='[case]\nlifecycle = "tea"\n'), "some.toml, case 1, key 'lifecycle': there is no lifecycle 'tea'"),
        (told(case='[case]\nlifecycle = "pause"\nparent = "x"\n'), "case 1, key 'parent': no case before this one"),
        (told(case='[[cases]]\nlifecycle = "pause"\n' * 2), "case 2, key 'name': two cases are named 'pause'"),
        (told(head=f'{HEAD}without = ["XX"]\n'), "some.toml, key 'without': nobody of this cast is 'XX'"),
        (told(case=f'{CASE}[[people]]\nrole = "PL"\nteam = "tea"\n'), "person 1, key 'team': 'tea' is not a team"),
        (told(case=f'{CASE}[[people]]\nrole = "SYS"\nteam = "pause"\n'), "key 'role': 'SYS' is not a role"),
        (told(head=f"{HEAD}colour = 3\n"), "some.toml, key 'colour': is not known here"),
    ],
)
def test_a_bad_scenario_is_refused_in_a_sentence(text: str, says: str) -> None:
    with pytest.raises(BadInput) as wrong:
        read_scenario(text, "some.toml")
    assert says in str(wrong.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"missing.toml: this scenario cannot be read \(no such file"):
        load_scenario(tmp_path / "missing.toml")
    (tmp_path / "latin.toml").write_bytes(b"\xff")
    with pytest.raises(BadInput, match="not text in UTF-8"):
        load_scenario(tmp_path / "latin.toml")
    (tmp_path / "long.toml").write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(BadInput, match="at most 200,000 bytes"):
        load_scenario(tmp_path / "long.toml")


# Moments


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (Moment(), "2026-12-18T17:00"),
        (Moment(after=Span(3, "working day")), "2026-12-23T17:00"),
        (Moment(after=Span(5, "working day")), "2026-12-29T17:00"),  # Christmas and its substitute day
        (Moment(after=Span(2, "week")), "2027-01-01T17:00"),
        (Moment(after=Span(5, "month")), "2027-05-18T16:00"),  # five in the afternoon, in summer time
        (Moment(after=Span(90, "minute")), "2026-12-18T18:30"),
        (Moment(gestation=24 * 7), "2027-02-15T10:00"),
        (Moment(pause_month=6), "2027-07-11T09:00"),
    ],
)
def test_a_moment_is_an_instant(moment: Moment, expected: str) -> None:
    at = moment.instant(FRIDAY, FRIDAY, CALENDAR, edd=date(2027, 6, 7), programme_start=date(2027, 1, 11))
    assert at == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_a_moment_counts_from_the_start_where_it_says_so() -> None:
    moment = Moment(after=Span(1, "day"), since_start=True)
    assert moment.instant(FRIDAY + timedelta(days=9), FRIDAY, CALENDAR) == FRIDAY + timedelta(days=1)
    assert Moment(gestation=100).instant(FRIDAY, FRIDAY, CALENDAR) is None


def test_hours_elapse_and_days_keep_the_time_of_day() -> None:
    before = datetime(2027, 3, 27, 12, 0, tzinfo=UTC)  # the clocks go forward in the night
    assert Span(24, "hour").after(before, CALENDAR) == datetime(2027, 3, 28, 12, 0, tzinfo=UTC)
    assert Span(1, "day").after(before, CALENDAR) == datetime(2027, 3, 28, 11, 0, tzinfo=UTC)
    assert read_span("-1 hour") == Span(-1, "hour")
    assert (str(Span(1, "week")), str(Span(3, "working day"))) == ("1 week", "3 working days")


# Facts


@pytest.mark.parametrize("lifecycle", LIFECYCLES)
def test_facts_left_out_are_invented_and_valid(lifecycle: str) -> None:
    inventor = Inventor(now=FRIDAY, calendar=CALENDAR, worker="pat")
    for row in LIFECYCLES[lifecycle].transitions:
        assert check_facts(row.facts, inventor.complete(row.facts, {}))[1] == []


def test_given_facts_win_and_days_are_told_from_the_day_of_the_step() -> None:
    asked = LIFECYCLES["prebirth"].rows("refer", "new")[0].facts
    inventor = Inventor(now=FRIDAY, calendar=CALENDAR, worker="pat")
    given = {"received_on": "3 days ago", "edd": "due at 12+0", "parents": [{"role": "mother"}]}
    facts = inventor.complete(asked, given)
    assert (facts["received_on"], facts["edd"]) == ("2026-12-15", "2027-07-02")
    assert facts["parents"][0]["role"] == "mother"
    assert inventor.complete(asked, {"received_on": "in 2 weeks"})["received_on"] == "2027-01-01"
    assert inventor.complete(asked, {"tea": "today"})["tea"] == "today"  # the engine says that nobody asked for it


# The clock


def test_a_virtual_clock_knows_when_the_node_last_swept() -> None:
    clock = VirtualClock(FRIDAY)
    assert clock.sweep() == (FRIDAY - IDLE, False)
    clock.begin_outage(FRIDAY + timedelta(days=3))
    clock.now += timedelta(days=3)
    assert clock.sweep() == (FRIDAY, False)
    clock.step(timedelta(hours=1))
    assert (clock.server, clock.true(clock.server)) == (clock.now + timedelta(hours=1), clock.now)
    assert clock.sweep() == (clock.now, True)
    assert clock.sweep() == (clock.server - IDLE, False)
