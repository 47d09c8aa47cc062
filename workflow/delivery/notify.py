"""GOV.UK Notify, through its official client (extra `notify`); the reference of a message is its key."""

from collections.abc import Mapping
from typing import Any

from workflow.delivery.channel import DeliveryFailed, Outgoing
from workflow.errors import NotReady

TIMEOUT = 10
WRONG_SETTING = frozenset({401, 403})
TRY_AGAIN = frozenset({408, 429})


class NotifyChannel:
    """Sends an e-mail through Notify. `templates` gives the id of Notify's template for each of ours.

    Those templates have the fields ((subject)), ((text)) and ((link)).
    """

    def __init__(self, key: str, templates: Mapping[str, str], base_url: str | None = None) -> None:
        try:
            from notifications_python_client import notifications  # noqa: PLC0415  # an extra
        except ModuleNotFoundError:
            raise NotReady(
                "WAYMARK_NOTIFY_KEY is set, but the client of Notify is missing: install waymark[notify]"
            ) from None
        where = {"base_url": base_url} if base_url else {}
        opened: Any = notifications.NotificationsAPIClient  # untyped
        try:
            self.client = opened(key, timeout=TIMEOUT, **where)
        except (AssertionError, ValueError):
            raise NotReady("WAYMARK_NOTIFY_KEY is not a key of GOV.UK Notify") from None
        self.templates = templates

    def send(self, message: Outgoing) -> None:
        from notifications_python_client.errors import HTTPError  # noqa: PLC0415  # an extra

        template = self.templates.get(message.template)
        if template is None:
            raise DeliveryFailed(f"WAYMARK_NOTIFY_TEMPLATES has no id for {message.template}", channel_down=True)
        fields: dict[str, Any] = {"subject": message.subject, "text": message.text, "link": message.link}
        try:
            self.client.send_email_notification(
                email_address=message.to, template_id=template, personalisation=fields, reference=message.key
            )
        except HTTPError as error:
            raise _failure(error.status_code) from None


def _failure(status: int) -> DeliveryFailed:
    """What Notify answered, without its words: they may repeat an address."""
    says = f"GOV.UK Notify answered {status}"
    if status in WRONG_SETTING or status >= 500:
        return DeliveryFailed(says, channel_down=True)
    return DeliveryFailed(says, permanent=status not in TRY_AGAIN)
