"""E-mail by SMTP: one connection a message, encrypted unless the server is this machine, with an id that repeats."""

import asyncio
import hashlib
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from workflow.delivery.channel import DeliveryFailed, Outgoing
from workflow.errors import NotReady

TIMEOUT = 15.0  # seconds for the whole of one message, however slowly the server answers
HERE = ("localhost", "127.0.0.1", "::1")
SCHEMES = {"smtp": 587, "smtps": 465}
STARTTLS = {"yes": True, "no": False, "auto": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed over. `start_tls` None means: where the server offers it."""

    host: str
    port: int
    use_tls: bool
    start_tls: bool | None
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def from_url(cls, url: str) -> "MailServer":
        """smtp://user:password@host:port (STARTTLS unless ?starttls=no) or smtps://. NotReady never repeats the URL."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        asked = parse_qs(parts.query).get("starttls", [""])[-1] if host else ""
        if not host or parts.scheme not in SCHEMES or (asked and asked not in STARTTLS):
            raise NotReady("WAYMARK_SMTP_URL must look like smtp://user:password@host:587 or smtps://host")
        starts = STARTTLS[asked] if asked else (None if host in HERE else True)
        return cls(
            host=host,
            port=port or SCHEMES[parts.scheme],
            use_tls=parts.scheme == "smtps",
            start_tls=False if parts.scheme == "smtps" else starts,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )


class EmailChannel:
    """Sends by SMTP from a thread that runs no event loop of its own."""

    def __init__(self, server: MailServer, sender: str, *, timeout: float = TIMEOUT) -> None:
        address = parseaddr(sender)[1]
        if "@" not in address:
            raise NotReady("WAYMARK_MAIL_FROM must be an e-mail address, such as waymark@example.gov.uk")
        self.server, self.sender, self.timeout = server, sender, timeout
        self.domain = address.rpartition("@")[2]

    def send(self, message: Outgoing) -> None:
        try:
            asyncio.run(asyncio.wait_for(self._hand_over(self.letter(message)), self.timeout))
        except TimeoutError:  # aiosmtplib's own timeouts are subclasses
            raise DeliveryFailed("the mail server did not answer in time", channel_down=True) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _failure(error) from None

    def letter(self, message: Outgoing) -> EmailMessage:
        """The mail itself. Its Message-ID comes from the key: at every try it is the same."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.sender, message.to, message.subject
        mail["Date"] = format_datetime(message.at)
        mail["Message-ID"] = f"<{hashlib.sha256(message.key.encode()).hexdigest()[:40]}@{self.domain}>"
        mail["Auto-Submitted"] = "auto-generated"  # keeps out-of-office answers away
        mail.set_content(message.text, cte="quoted-printable")
        return mail

    async def _hand_over(self, mail: EmailMessage) -> None:
        server = self.server
        await aiosmtplib.send(
            mail,
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.use_tls,
            start_tls=server.start_tls,
            timeout=self.timeout,
        )


def _failure(error: Exception) -> DeliveryFailed:
    """What went wrong, without the server's own words: they may repeat an address."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused) and error.recipients:
        code = error.recipients[0].code
        return DeliveryFailed(f"the mail server refused the address ({code})", permanent=_for_good(code))
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):  # a wrong setting: a person can put it right
        return DeliveryFailed(f"the mail server refused the account of Waymark ({error.code})", channel_down=True)
    if isinstance(error, aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPDataError):
        return DeliveryFailed(f"the mail server refused the message ({error.code})", permanent=_for_good(error.code))
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return DeliveryFailed(f"the mail server refused ({error.code})", channel_down=True)
    if isinstance(error, aiosmtplib.SMTPConnectError | OSError) and not isinstance(error, ConnectionResetError):
        return DeliveryFailed("the mail server cannot be reached", channel_down=True)
    return DeliveryFailed(f"the mail server broke off ({type(error).__name__})")


def _for_good(code: int) -> bool:
    return 500 <= code < 600
