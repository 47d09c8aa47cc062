"""Which ways out there are, by the settings: who is told by e-mail, and which authorities have a webhook."""

from dataclasses import dataclass

from config.settings import Settings
from workflow.alert_tables import ChannelName

FIRST_TO_WEBHOOK = 2  # R2 and above: what has climbed beyond the team


@dataclass(frozen=True, slots=True)
class Routes:
    """Beside the inbox: `mail` is how e-mails leave, if they do; Notify where both ways are set up, never both."""

    mail: ChannelName | None = None
    webhooks: frozenset[str] = frozenset()

    @classmethod
    def by(cls, settings: Settings) -> "Routes":
        mail = ChannelName.NOTIFY if settings.notify_key else ChannelName.EMAIL if settings.smtp_url else None
        return cls(mail, frozenset(settings.webhooks))

    def to_person(self, has_address: bool) -> tuple[ChannelName, ...]:
        """By which ways somebody is told at once: in the inbox, and by e-mail where there is an address."""
        return (ChannelName.INBOX, self.mail) if self.mail and has_address else (ChannelName.INBOX,)

    def has_webhook(self, authority: str, level: str) -> bool:
        step, number = level[:1], level[1:]
        return authority in self.webhooks and step == "R" and number.isdigit() and int(number) >= FIRST_TO_WEBHOOK


INBOX_ONLY = Routes()
