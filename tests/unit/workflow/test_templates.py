"""Messages carry a reference, a level, a date and a link, and nothing about a person, whatever they are given."""

import hmac
import json
import re
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import unquote

import pytest
from pydantic import SecretStr, ValidationError

import workflow
from config.settings import Settings, Webhook
from workflow.alerting import next_office_time
from workflow.bootstrap import england
from workflow.delivery.channel import DeliveryFailed, Outgoing
from workflow.delivery.due_messages import JITTER, MOST_ATTEMPTS, wait_after
from workflow.delivery.opening import open_channels
from workflow.delivery.smtp import EmailChannel, MailServer
from workflow.delivery.templates import FOOTER, WORDS, render
from workflow.delivery.webhook import SHAPES, signature
from workflow.errors import NotReady

from factories import POLICIES

BASE = "https://waymark.example.gov.uk"
ABOUT = {"case": "PB-12", "deadline": "PB-12.3", "level": "R2", "due_on": "2026-11-26"}
STRAY = {
    "name": "Mary Invented",
    "account": "ann.example",
    "address": "1 Made-up Street",
    "reason": "she fears her partner",
    "clock": "birth_plan",
    "channel": "email",
}
GIVEN: dict[str, dict[str, Any]] = {
    "deadline": {**ABOUT, "must_acknowledge": True},
    "move": {"case": "PB-12", "entry": "PB-12#4"},
    "undelivered": ABOUT,
    "digest": {"on": "2026-11-26", "deadlines": ["PB-12.3", "CP-7.1"]},
    "break_glass": {"case": "PB-12", "entry": "PB-12#4"},
    "broken_promises": {"count": 2, "check": "nightly"},
    "job_failing": {"job": "deadline sweep", "failures": 3},
    "absent_worker": {"team": "durham-prebirth", "why": "worker_left", "count": 3, "cases": ["PB-12", "PB-13"]},
    "calendar_horizon": {"verified_to": 2028},
    "newer_policy": {"authority": "durham", "version": "2027.1", "cases": 12},
    "training_ends": {"team": "durham-prebirth", "until": "2026-12-31", "ended": False},
}
SAYABLE = {
    *("case", "entry", "deadline", "level", "due_on", "must_acknowledge"),
    *("on", "deadlines", "count", "check", "job", "failures", "team", "until", "ended"),
    *("why", "cases", "verified_to", "authority", "version"),
}


def outgoing(template: str, params: dict[str, Any]) -> Outgoing:
    words = render(template, params, BASE)
    return Outgoing(
        key="PB-12.3/1/R2/durham/webhook",
        to="durham",
        template=template,
        subject=words.subject,
        text=words.text,
        link=words.link,
        fields=words.fields,
        at=datetime(2026, 11, 27, 8, 30, tzinfo=UTC),
    )


@pytest.mark.parametrize("template", WORDS)
def test_no_template_lets_anything_about_a_person_out(template: str) -> None:
    for level, acknowledge in product(("A", "A2", "R0", "R4"), (True, False)):
        params = {**GIVEN[template], "level": level, "must_acknowledge": acknowledge}
        plain, with_stray = outgoing(template, params), outgoing(template, {**params, **STRAY})
        assert with_stray == plain, "parameters that are not named change nothing"
        assert set(plain.fields) <= SAYABLE
        for shape in SHAPES.values():
            said = json.dumps(shape(with_stray))
            assert not [value for value in STRAY.values() if value in said and value not in FOOTER and value != "email"]


@pytest.mark.parametrize(
    ("template", "field"),
    [(template, field) for template, given in GIVEN.items() for field in given if field != "must_acknowledge"],
)
def test_a_name_in_the_place_of_a_reference_is_refused(template: str, field: str) -> None:
    listed = isinstance(GIVEN[template][field], list)
    strayed: Any = ["Mary Invented"] if listed else "Mary Invented"
    with pytest.raises(DeliveryFailed) as failed:
        render(template, {**GIVEN[template], field: strayed}, BASE)
    assert failed.value.permanent
    assert "Mary" not in failed.value.reason


def test_every_message_the_service_writes_has_words() -> None:
    written = re.findall(
        r'template="(\w+)"', "".join(file.read_text() for file in Path(workflow.__file__).parent.rglob("*.py"))
    )
    assert set(written) == set(WORDS)


def test_an_unknown_template_is_refused() -> None:
    with pytest.raises(DeliveryFailed, match="no template 'gossip'"):
        render("gossip", {}, BASE)


def test_a_message_says_what_is_asked_in_plain_words() -> None:
    words = render("deadline", GIVEN["deadline"], BASE + "/")
    assert words.subject == "PB-12: a time limit has passed (R2)"
    assert words.text.startswith(
        "Time limit PB-12.3 on case PB-12 was due on Thursday 26 November 2026 and has not been met (step R2). "
        "Please acknowledge it, and say when it will be done and why it is late.\n\n"
        "https://waymark.example.gov.uk/cases/PB-12\n"
    )
    assert render("deadline", {**ABOUT, "level": "A1"}, BASE).subject == "PB-12: a time limit is close"
    digest = render("digest", GIVEN["digest"], BASE)
    assert digest.subject == "Your worklist on Thursday 26 November 2026: 2 time limits"
    assert "- CP-7.1: https://waymark.example.gov.uk/cases/CP-7" in digest.text


