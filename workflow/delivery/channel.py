"""What a way out needs to know, and how it says that it failed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message ready to leave. `key` is the same at every try, so that a receiver can tell a repeat."""

    key: str
    to: str  # an e-mail address, or the authority whose webhook it is
    template: str
    subject: str
    text: str
    link: str
    fields: Mapping[str, Any]  # what the text is made of: references, level, dates, counts
    at: datetime


class DeliveryFailed(Exception):
    """It was not delivered, for a `reason` that names no secret and no address.

    `permanent`: trying again is no use. `channel_down`: the fault lies with the whole channel, not with this message.
    """

    def __init__(self, reason: str, *, permanent: bool = False, channel_down: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.permanent, self.channel_down = reason, permanent, channel_down


class Channel(Protocol):
    """A way out."""

    def send(self, message: Outgoing) -> None:
        """Hands the message over, or raises DeliveryFailed. Answers within 20 seconds."""
