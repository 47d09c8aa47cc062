"""Signed webhooks: a POST of JSON that the receiver can check, in the shape of Waymark, Teams or Slack."""

import hashlib
import hmac
import http.client
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from config.settings import Webhook
from workflow.delivery.channel import DeliveryFailed, Outgoing

TIMEOUT = 10.0
TRY_AGAIN = frozenset({408, 425, 429})


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over the timestamp, a full stop and the body, in hexadecimal."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class WebhookChannel:
    """Posts to the webhook of an authority. Follows no redirect: what is signed goes where it was meant to go."""

    def __init__(self, webhooks: Mapping[str, Webhook], *, timeout: float = TIMEOUT) -> None:
        self.webhooks, self.timeout = webhooks, timeout

    def send(self, message: Outgoing) -> None:
        webhook = self.webhooks.get(message.to)
        if webhook is None:
            raise DeliveryFailed(f"{message.to} has no webhook", permanent=True)
        body = json.dumps(SHAPES[webhook.shape](message), sort_keys=True).encode()
        timestamp = str(int(message.at.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "X-Waymark-Key": message.key,
            "X-Waymark-Timestamp": timestamp,
            "X-Waymark-Signature": signature(webhook.secret.get_secret_value(), timestamp, body),
        }
        status = self._post(webhook.url.get_secret_value(), body, headers)
        if not 200 <= status < 300:
            refused_for_good = 300 <= status < 500 and status not in TRY_AGAIN
            raise DeliveryFailed(f"the webhook answered {status}", permanent=refused_for_good)

    def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self.timeout)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path, body, dict(headers))
            return connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise DeliveryFailed(f"the webhook did not answer ({type(error).__name__})") from None
        finally:
            connection.close()


def _plain(message: Outgoing) -> dict[str, Any]:
    return {
        "key": message.key,
        "kind": message.template,
        "subject": message.subject,
        "text": message.text,
        "link": message.link,
        **message.fields,
    }


def _teams(message: Outgoing) -> dict[str, Any]:
    """An adaptive card, as Teams takes it from a workflow's webhook."""
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {"type": "TextBlock", "text": message.subject, "weight": "Bolder", "wrap": True},
            {"type": "TextBlock", "text": message.text, "wrap": True},
        ],
        "actions": [{"type": "Action.OpenUrl", "title": "Open in Waymark", "url": message.link}],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _slack(message: Outgoing) -> dict[str, Any]:
    return {"text": f"*{message.subject}*\n{message.text}"}


SHAPES: Mapping[str, Callable[[Outgoing], dict[str, Any]]] = {"waymark": _plain, "teams": _teams, "slack": _slack}
