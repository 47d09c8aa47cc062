"""Messages leave through servers that hang, refuse, break off or are dead: nothing is lost, repeats keep their key."""

import hashlib
import http.server
import json
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from journeys.parents import expecting, taken_over
from pydantic import SecretStr
from sqlalchemy import select

from config.settings import Settings, Webhook
from scheduler.sweeps import sweep
from states.roles import Role
from workflow import audit, chains
from workflow.access_acts import break_glass, change_access
from workflow.accounts import USERS, Operator, add_user
from workflow.alert_tables import ChannelName
from workflow.alerting import DueDeadlines
from workflow.database import Database
from workflow.delivery.channel import Channel
from workflow.delivery.digests import queue_digests
from workflow.delivery.due_messages import _DUE, LEASE, MOST_ATTEMPTS, DueMessages
from workflow.delivery.notify import NotifyChannel
from workflow.delivery.opening import open_channels
from workflow.delivery.routes import Routes
from workflow.delivery.smtp import EmailChannel, MailServer
from workflow.delivery.webhook import WebhookChannel, signature
from workflow.errors import BadInput
from workflow.invariants import broken_promises
from workflow.job_log import JobRuns
from workflow.jobs import jobs
from workflow.models import EntryKind
from workflow.outbox import MESSAGES, Draft, queue
from workflow.references import read_reference
from workflow.repository import DEADLINES

from factories import Desk, add_people, service_on
from walks import Walk

BY_MAIL = Routes(ChannelName.EMAIL)
NIGHT = datetime(2026, 11, 27, 0, 30, tzinfo=UTC)  # a Friday; what was due on Thursday has just passed
MORNING = datetime(2026, 11, 27, 8, 30, tzinfo=UTC)
SENDER = "Waymark <waymark@example.org>"


# A mail server with manners to choose


@dataclass
class PostOffice:
    """What a mail server got, and how it behaves: accept, refuse, hang, or drop (takes the mail, then breaks off)."""

    manners: str = "accept"
    port: int = 0
    mails: list[tuple[str, str, str]] = field(default_factory=list)  # Message-ID, recipient, text

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.manners == "refuse":
            return "550 no such person"
        if self.manners == "busy":
            return "451 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        text = envelope.content.decode()
        message_id = next(line for line in text.splitlines() if line.lower().startswith("message-id:"))
        self.mails.append((message_id.partition(":")[2].strip(), envelope.rcpt_tos[0], text))
        if self.manners == "drop":
            server.transport.abort()
        return "250 taken"

    @property
    def repeats(self) -> Counter[str]:
        return Counter(message_id for message_id, _, _ in self.mails)


@pytest.fixture
def post() -> Iterator[PostOffice]:
    office = PostOffice()
    controller = Controller(office, hostname="127.0.0.1", port=0)
    controller.port = free_port()
    controller.start()
    office.port = controller.port
    yield office
    controller.stop()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def silent_server() -> Iterator[int]:
    """Takes the connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def mail_to(port: int, timeout: float = 5.0) -> dict[ChannelName, Channel]:
    server = MailServer.from_url(f"smtp://127.0.0.1:{port}?starttls=no")
    return {ChannelName.EMAIL: EmailChannel(server, SENDER, timeout=timeout)}


# A case that is late, and what its messages became


def give_addresses(desk: Desk) -> None:
    with desk.database.write() as connection:
        connection.execute(USERS.update().values(email=USERS.c.username + "@example.org"))


def late_referral(desk: Desk, routes: Routes = BY_MAIL, at: datetime = NIGHT) -> str:
    """A referral that nobody decided on: at `at` its ladder has told the team's manager."""
    give_addresses(desk)
    case = Walk(desk, "prebirth").open("baby.FD").case
    tell(desk, at, routes)
    return case


def tell(desk: Desk, at: datetime, routes: Routes = BY_MAIL) -> int:
    return sweep(DueDeadlines(desk.engine, "test", routes=routes), at)


def deliver(desk: Desk, channels: Mapping[ChannelName, Channel], at: datetime) -> int:
    due = DueMessages(desk.engine, channels, "test", base_url="https://waymark.example", chance=Random(7))
    return sweep(due, at)


