"""Signing in on both databases: what each door lets through, counts, keeps and says."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import MetaData, select

from config.settings import Settings
from workflow import audit, chains
from workflow.accounts import Operator, disable_user
from workflow.acts import Way
from workflow.bootstrap import INSTALLATION, Service
from workflow.database import Database
from workflow.errors import BadInput, Conflict, NotAllowed, NotFound, NotReady, NotSignedIn, TryLater
from workflow.identity import attempts, credentials, invitations, passwords, second_factor, sessions, sign_in, tokens
from workflow.identity.credentials import CREDENTIALS
from workflow.identity.sessions import SESSIONS
from workflow.models import SYSTEM_CHAIN, TokenScope

from factories import NOW, Desk

pytestmark = pytest.mark.mostly_one_database

ANN, SAM = "baby.CW", "baby.TM"
PASSWORD, OTHER_PASSWORD = "three blue kettles", "seven grey herons sing"
KEPT = passwords.hash_password(PASSWORD)
KEY = "0123456789abcdef" * 4
IDLE = timedelta(minutes=30)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
OPERATOR = Operator(name="os:tests", now=NOW)


@dataclass
class Door:
    """The way in of a service, with a password for Ann and Sam."""

    service: Service
    now: datetime = NOW

    @property
    def database(self) -> Database:
        return self.service.database

    def do(self, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
        return self.service.engine.retried(lambda connection: work(connection, *given, **named))

    def look(self, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
        with self.database.read() as connection:
            return work(connection, *given, **named)

    def sign_in(self, name: str = ANN, password: str = PASSWORD, address: str = "192.0.2.1") -> sign_in.SignedIn:
        return sign_in.sign_in(
            self.service, username=name, password=password, address=address, device="Firefox on Windows", now=self.now
        )

    def fail(self, times: int, name: str = ANN, address: str = "192.0.2.1") -> None:
        for _ in range(times):
            with pytest.raises(NotSignedIn):
                self.sign_in(name, "wrong password here", address)

    def session(self, cookie: str, at: datetime | None = None) -> sessions.Session | None:
        found: sessions.Session | None = self.look(sessions.find, cookie, at or self.now, idle=IDLE)
        return found

    def enrol(self, name: str = ANN) -> pyotp.TOTP:
        """A second factor, confirmed a minute ago: its code of now is not used yet."""
        key = self.service.secret_key()
        totp = pyotp.TOTP(self.do(second_factor.begin, key, name).secret)
        then = self.now - MINUTE
        assert self.do(second_factor.confirm, key, name, totp.at(then), then)
        return totp

    def evidence(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.look(audit.entries_of, SYSTEM_CHAIN)
        return found

    def triggers(self) -> list[str]:
        return [entry["trigger"] for entry in self.evidence()]


@pytest.fixture
def door(desk: Desk) -> Door:
    settings = Settings(database_url=str(desk.database.url), secret_key=KEY, require_second_factor=False)
    made = Door(replace(desk.service, settings=settings))
    for name in (ANN, SAM):
        made.do(credentials.set_password, name, KEPT, NOW)
    return made


@pytest.fixture
def quick_checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Compares passwords without Argon2, where a test checks dozens; the hashes that were asked about."""
    asked: list[str] = []

    def check(kept: str, text: str) -> bool:
        asked.append(kept)
        return kept == KEPT and text == PASSWORD

    monkeypatch.setattr(passwords, "is_password", check)
    return asked


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each gave, or the error it raised, all begun at the same moment."""
    ready = threading.Barrier(len(works))
    outcomes: list[Any] = []

    def run(work: Callable[[], Any]) -> None:
        ready.wait(30)
        try:
            outcomes.append(work())
        except Exception as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


# Name and password


def test_the_right_password_begins_a_session_and_is_recorded(door: Door) -> None:
    signed_in = door.sign_in()
    assert signed_in.needs == "nothing"
    session = door.session(signed_in.cookie)
    assert session is not None
    assert (session.username, session.second_factor, session.device) == (ANN, True, "Firefox on Windows")
    entry = door.evidence()[-1]
    assert (entry["trigger"], entry["actor"], entry["actor_role"], entry["authority"]) == (
        *("sign_in", ANN),
        *("CW", "durham"),
    )
    door.look(chains.verify_chains)


@pytest.mark.parametrize("name", [ANN, "nobody.here", "", "a\0b", "\ud83d", "n" * 5000])
def test_a_wrong_password_and_an_unknown_account_get_the_same_answer_for_the_same_work(
    door: Door, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    check = passwords.is_password
    monkeypatch.setattr(passwords, "is_password", lambda kept, text: checked.append(kept) or check(kept, text))
    with pytest.raises(NotSignedIn) as told:
        door.sign_in(name, "wrong password here")
    assert str(told.value) == sign_in.WRONG
    assert checked == [KEPT if name == ANN else passwords.NOBODY]


def test_a_disabled_account_and_one_without_a_password_look_like_an_unknown_one(door: Door) -> None:
    door.do(disable_user, OPERATOR, username=ANN)
    for name in (ANN, "baby.SM"):
        with pytest.raises(NotSignedIn, match=sign_in.WRONG):
            door.sign_in(name)


@pytest.mark.parametrize("name", [ANN, "nobody.here"])
def test_five_failures_bring_a_wait_that_grows_whether_the_account_exists_or_not(
    door: Door, name: str, quick_checks: list[str]
) -> None:
    door.fail(5, name)
    for minutes in (1, 2, 4, 8, 15, 15):
        before = len(quick_checks)
        with pytest.raises(TryLater) as told:
            door.sign_in(name)
        assert told.value.seconds == minutes * 60
        assert len(quick_checks) == before  # not even looked at
        door.now += timedelta(minutes=minutes)
        door.fail(1, name)
    locked = [entry for entry in door.evidence() if entry["trigger"] == "sign_in_locked"]
    assert [entry["facts"]["wait_minutes"] for entry in locked] == [1, 2, 4, 8, 15, 15, 15]
    assert all(entry["facts"].get("username") == (ANN if name == ANN else None) for entry in locked)


def test_a_success_clears_the_count_of_its_account(door: Door, quick_checks: list[str]) -> None:
    door.fail(4)
    door.sign_in()
    door.fail(4)
    door.sign_in()


def test_failures_are_forgotten_after_a_day(door: Door, quick_checks: list[str]) -> None:
    door.fail(4)
    door.now += timedelta(hours=25)
    door.fail(4)
    door.sign_in()


def test_one_account_that_waits_keeps_no_other_waiting(door: Door, quick_checks: list[str]) -> None:
    door.fail(5)
    door.sign_in(SAM)


def test_thirty_failures_from_one_address_keep_that_address_waiting_and_no_other(
    door: Door, quick_checks: list[str]
) -> None:
    for number in range(30):
        door.fail(1, f"nobody{number}", "198.51.100.7")
    with pytest.raises(TryLater):
        door.sign_in(SAM, address="198.51.100.7")
    door.sign_in(SAM)


def test_any_number_of_successes_from_one_address_are_no_failures(door: Door, quick_checks: list[str]) -> None:
    for _ in range(35):
        door.sign_in(SAM, address="198.51.100.7")


def test_a_count_survives_a_restart_and_is_one_over_all_processes(
    door: Door, database_url: str, quick_checks: list[str]
) -> None:
    other = Database(database_url)
    try:
        elsewhere = Door(
            replace(
                door.service,
                database=other,
                engine=type(door.service.engine)(other, door.service.policies, door.service.engine.calendar),
            )
        )
        door.fail(3)
        elsewhere.fail(2)
        for one in (door, elsewhere):
            with pytest.raises(TryLater):
                one.sign_in()
    finally:
        other.close()


def test_many_at_the_same_moment_get_no_more_guesses_than_one_after_the_other(
    door: Door, quick_checks: list[str]
) -> None:
    outcomes = at_once(*(lambda: door.sign_in(ANN, "wrong password here") for _ in range(8)))
    assert len(quick_checks) <= 5
    assert {type(outcome) for outcome in outcomes} <= {NotSignedIn, TryLater, Conflict}


def test_too_many_checks_at_once_answer_try_later_and_count_as_no_failure(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = passwords.Gate(at_once=1, waiting=0, seconds=0.01)
    monkeypatch.setattr(passwords, "CHECKS", full)
    for _ in range(6):
        with full.entered(), pytest.raises(TryLater, match="too many people"):
            door.sign_in()
    door.sign_in()


def test_old_counts_are_forgotten_by_the_day(door: Door, quick_checks: list[str]) -> None:
    door.fail(1)
    assert door.do(attempts.forget_old, NOW) == 0
    assert door.do(attempts.forget_old, NOW + timedelta(days=2)) == 2


# The second factor


def test_who_has_a_second_factor_is_not_in_without_its_code(door: Door) -> None:
    totp = door.enrol()
    signed_in = door.sign_in()
    assert signed_in.needs == "code"
    half = door.session(signed_in.cookie)
    assert half is not None
    assert not half.second_factor
    assert door.triggers()[-1] == "confirm_second_factor"
    cookie = sign_in.give_code(door.service, signed_in.cookie, totp.at(NOW), NOW)
    whole = door.session(cookie)
    assert whole is not None
    assert whole.second_factor
    assert door.session(signed_in.cookie) is None
    assert door.evidence()[-1]["facts"]["second_factor"] is True


def test_a_sign_in_that_waits_for_its_code_ends_after_a_quarter_of_an_hour(door: Door) -> None:
    totp = door.enrol()
    half = door.sign_in().cookie
    later = NOW + timedelta(minutes=15)
    assert door.session(half, later) is None
    with pytest.raises(NotSignedIn):
        sign_in.give_code(door.service, half, totp.at(later), later)


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_the_codes_of_the_step_before_and_after_are_good(door: Door, steps: int, good: bool) -> None:
    totp = door.enrol()
    later = NOW + 10 * MINUTE
    code = totp.at(later + timedelta(seconds=30 * steps))
    assert door.do(second_factor.accept, door.service.secret_key(), ANN, code, later) is good


def test_a_code_works_once_and_none_before_it_works_after(door: Door) -> None:
    totp = door.enrol()
    key = door.service.secret_key()
    assert door.do(second_factor.accept, key, ANN, f" {totp.at(NOW)[:3]} {totp.at(NOW)[3:]} ", NOW)
    assert not door.do(second_factor.accept, key, ANN, totp.at(NOW), NOW)
    assert not door.do(second_factor.accept, key, ANN, totp.at(NOW - 30 * SECOND), NOW)


def test_the_code_that_confirmed_it_does_not_sign_in(door: Door) -> None:
    key = door.service.secret_key()
    totp = pyotp.TOTP(door.do(second_factor.begin, key, ANN).secret)
    assert door.do(second_factor.confirm, key, ANN, totp.at(NOW), NOW)
    half = door.sign_in().cookie
    with pytest.raises(NotSignedIn, match="used already"):
        sign_in.give_code(door.service, half, totp.at(NOW), NOW)


def test_of_two_uses_of_one_code_at_the_same_moment_one_is_accepted(door: Door) -> None:
    totp = door.enrol()
    cookies = [door.sign_in().cookie, door.sign_in().cookie]
    outcomes = at_once(*(lambda one=one: sign_in.give_code(door.service, one, totp.at(NOW), NOW) for one in cookies))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NotSignedIn", "str"]


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "1" * 10_000])
def test_what_is_no_code_is_a_wrong_one(door: Door, code: str) -> None:
    door.enrol()
    with pytest.raises(NotSignedIn, match="the code is not right"):
        sign_in.give_code(door.service, door.sign_in().cookie, code, NOW)


def test_codes_cannot_be_tried_for_ever_by_giving_the_password_again(door: Door) -> None:
    totp = door.enrol()
    wrong = f"{(int(totp.at(NOW)) + 1) % 1_000_000:06}"
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            sign_in.give_code(door.service, door.sign_in().cookie, wrong, NOW)
    with pytest.raises(TryLater):
        sign_in.give_code(door.service, door.sign_in().cookie, totp.at(NOW), NOW)
    assert door.evidence()[-1]["facts"]["step"] == "code"


def test_where_a_second_factor_is_required_signing_in_begins_with_setting_one_up(door: Door) -> None:
    door.service = replace(
        door.service, settings=Settings(database_url=door.service.settings.database_url, secret_key=KEY)
    )
    key = door.service.secret_key()
    signed_in = door.sign_in()
    assert signed_in.needs == "enrolment"
    secret = door.do(second_factor.begin, key, ANN)
    assert secret.uri.startswith("otpauth://totp/Waymark:baby.CW?")
    assert "issuer=Waymark" in secret.uri
    assert door.look(second_factor.begun, key, ANN) == secret
    cookie = sign_in.enrol(door.service, signed_in.cookie, pyotp.TOTP(secret.secret).at(NOW), NOW)
    whole = door.session(cookie)
    assert whole is not None
    assert whole.second_factor
    assert door.triggers()[-2:] == ["confirm_second_factor", "sign_in"]
    assert door.sign_in().needs == "code"


def test_a_second_factor_cannot_be_set_up_over_one_that_is_there(door: Door) -> None:
    door.enrol()
    key = door.service.secret_key()
    half = door.sign_in().cookie
    with pytest.raises(Conflict):
        door.do(second_factor.begin, key, ANN)
    with pytest.raises(NotSignedIn):
        sign_in.enrol(door.service, half, "123456", NOW)
    assert door.look(second_factor.begun, key, ANN) is None


def test_a_demo_database_never_requires_a_second_factor(door: Door) -> None:
    door.do(lambda connection: connection.execute(INSTALLATION.insert(), {"name": "kind", "value": "demo"}))
    door.service = replace(door.service, settings=Settings(database_url=door.service.settings.database_url))
    assert door.sign_in().needs == "nothing"
    assert len(door.service.secret_key()) == 32


def test_a_live_database_without_a_secret_key_keeps_no_second_factor(door: Door) -> None:
    for secret, says in ((None, "set WAYMARK_SECRET_KEY"), ("ff " * 32, "must be 64"), ("ff", "must be 64")):
        settings = Settings(database_url=door.service.settings.database_url, secret_key=secret)
        with pytest.raises(NotReady, match=says):
            replace(door.service, settings=settings).secret_key()


def test_the_secret_is_kept_encrypted_and_refused_in_another_row(door: Door) -> None:
    totp = door.enrol(ANN)
    door.enrol(SAM)
    kept = door.look(
        lambda connection: connection.execute(
            select(CREDENTIALS.c.totp_secret).where(CREDENTIALS.c.username == ANN)
        ).scalar()
    )
    assert totp.secret not in kept
    door.do(
        lambda connection: connection.execute(
            CREDENTIALS.update().where(CREDENTIALS.c.username == SAM).values(totp_secret=kept)
        )
    )
    with pytest.raises(NotReady, match="moved from another row"):
        door.do(second_factor.accept, door.service.secret_key(), SAM, totp.at(NOW), NOW)


def test_an_administrator_takes_a_lost_second_factor_away_and_every_session_with_it(door: Door) -> None:
    totp = door.enrol()
    cookie = sign_in.give_code(door.service, door.sign_in().cookie, totp.at(NOW), NOW)
    door.do(second_factor.forget, OPERATOR, username=ANN)
    assert door.session(cookie) is None
    assert door.sign_in().needs == "nothing"
    assert door.triggers()[-2:] == ["forget_second_factor", "sign_in"]
    with pytest.raises(NotFound):
        door.do(second_factor.forget, OPERATOR, username="nobody.here")


# Sessions


def test_a_session_ends_when_it_is_idle_and_goes_on_when_it_is_seen(door: Door) -> None:
    cookie = door.sign_in().cookie
    assert door.session(cookie, NOW + IDLE - SECOND) is not None
    assert door.session(cookie, NOW + IDLE) is None
    door.do(sessions.seen, cookie, NOW + 20 * MINUTE)
    assert door.session(cookie, NOW + 45 * MINUTE) is not None


def test_being_seen_is_written_at_most_once_a_minute(door: Door) -> None:
    cookie = door.sign_in().cookie
    for seconds, kept in ((30, 0), (60, 60), (90, 60), (120, 120)):
        door.do(sessions.seen, cookie, NOW + timedelta(seconds=seconds))
        session = door.session(cookie)
        assert session is not None
        assert session.seen_at == NOW + timedelta(seconds=kept)


def test_a_session_ends_after_twelve_hours_however_busy(door: Door) -> None:
    cookie = door.sign_in().cookie
    for minutes in range(10, 12 * 60, 10):
        door.do(sessions.seen, cookie, NOW + minutes * MINUTE)
    assert door.session(cookie, NOW + 12 * HOUR - SECOND) is not None
    assert door.session(cookie, NOW + 12 * HOUR) is None


def test_a_session_that_was_ended_is_over_and_only_that_one(door: Door) -> None:
    first, second = door.sign_in().cookie, door.sign_in().cookie
    sign_in.sign_out(door.service, first, NOW)
    assert door.session(first) is None
    assert door.session(second) is not None
    sign_in.sign_out(door.service, first, NOW)
    assert door.triggers().count("sign_out") == 1


def test_a_disabled_account_has_no_session_and_no_token(door: Door) -> None:
    cookie = door.sign_in().cookie
    token = door.do(tokens.issue, ANN, name="mine", scope=TokenScope.ACT, days=1, now=NOW)
    door.do(disable_user, OPERATOR, username=ANN)
    assert door.session(cookie) is None
    assert door.look(sessions.list_for, ANN, NOW) == []
    with pytest.raises(NotSignedIn):
        door.look(tokens.use, token, NOW)


def test_an_account_sees_its_sessions_and_ends_one_of_them(door: Door) -> None:
    cookies = [door.sign_in().cookie for _ in range(3)]
    other = door.sign_in(SAM).cookie
    listed = door.look(sessions.list_for, ANN, NOW, idle=IDLE)
    assert {one.id for one in listed} == {door.session(cookie).id for cookie in cookies}  # type: ignore[union-attr]
    door.do(sessions.end, ANN, listed[0].id, NOW)
    assert len(door.look(sessions.list_for, ANN, NOW)) == 2
    with pytest.raises(NotFound):
        door.do(sessions.end, SAM, listed[1].id, NOW)
    assert door.do(sessions.end_all, ANN, NOW, except_id=listed[1].id) == 1
    assert [one.id for one in door.look(sessions.list_for, ANN, NOW)] == [listed[1].id]
    assert door.session(other) is not None


def test_an_administrator_signs_an_account_out_everywhere(door: Door) -> None:
    door.sign_in()
    door.sign_in()
    assert door.do(sessions.sign_out, OPERATOR, username=ANN) == 2
    assert door.look(sessions.list_for, ANN, NOW) == []
    assert door.evidence()[-1]["facts"] == {"username": ANN, "sessions": 2}


def test_sessions_long_over_are_forgotten(door: Door) -> None:
    door.sign_in()
    assert door.do(sessions.forget_old, NOW + timedelta(days=2)) == 0
    assert door.do(sessions.forget_old, NOW + timedelta(days=40)) == 1


@pytest.mark.parametrize("cookie", ["", "x", "\ud83d", "a\0b"])
def test_a_cookie_nobody_gave_is_no_session(door: Door, cookie: str) -> None:
    assert door.session(cookie) is None


# Passwords and invitations


def test_a_changed_password_ends_the_other_sessions(door: Door) -> None:
    here, elsewhere = door.sign_in().cookie, door.sign_in().cookie
    kept = door.session(here)
    assert kept is not None
    sign_in.change_password(door.service, ANN, PASSWORD, OTHER_PASSWORD, NOW, except_id=kept.id)
    assert door.session(here) is not None
    assert door.session(elsewhere) is None
    with pytest.raises(NotSignedIn):
        door.sign_in()
    door.sign_in(password=OTHER_PASSWORD)
    assert "change_password" in door.triggers()


def test_a_password_is_changed_only_by_who_knows_the_old_one_and_guesses_are_counted(
    door: Door, quick_checks: list[str]
) -> None:
    with pytest.raises(BadInput, match="at least 12"):
        sign_in.change_password(door.service, ANN, PASSWORD, "short", NOW)
    for _ in range(5):
        with pytest.raises(NotAllowed):
            sign_in.change_password(door.service, ANN, "wrong password here", OTHER_PASSWORD, NOW)
    with pytest.raises(TryLater):
        sign_in.change_password(door.service, ANN, PASSWORD, OTHER_PASSWORD, NOW)


def test_an_invitation_sets_a_password_once(door: Door) -> None:
    cookie = door.sign_in().cookie
    code = door.do(invitations.invite, OPERATOR, username=ANN)
    assert door.look(invitations.invited, code, NOW) == ANN
    with pytest.raises(BadInput):
        invitations.accept(door.service, code, "short", NOW)
    assert invitations.accept(door.service, code, OTHER_PASSWORD, NOW) == ANN
    assert door.session(cookie) is None
    door.sign_in(password=OTHER_PASSWORD)
    with pytest.raises(NotSignedIn, match="used already"):
        invitations.accept(door.service, code, "another good password 9", NOW)
    assert door.triggers()[-3:] == ["invite", "set_password", "sign_in"]


def test_of_two_uses_of_one_invitation_at_the_same_moment_one_sets_the_password(door: Door) -> None:
    code = door.do(invitations.invite, OPERATOR, username=ANN)
    outcomes = at_once(
        lambda: invitations.accept(door.service, code, OTHER_PASSWORD, NOW),
        lambda: invitations.accept(door.service, code, "another good password 9", NOW),
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NotSignedIn", "str"]


def test_an_invitation_ends_with_time_with_a_newer_one_and_with_the_account(door: Door) -> None:
    first = door.do(invitations.invite, OPERATOR, username=ANN)
    second = door.do(invitations.invite, OPERATOR, username=ANN)
    later = NOW + 72 * HOUR
    for code, at in ((first, NOW), (second, later), ("wi_unknown", NOW), ("\ud83d", NOW)):
        with pytest.raises(NotSignedIn, match=r"that invitation is not valid"):
            door.look(invitations.invited, code, at)
    door.do(disable_user, OPERATOR, username=ANN)
    with pytest.raises(NotSignedIn):
        invitations.accept(door.service, second, OTHER_PASSWORD, NOW)
    with pytest.raises(NotAllowed, match="disabled"):
        door.do(invitations.invite, OPERATOR, username=ANN)
    with pytest.raises(NotFound):
        door.do(invitations.invite, OPERATOR, username="nobody.here")


def test_an_invitation_takes_nobodys_second_factor_away_and_is_no_token(door: Door) -> None:
    door.enrol()
    code = door.do(invitations.invite, OPERATOR, username=ANN)
    with pytest.raises(NotSignedIn):
        door.look(tokens.use, code, NOW)
    assert door.look(tokens.list_for, ANN, NOW) == []
    invitations.accept(door.service, code, OTHER_PASSWORD, NOW)
    assert door.sign_in(password=OTHER_PASSWORD).needs == "code"


# Tokens


def issue(door: Door, **given: Any) -> str:
    said = {"name": "reports", "scope": TokenScope.READ, "days": 30, "now": NOW, **given}
    token: str = door.do(tokens.issue, ANN, **said)
    return token


def test_a_token_says_whose_it_is_and_what_for_until_it_expires_or_is_revoked(door: Door) -> None:
    token, second = issue(door), issue(door, name="calendar", scope=TokenScope.FEED, days=1)
    assert door.look(tokens.use, token, NOW) == (ANN, TokenScope.READ)
    assert door.look(tokens.use, second, NOW) == (ANN, TokenScope.FEED)
    (one,) = door.look(tokens.list_for, ANN, NOW + timedelta(days=1))
    assert (one.name, one.scope, one.used_at) == ("reports", TokenScope.READ, None)
    door.do(tokens.seen, token, NOW)
    door.do(tokens.seen, token, NOW + 30 * SECOND)
    assert door.look(tokens.list_for, ANN, NOW + timedelta(days=1))[0].used_at == NOW
    with pytest.raises(NotFound):
        door.do(tokens.revoke, SAM, one.id, NOW)
    door.do(tokens.revoke, ANN, one.id, NOW)
    with pytest.raises(NotFound):
        door.do(tokens.revoke, ANN, one.id, NOW)
    said = set()
    for bad in (token, second, "wm_unknown", "", "\ud83d"):
        with pytest.raises(NotSignedIn) as told:
            door.look(tokens.use, bad, NOW + timedelta(days=1))
        said.add(str(told.value))
    assert len(said) == 1
    assert door.triggers() == ["issue_token", "issue_token", "revoke_token"]


@pytest.mark.parametrize(
    "given", [{"days": 0}, {"days": 366}, {"name": " "}, {"name": "n" * 61}, {"name": "a\nb"}, {"scope": "invite"}]
)
def test_a_token_that_cannot_be_is_refused(door: Door, given: dict[str, Any]) -> None:
    if "scope" in given:
        given = {"scope": TokenScope(given["scope"])}
    with pytest.raises(BadInput):
        issue(door, **given)


# What is kept


def test_neither_the_evidence_nor_a_table_holds_a_secret_that_was_shown_once(door: Door, database: Database) -> None:
    totp = door.enrol()
    invitation = door.do(invitations.invite, OPERATOR, username=SAM)
    token = issue(door, name="Ann's very own")
    half = door.sign_in(address="203.0.113.77").cookie
    whole = sign_in.give_code(door.service, half, totp.at(NOW), NOW)
    door.fail(5, "typed-a-secret-here", "203.0.113.77")
    secrets = (PASSWORD, totp.secret, invitation, token, half, whole, "203.0.113.77", "typed-a-secret-here")
    everything = MetaData()
    with database.read() as connection:
        everything.reflect(connection)
        kept = {
            name: json.dumps([[str(value) for value in row] for row in connection.execute(select(found))])
            for name, found in everything.tables.items()
        }
    assert not [(name, secret) for name, text in kept.items() for secret in secrets if secret in text]
    assert "very own" not in kept["audit_entries"]
    door.look(chains.verify_chains)


def test_nothing_that_signs_in_is_logged(
    door: Door, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    totp = door.enrol()
    sign_in.give_code(door.service, door.sign_in().cookie, totp.at(NOW), NOW)
    door.fail(1)
    said = capsys.readouterr()
    assert said.out + said.err + caplog.text == ""


def test_evidence_of_signing_in_at_the_same_moment_is_one_whole_chain(door: Door, quick_checks: list[str]) -> None:
    outcomes = at_once(*(lambda name=name: door.sign_in(name) for name in (ANN, SAM, ANN, SAM)))
    assert all(isinstance(outcome, sign_in.SignedIn) for outcome in outcomes), outcomes
    assert door.triggers() == ["sign_in"] * 4
    door.look(chains.verify_chains)


def test_a_way_in_is_kept_with_its_evidence(door: Door) -> None:
    sign_in.sign_in(
        door.service,
        username=ANN,
        password=PASSWORD,
        address="192.0.2.1",
        device="",
        now=NOW,
        way=Way(source="web", request_id="r1"),
    )
    entry = door.evidence()[-1]
    assert (entry["source"], entry["request_id"]) == ("web", "r1")
    assert door.look(lambda c: c.execute(select(SESSIONS.c.device)).scalar()) == ""
