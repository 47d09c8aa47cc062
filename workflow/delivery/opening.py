"""The channels the settings describe, opened by the nodes that deliver."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from config.settings import Settings
from workflow.alert_tables import ChannelName
from workflow.delivery.channel import Channel
from workflow.delivery.notify import NotifyChannel
from workflow.delivery.smtp import EmailChannel, MailServer
from workflow.delivery.webhook import WebhookChannel
from workflow.errors import NotReady


def open_channels(settings: Settings) -> dict[ChannelName, Channel]:
    """The channels the settings describe; NotReady with the setting to put right, without what it holds."""
    channels: dict[ChannelName, Channel] = {}
    if settings.smtp_url is not None:
        server = MailServer.from_url(settings.smtp_url.get_secret_value())
        channels[ChannelName.EMAIL] = EmailChannel(server, settings.mail_from or "")
    if settings.notify_key is not None:
        key = settings.notify_key.get_secret_value()
        channels[ChannelName.NOTIFY] = NotifyChannel(key, settings.notify_templates, settings.notify_url)
    if settings.webhooks:
        _check_addresses({name: one.url.get_secret_value() for name, one in settings.webhooks.items()})
        channels[ChannelName.WEBHOOK] = WebhookChannel(settings.webhooks)
    return channels


def _check_addresses(urls: Mapping[str, str]) -> None:
    for authority, url in urls.items():
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise NotReady(f"WAYMARK_WEBHOOKS: the url of {authority} is not an http(s) address")