def messages(desk: Desk, channel: ChannelName = ChannelName.EMAIL) -> list[dict[str, Any]]:
    query = select(MESSAGES).where(MESSAGES.c.channel == channel).order_by(MESSAGES.c.key)
    with desk.database.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def only(desk: Desk, channel: ChannelName = ChannelName.EMAIL) -> dict[str, Any]:
    (row,) = messages(desk, channel)
    return row


def queue_plain(desk: Desk, count: int, *, urgent: bool, at: datetime) -> None:
    """Messages about no deadline, to the team's manager."""
    give_addresses(desk)
    params = {"case": "PB-1", "deadline": "PB-1.1", "level": "R1", "due_on": "2026-11-26"}
    drafts = [
        Draft(
            key=f"test/{number}/{urgent}",
            recipient="baby.TM",
            channel=ChannelName.EMAIL,
            template="deadline",
            params=params,
            urgent=urgent,
        )
        for number in range(count)
    ]
    with desk.database.write() as connection:
        queue(connection, drafts, at)


def all_is_proved(desk: Desk) -> None:
    with desk.database.read() as connection:
        chains.verify_chains(connection)
        assert broken_promises(connection, desk.engine.calendar) == []


# Sent


def test_a_message_waits_for_office_hours_and_says_nothing_but_a_reference(desk: Desk, post: PostOffice) -> None:
    case = late_referral(desk)
    assert deliver(desk, mail_to(post.port), NIGHT + timedelta(minutes=5)) == 0
    assert deliver(desk, mail_to(post.port), MORNING) == 1
    row = only(desk)
    assert (row["status"], row["attempts"], row["recipient"]) == ("sent", 1, "baby.TM")
    ((message_id, to, text),) = post.mails
    assert to == "baby.TM@example.org"
    assert message_id == f"<{hashlib.sha256(row['key'].encode()).hexdigest()[:40]}@example.org>"
    assert f"Subject: {case}: a time limit has passed (R0)" in text
    assert f"https://waymark.example/cases/{case}" in text
    assert "invented" not in text.lower()
    assert deliver(desk, mail_to(post.port), MORNING + timedelta(days=1)) == 0, "once sent, never again"


def test_an_urgent_message_does_not_wait_for_the_morning(desk: Desk, post: PostOffice) -> None:
    queue_plain(desk, 1, urgent=True, at=NIGHT)
    assert deliver(desk, mail_to(post.port), NIGHT) == 1
    assert only(desk)["status"] == "sent"


def test_without_an_address_or_a_mail_server_people_are_told_in_the_inbox(desk: Desk) -> None:
    case = Walk(desk, "prebirth").open("baby.FD").case
    tell(desk, NIGHT)
    assert messages(desk) == []
    inbox = messages(desk, ChannelName.INBOX)
    assert {(row["recipient"], row["status"]) for row in inbox} == {("baby.TM", "sent")}
    assert {row["params"]["case"] for row in inbox} == {case}
    give_addresses(desk)
    tell(desk, NIGHT + timedelta(days=30), Routes())
    assert messages(desk) == []