def test_the_same_key_gives_the_same_message_id_and_another_key_another() -> None:
    channel = EmailChannel(MailServer.from_url("smtp://localhost"), "Waymark <waymark@example.gov.uk>")
    message = outgoing("deadline", GIVEN["deadline"])
    ids = [channel.letter(message)["Message-ID"] for _ in range(2)]
    assert ids[0] == ids[1]
    assert ids[0].endswith("@example.gov.uk>")


def test_the_signature_covers_timestamp_and_body() -> None:
    by_hand = hmac.new(b"s", b"1.{}", "sha256").hexdigest()
    others = {signature("s", "2", b"{}"), signature("s", "1", b"{ }"), signature("t", "1", b"{}")}
    assert signature("s", "1", b"{}") == by_hand
    assert len(others | {by_hand}) == 4


@pytest.mark.parametrize(
    ("url", "host", "port", "use_tls", "start_tls"),
    [
        ("smtp://mail.example", "mail.example", 587, False, True),
        ("smtp://mail.example:2525?starttls=no", "mail.example", 2525, False, False),
        ("smtp://localhost:25", "localhost", 25, False, None),
        ("smtps://mail.example", "mail.example", 465, True, False),
    ],
)
def test_mail_is_encrypted_unless_the_server_is_this_machine(
    url: str, host: str, port: int, use_tls: bool, start_tls: bool | None
) -> None:
    server = MailServer.from_url(url)
    assert (server.host, server.port, server.use_tls, server.start_tls) == (host, port, use_tls, start_tls)


def test_secrets_are_never_shown() -> None:
    server = MailServer.from_url("smtp://ann:s%40crets@mail.example")
    assert server.password == unquote("s%40crets")
    assert "crets" not in repr(server)
    for wrong in ("http://ann:secret@mail", "smtp://", "smtp://ann:secret@mail:port", "smtp://m?starttls=perhaps"):
        with pytest.raises(NotReady) as told:
            open_channels(Settings(smtp_url=SecretStr(wrong), mail_from="a@b.example"))
        assert "ann:secret" not in str(told.value)
    with pytest.raises(NotReady, match="WAYMARK_MAIL_FROM"):
        open_channels(Settings(smtp_url=SecretStr("smtp://localhost")))
    hooks = {"durham": Webhook(url=SecretStr("ftp://host/secret"), secret=SecretStr("hidden"))}
    with pytest.raises(NotReady) as told:
        open_channels(Settings(webhooks=hooks))
    assert "secret" not in str(told.value)
    assert "hidden" not in repr(Settings(webhooks=hooks))


def test_a_wrong_setting_is_told_without_what_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYMARK_WEBHOOKS", '{"durham": {"url": "https://a", "secret": "hidden", "shape": "fax"}}')
    with pytest.raises(ValidationError) as told:
        Settings()
    assert "hidden" not in str(told.value)


def test_waits_grow_and_urgent_messages_are_given_up_the_same_day() -> None:
    def total(urgent: bool, factor: float) -> timedelta:
        class Fixed(Random):
            def uniform(self, a: float, b: float) -> float:
                return factor

        waits = [wait_after(n, urgent=urgent, chance=Fixed()) for n in range(1, MOST_ATTEMPTS)]
        assert waits == sorted(waits)
        return sum(waits, timedelta())

    assert total(False, 1 - JITTER) > timedelta(hours=24), "a mail server may be down for a day"
    assert total(True, 1 + JITTER) < timedelta(hours=3)
    assert wait_after(3, urgent=True, chance=Random(1)) != wait_after(3, urgent=True, chance=Random(2))


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-11-25T10:00:00+00:00", "2026-11-25T10:00:00+00:00"),
        ("2026-11-25T03:00:00+00:00", "2026-11-25T08:30:00+00:00"),
        ("2026-11-27T17:30:00+00:00", "2026-11-30T08:30:00+00:00"),  # Friday evening
        ("2026-12-24T20:00:00+00:00", "2026-12-29T08:30:00+00:00"),  # 26 December is a Saturday: Monday is off too
        ("2026-03-28T12:00:00+00:00", "2026-03-30T07:30:00+00:00"),  # the clocks go forward on the Sunday
        ("2026-10-24T12:00:00+00:00", "2026-10-26T08:30:00+00:00"),
    ],
)
def test_messages_that_can_wait_wait_for_office_hours(now: str, then: str) -> None:
    calendar = england(POLICIES["statutory"])
    assert next_office_time(calendar, datetime.fromisoformat(now)) == datetime.fromisoformat(then)
    assert date.fromisoformat(then[:10]).weekday() < 5