@pytest.mark.mostly_one_database
def test_tls_and_a_sign_in_protect_the_way_out(desk: Desk, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    context, certificate = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    signed_in: list[bytes] = []

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        signed_in.append(data.password)
        return AuthResult(success=data.password == b"s@cret")

    office = PostOffice()
    controller = Controller(
        office,
        hostname="127.0.0.1",
        port=free_port(),
        require_starttls=True,
        tls_context=context,
        auth_required=True,
        authenticator=authenticate,
    )
    controller.start()
    try:
        queue_plain(desk, 1, urgent=True, at=NIGHT)
        for password, status in (("wrong", "queued"), ("s%40cret", "sent")):
            url = f"smtp://waymark:{password}@localhost:{controller.port}?starttls=yes"
            channels = open_channels(Settings(smtp_url=SecretStr(url), mail_from=SENDER))
            deliver(desk, channels, NIGHT if status == "queued" else NIGHT + timedelta(hours=1))
            row = only(desk)
            assert row["status"] == status
            assert "wrong" not in (row["last_error"] or "")
        assert signed_in == [b"wrong", b"s@cret"]
        assert len(office.mails) == 1
    finally:
        controller.stop()


def self_signed(folder: Any) -> tuple[Any, Any]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, own = folder / "mail.pem", folder / "mail.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    own.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, own)
    return context, pem


# Servers that fail


def test_a_server_that_hangs_costs_a_try_and_no_message(desk: Desk, post: PostOffice) -> None:
    queue_plain(desk, 3, urgent=True, at=NIGHT)
    with silent_server() as port:
        began = time.monotonic()
        deliver(desk, mail_to(port, timeout=0.5), NIGHT)
        assert time.monotonic() - began < 5, "the rest of the batch does not wait for it as well"
    rows = messages(desk)
    assert {(row["status"], row["attempts"]) for row in rows} == {("queued", 1)}
    assert {row["last_error"] for row in rows} == {"the mail server did not answer in time"}
    deliver(desk, mail_to(post.port), NIGHT + timedelta(minutes=3))
    assert {row["status"] for row in messages(desk)} == {"sent"}
    assert len(post.mails) == 3
    assert set(post.repeats.values()) == {1}


def test_a_node_that_stops_does_not_wait_for_a_server_that_hangs(desk: Desk, post: PostOffice) -> None:
    queue_plain(desk, 3, urgent=True, at=NIGHT)
    began = time.monotonic()
    with silent_server() as port:
        due = DueMessages(
            desk.engine,
            mail_to(port, timeout=4),
            "test",
            base_url="https://waymark.example",
            stop=lambda: time.monotonic() - began > 0.5,
        )
        due.perform(NIGHT, 10)
        assert time.monotonic() - began < 2
        assert sorted(row["attempts"] for row in messages(desk)) == [0, 0, 1]
    deliver(desk, mail_to(post.port), NIGHT + LEASE + timedelta(seconds=30))
    assert {row["status"] for row in messages(desk)} == {"sent"}


def test_a_server_that_is_busy_is_asked_again_later(desk: Desk, post: PostOffice) -> None:
    post.manners = "busy"
    queue_plain(desk, 1, urgent=False, at=MORNING)
    deliver(desk, mail_to(post.port), MORNING)
    row = only(desk)
    assert (row["status"], row["attempts"]) == ("queued", 1)
    assert timedelta(minutes=1) < row["next_try_at"] - MORNING < timedelta(minutes=3)
    post.manners = "accept"
    deliver(desk, mail_to(post.port), row["next_try_at"] - timedelta(seconds=5))
    assert only(desk)["attempts"] == 1
    deliver(desk, mail_to(post.port), row["next_try_at"] + timedelta(seconds=1))
    assert only(desk)["status"] == "sent"


def test_an_address_that_is_refused_becomes_an_alert_to_the_next_tier(desk: Desk, post: PostOffice) -> None:
    post.manners = "refuse"
    case = late_referral(desk)
    deliver(desk, mail_to(post.port), MORNING)
    row = only(desk)
    assert (row["status"], row["attempts"]) == ("failed", 1)
    assert row["last_error"] == "the mail server refused the address (550)"
    told = [one for one in messages(desk, ChannelName.INBOX) if one["template"] == "undelivered"]
    # The team's manager could not be reached, and is the next step too: so the step after that is told.
    assert {one["recipient"] for one in told} == {"baby.SM", "baby.SM2"}
    assert all(one["urgent"] and one["status"] == "sent" for one in told)
    _, case_id = read_reference(case)
    with desk.database.read() as connection:
        entry = audit.entries_of(connection, case_id)[-1]
        this = (DEADLINES.c.case_id == case_id) & (DEADLINES.c.number == row["number"])
        deadline = connection.execute(select(DEADLINES).where(this)).mappings().one()
    assert (entry["kind"], entry["trigger"]) == (EntryKind.ALERTED, "undelivered")
    assert entry["trace"]["undelivered"] == row["key"]
    assert sorted(entry["trace"]["told"]) == sorted(one["recipient"] for one in told)
    assert abs(deadline["next_action_at"] - MORNING) < timedelta(seconds=30)
    tell(desk, MORNING + timedelta(minutes=1))
    assert len(messages(desk)) == 1, "looking again tells nobody twice"
    all_is_proved(desk)


def test_a_server_that_takes_a_mail_and_breaks_off_gets_it_again_under_the_same_id(
    desk: Desk, post: PostOffice
) -> None:
    post.manners = "drop"
    queue_plain(desk, 1, urgent=True, at=NIGHT)
    deliver(desk, mail_to(post.port), NIGHT)
    assert only(desk)["status"] == "queued", "nobody knows whether it arrived"
    post.manners = "accept"
    deliver(desk, mail_to(post.port), NIGHT + timedelta(minutes=2))
    assert only(desk)["status"] == "sent"
    assert list(post.repeats.values()) == [2]


def test_a_mail_server_dead_for_a_day_loses_nothing(desk: Desk, post: PostOffice) -> None:
    queue_plain(desk, 5, urgent=False, at=MORNING)
    queue_plain(desk, 2, urgent=True, at=MORNING)
    dead = mail_to(free_port())
    due = DueMessages(desk.engine, dead, "test", base_url="https://waymark.example", chance=Random(7))
    now = MORNING
    for _ in range(24 * 6):
        sweep(due, now)
        now += timedelta(minutes=10)
    status = Counter((row["urgent"], row["status"]) for row in messages(desk))
    assert status == {(False, "queued"): 5, (True, "failed"): 2}
    told = [one for one in messages(desk, ChannelName.INBOX) if one["template"] == "undelivered"]
    assert {one["recipient"] for one in told} == {"both.ADM", "both.ADM2"}
    assert len(told) == 4, "each urgent message that was given up is told, once, to each who can help"
    for _ in range(12 * 6):
        deliver(desk, mail_to(post.port), now)
        now += timedelta(minutes=10)
    assert {row["status"] for row in messages(desk) if not row["urgent"]} == {"sent"}
    assert len(post.mails) == 5
    assert set(post.repeats.values()) == {1}
    all_is_proved(desk)


def test_no_more_than_eight_tries_and_a_last_one_cut_short_is_not_silent(desk: Desk, post: PostOffice) -> None:
    late_referral(desk)
    with desk.database.write() as connection:
        mails = MESSAGES.c.channel == ChannelName.EMAIL
        connection.execute(MESSAGES.update().where(mails).values(attempts=MOST_ATTEMPTS))
    deliver(desk, mail_to(post.port), MORNING)
    assert (only(desk)["status"], only(desk)["last_error"]) == ("failed", "the last try was cut short")
    assert post.mails == []
    assert [one for one in messages(desk, ChannelName.INBOX) if one["template"] == "undelivered"]


def test_a_leaver_is_not_written_to_and_somebody_else_is_told(desk: Desk, post: PostOffice) -> None:
    late_referral(desk)
    with desk.database.write() as connection:
        connection.execute(USERS.update().where(USERS.c.username == "baby.TM").values(active=False))
    deliver(desk, mail_to(post.port), MORNING)
    assert only(desk)["last_error"] == "the account is closed or has no address"
    assert [one for one in messages(desk, ChannelName.INBOX) if one["template"] == "undelivered"]
    assert post.mails == []


def test_a_channel_that_was_taken_away_is_not_silent_either(desk: Desk) -> None:
    queue_plain(desk, 1, urgent=True, at=NIGHT)
    for hour in range(12):
        deliver(desk, {}, NIGHT + timedelta(hours=hour))
    assert (only(desk)["status"], only(desk)["last_error"]) == ("failed", "no email is set up on this node")


def test_an_idle_tick_looks_at_what_is_due_and_not_at_what_was_ever_sent(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.read() as connection:
        query = str(_DUE.compile(dialect=connection.dialect))
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", (NIGHT.isoformat(), 50, 0)).all()
    database.close()
    assert "SEARCH messages USING INDEX ix_messages_next_try" in str(plan)


# Nodes that meet, and nodes that die


def test_two_deliverers_at_once_send_each_message_once(desk: Desk, post: PostOffice) -> None:
    queue_plain(desk, 60, urgent=True, at=NIGHT)
    url = desk.database.url.render_as_string(hide_password=False)

    def one_node(name: str) -> None:
        database = Database(url)
        due = DueMessages(service_on(database).engine, mail_to(post.port), name, base_url="https://waymark.example")
        sweep(due, NIGHT, batch=7)
        database.close()

    nodes = [threading.Thread(target=one_node, args=(name,)) for name in ("one", "two")]
    for node in nodes:
        node.start()
    for node in nodes:
        node.join()
    assert {(row["status"], row["attempts"]) for row in messages(desk)} == {("sent", 1)}
    assert len(post.repeats) == 60
    assert set(post.repeats.values()) == {1}


KILLED = """
import sys
from datetime import datetime
from config.settings import Settings
from scheduler import failpoints
from workflow.bootstrap import open_service
from workflow.delivery.due_messages import DueMessages

settings = Settings()
failpoints.arm("deliver:2")
DueMessages.by(settings, open_service(settings).engine, "killed").perform(datetime.fromisoformat(sys.argv[1]), 10)
"""


def test_a_node_killed_between_sending_and_marking_repeats_with_the_same_id(desk: Desk, post: PostOffice) -> None:
    queue_plain(desk, 3, urgent=True, at=NIGHT)
    environment = {
        "WAYMARK_DATABASE_URL": desk.database.url.render_as_string(hide_password=False),
        "WAYMARK_SMTP_URL": f"smtp://127.0.0.1:{post.port}?starttls=no",
        "WAYMARK_MAIL_FROM": SENDER,
    }
    node = subprocess.run(
        [sys.executable, "-c", KILLED, NIGHT.isoformat()], env=environment, timeout=60, capture_output=True, check=False
    )
    assert node.returncode == -signal.SIGKILL, node.stderr
    assert sorted(row["status"] for row in messages(desk)) == ["queued", "queued", "sent"]
    assert deliver(desk, mail_to(post.port), NIGHT + timedelta(minutes=1)) == 0, "its lease still runs"
    deliver(desk, mail_to(post.port), NIGHT + LEASE + timedelta(minutes=1))
    assert {row["status"] for row in messages(desk)} == {"sent"}
    assert sorted(post.repeats.values()) == [1, 1, 2]


# What has ended is not told


def test_a_pregnancy_that_ends_takes_back_what_was_queued_in_its_case_and_those_under_it(
    desk: Desk, post: PostOffice
) -> None:
    give_addresses(desk)
    parent = expecting(desk, due=date(2027, 3, 1))
    taken_over(desk, "pre_proceedings", "pp_started", parent=parent, pp_start_date="2026-11-25")
    late = datetime(2027, 2, 27, 3, 0, tzinfo=UTC)  # a Saturday night
    tell(desk, late)
    about_birth = {"letter_before_proceedings", "pp_decision_before_birth"}
    queued = [row for row in messages(desk) if row["status"] == "queued"]
    clocks = clocks_of(desk, queued)
    assert about_birth & set(clocks.values()), "the case under it was told about"
    desk.now = late + timedelta(hours=1)
    desk.fire(parent, "report_pregnancy_ended", "baby.CW", {"end_reported_by": "the hospital"})
    ended = ended_of(desk)
    assert ended
    after = {row["key"]: row for row in messages(desk)}
    for key, row in after.items():
        assert row["status"] == ("dropped" if (row["case_id"], row["number"]) in ended else "queued"), key
    deliver(desk, mail_to(post.port), datetime(2027, 3, 1, 8, 30, tzinfo=UTC))
    sent = {(row["case_id"], row["number"]) for row in messages(desk) if row["status"] == "sent"}
    assert not sent & ended
    assert {row["status"] for row in messages(desk)} <= {"sent", "dropped"}


def clocks_of(desk: Desk, rows: list[dict[str, Any]]) -> dict[tuple[int, int], str]:
    with desk.database.read() as connection:
        found = connection.execute(select(DEADLINES.c.case_id, DEADLINES.c.number, DEADLINES.c.clock))
        clocks = {(one.case_id, one.number): one.clock for one in found}
    return {(row["case_id"], row["number"]): clocks[row["case_id"], row["number"]] for row in rows}


def ended_of(desk: Desk) -> set[tuple[int, int]]:
    with desk.database.read() as connection:
        query = select(DEADLINES.c.case_id, DEADLINES.c.number).where(DEADLINES.c.closed_at.is_not(None))
        return {(one.case_id, one.number) for one in connection.execute(query)}


@pytest.mark.parametrize("change", ["closed", "dated anew"])
def test_what_is_no_longer_so_when_it_is_claimed_is_dropped(desk: Desk, post: PostOffice, change: str) -> None:
    late_referral(desk)
    values = {"closed_at": NIGHT, "status": "met"} if change == "closed" else {"due_on": date(2027, 1, 4)}
    with desk.database.write() as connection:
        connection.execute(DEADLINES.update().values(**values))
    deliver(desk, mail_to(post.port), MORNING)
    assert only(desk)["status"] == "dropped"
    assert post.mails == []


# The digest


def test_what_is_for_the_worklist_only_comes_in_one_mail_a_day(desk: Desk, post: PostOffice) -> None:
    give_addresses(desk)
    cases = [expecting_with(desk, f"OLD-{number}") for number in range(3)]
    tell(desk, datetime(2026, 12, 19, 9, 0, tzinfo=UTC))
    low = [row for row in messages(desk, ChannelName.INBOX) if row["params"].get("digest")]
    assert low, "warnings of the standard ladder stand on the worklist only"
    people = {row["recipient"] for row in low}
    assert not [row for row in messages(desk) if row["params"]["level"].startswith("A")]
    saturday, monday = datetime(2026, 12, 19, 9, 30, tzinfo=UTC), datetime(2026, 12, 21, 8, 30, tzinfo=UTC)
    assert queue_digests(desk.engine, saturday, BY_MAIL) == 0
    assert queue_digests(desk.engine, monday - timedelta(minutes=1), BY_MAIL) == 0
    assert queue_digests(desk.engine, monday, Routes()) == 0
    assert queue_digests(desk.engine, monday, BY_MAIL) == len(people)
    assert queue_digests(desk.engine, monday + timedelta(hours=3), BY_MAIL) == 0, "one a day"
    assert queue_digests(desk.engine, monday + timedelta(days=1), BY_MAIL) == 0, "nothing new"
    deliver(desk, mail_to(post.port), monday)
    digests = [mail for mail in post.mails if "Your worklist on" in mail[2]]
    assert {to for _, to, _ in digests} == {f"{one}@example.org" for one in people}
    assert all(f"/cases/{case}" in digests[0][2] for case in cases if f"{case}." in digests[0][2])


def expecting_with(desk: Desk, source_reference: str) -> str:
    facts = {"worker": "baby.CW", "received_on": desk.now.date().isoformat(), "edd": "2027-03-01"}
    return taken_over(desk, "prebirth", "birth_ready", source_reference=source_reference, **facts).case


def test_a_digest_leaves_out_what_has_ended_since_and_is_dropped_when_nothing_is_left(
    desk: Desk, post: PostOffice
) -> None:
    case = late_referral(desk)
    name = f"{case}.1"
    with desk.database.write() as connection:
        for username, names in (("baby.CW", [name, "PB-999.1"]), ("baby.CW2", ["PB-999.1"])):
            params = {"on": "2026-11-27", "deadlines": names}
            draft = Draft(
                key=f"digest/{username}",
                recipient=username,
                channel=ChannelName.EMAIL,
                template="digest",
                params=params,
            )
            queue(connection, [draft], MORNING)
    deliver(desk, mail_to(post.port), MORNING)
    status = {row["recipient"]: row["status"] for row in messages(desk) if row["template"] == "digest"}
    assert status == {"baby.CW": "sent", "baby.CW2": "dropped"}
    (text,) = [text for _, _, text in post.mails if "Your worklist" in text]
    assert name in text
    assert "PB-999" not in text


# Webhooks and Notify


@dataclass
class Receiver:
    """A web server that keeps what it got and answers what it is told to."""

    answer: int = 200
    port: int = 0
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    state = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.got.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(state.answer)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b'{"id": "1", "errors": [{"message": "x"}]}')

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def hook(receiver: Receiver, shape: Any = "waymark") -> dict[ChannelName, Channel]:
    url = SecretStr(f"http://127.0.0.1:{receiver.port}/hooks/waymark?room=7")
    webhook = Webhook(url=url, secret=SecretStr("shared"), shape=shape)
    return {ChannelName.WEBHOOK: WebhookChannel({"durham": webhook})}


def test_what_has_climbed_is_posted_signed_to_the_authority(desk: Desk, receiver: Receiver) -> None:
    routes = Routes(webhooks=frozenset({"durham"}))
    case = late_referral(desk, routes)
    assert messages(desk, ChannelName.WEBHOOK) == [], "R0 stays in the team"
    climbed = datetime(2026, 12, 4, 10, 0, tzinfo=UTC)
    tell(desk, climbed, routes)
    (row,) = messages(desk, ChannelName.WEBHOOK)
    receiver.answer = 503
    deliver(desk, hook(receiver), climbed)
    assert (only(desk, ChannelName.WEBHOOK)["status"], row["recipient"]) == ("queued", "durham")
    receiver.answer = 200
    deliver(desk, hook(receiver), climbed + timedelta(minutes=10))
    assert only(desk, ChannelName.WEBHOOK)["status"] == "sent"
    assert [path for path, _, _ in receiver.got] == ["/hooks/waymark?room=7"] * 2
    for _, headers, body in receiver.got:
        assert headers["x-waymark-key"] == row["key"]
        assert headers["x-waymark-signature"] == signature("shared", headers["x-waymark-timestamp"], body)
        said = json.loads(body)
        assert (said["case"], said["level"], said["key"]) == (case, "R2", row["key"])
        assert said["link"] == f"https://waymark.example/cases/{case}"


@pytest.mark.parametrize("answer", [302, 404])
def test_a_webhook_that_refuses_for_good_is_told_to_people(desk: Desk, receiver: Receiver, answer: int) -> None:
    routes = Routes(webhooks=frozenset({"durham"}))
    receiver.answer = answer
    climbed = datetime(2026, 12, 4, 10, 0, tzinfo=UTC)
    late_referral(desk, routes, climbed)
    deliver(desk, hook(receiver, "teams"), climbed)
    assert only(desk, ChannelName.WEBHOOK)["last_error"] == f"the webhook answered {answer}"
    told = [one for one in messages(desk, ChannelName.INBOX) if one["template"] == "undelivered"]
    assert {"baby.HOS", "baby.TM"} <= {one["recipient"] for one in told}, "the next step, and the team's manager"
    assert len(receiver.got) == 1
    all_is_proved(desk)


def test_notify_is_called_with_the_key_as_reference(desk: Desk, receiver: Receiver) -> None:
    give_addresses(desk)
    key = "test-" + "-".join(["8b3aa916-ec82-434e-b0c5-d5d9b371d6a3"] * 2)
    settings = Settings(
        notify_key=SecretStr(key),
        notify_templates={"deadline": "f33517ff-2a88-4f6e-b855-c550268ce08a"},
        notify_url=f"http://127.0.0.1:{receiver.port}",
        smtp_url=SecretStr("smtp://127.0.0.1:1"),
        mail_from=SENDER,
    )
    routes, channels = Routes.by(settings), open_channels(settings)
    assert routes.mail is ChannelName.NOTIFY, "never by both"
    assert isinstance(channels[ChannelName.NOTIFY], NotifyChannel)
    Walk(desk, "prebirth").open("baby.FD")
    tell(desk, NIGHT, routes)
    for answer, status in ((500, "queued"), (201, "sent")):
        receiver.answer = answer
        deliver(desk, channels, MORNING if status == "queued" else MORNING + timedelta(hours=1))
        assert only(desk, ChannelName.NOTIFY)["status"] == status
    path, _, body = receiver.got[-1]
    said = json.loads(body)
    assert path == "/v2/notifications/email"
    assert said["reference"] == only(desk, ChannelName.NOTIFY)["key"]
    assert said["email_address"] == "baby.TM@example.org"
    assert set(said["personalisation"]) == {"subject", "text", "link"}


# Addresses


def test_an_address_is_given_with_the_account_and_checked(database: Database) -> None:
    add_people(database)
    operator = Operator(name="os:test", now=NIGHT)

    def add(email: str | None) -> str | None:
        with database.write() as connection:
            add_user(connection, operator, username="ann", name="Ann", role=Role.CASEWORKER, team="baby", email=email)
            found: str | None = connection.execute(select(USERS.c.email).where(USERS.c.username == "ann")).scalar()
            return found

    assert add("ann@example.org") == "ann@example.org"
    assert add(None) == "ann@example.org", "a new token keeps the address"
    assert add("ann.new@example.org") == "ann.new@example.org"
    for wrong in ("ann", "ann@host", "a@b.example\nBcc: c@d.example", "Ann <a@b.example>"):
        with pytest.raises(BadInput, match="not an e-mail address"):
            add(wrong)
    with database.read() as connection:
        said = [one["facts"] for one in audit.entries_of(connection, 0)]
    assert "example.org" not in json.dumps(said), "the chain keeps no address"


# Notices that cannot wait for somebody to sign in


def test_urgent_notices_leave_by_mail_with_counts_and_names_of_jobs_only(desk: Desk, post: PostOffice) -> None:
    give_addresses(desk)
    log = JobRuns(desk.database, BY_MAIL)
    for _ in range(4):
        log.finished(log.started("deadline sweep", "the-name-of-a-machine", NIGHT), NIGHT, "failed", 0)
    assert deliver(desk, mail_to(post.port), NIGHT) == 2, "at once, once a day, to each administrator"
    assert {to for _, to, _ in post.mails} == {"both.ADM@example.org", "both.ADM2@example.org"}
    text = post.mails[0][2]
    assert "Subject: Waymark: the job 'deadline sweep' keeps failing" in text
    assert "failed 3 times in a row" in text
    assert "the-name-of-a-machine" not in text
    assert len(messages(desk, ChannelName.INBOX)) == 2


def test_broken_promises_are_mailed_by_the_node_that_finds_them(desk: Desk, post: PostOffice) -> None:
    give_addresses(desk)
    settings = Settings(smtp_url=SecretStr(f"smtp://127.0.0.1:{post.port}?starttls=no"), mail_from=SENDER)
    case_id = read_reference(Walk(desk, "prebirth").open("baby.FD").case)[1]
    with desk.database.write() as connection:
        connection.execute(DEADLINES.update().where(DEADLINES.c.case_id == case_id).values(next_action_at=NIGHT))
    service = replace(desk.service, settings=settings)
    found = jobs(service, "test")["light check"].act(NIGHT + timedelta(days=3))
    assert found > 0
    assert deliver(desk, mail_to(post.port), NIGHT + timedelta(days=3)) == 2
    assert f"Subject: Waymark: {found} promise" in post.mails[0][2]
    assert "PB-" not in post.mails[0][2]


def test_broken_glass_is_mailed_to_who_answers_for_the_case(desk: Desk, post: PostOffice) -> None:
    give_addresses(desk)
    case = Walk(desk, "prebirth").open("baby.FD").case
    facts = {"reason": "an invented reason"}
    change_access(desk.engine, desk.who("baby.TM"), desk.now, act="restrict", case=case, facts=facts)
    break_glass(desk.engine, desk.who("baby.EDT"), desk.now, case=case, reason="an invented emergency", routes=BY_MAIL)
    assert deliver(desk, mail_to(post.port), desk.now) == 1
    ((_, to, text),) = post.mails
    assert to == "baby.TM@example.org"
    assert f"Subject: {case}: opened in an emergency" in text
    assert "invented" not in text
    all_is_proved(desk)


def test_broken_glass_that_cannot_be_mailed_is_told_to_the_next_in_the_inbox(desk: Desk, post: PostOffice) -> None:
    give_addresses(desk)
    case = Walk(desk, "prebirth").open("baby.FD").case
    facts = {"reason": "an invented reason"}
    change_access(desk.engine, desk.who("baby.TM"), desk.now, act="restrict", case=case, facts=facts)
    break_glass(desk.engine, desk.who("baby.EDT"), desk.now, case=case, reason="invented", routes=BY_MAIL)
    post.manners = "refuse"
    deliver(desk, mail_to(post.port), desk.now)
    told = {row["recipient"] for row in messages(desk, ChannelName.INBOX) if row["template"] == "undelivered"}
    assert told == {"baby.SM", "baby.SM2"}
    all_is_proved(desk)
