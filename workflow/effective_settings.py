"""The settings in effect, as they may be shown: of a secret only whether it is set."""

from collections.abc import Iterator
from typing import Any

from pydantic import SecretStr

from config.settings import Settings
from workflow.bootstrap import Service

SET, NOT_SET = "set", "not set"


def effective_settings(service: Service) -> dict[str, Any]:
    """Every setting by name; the address of the database without its password."""
    return {**dict(_shown(service.settings)), "database_url": service.database.url.render_as_string(hide_password=True)}


def _shown(settings: Settings) -> Iterator[tuple[str, Any]]:
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if "SecretStr" in str(field.annotation):
            yield name, NOT_SET if value is None else SET
        elif name == "webhooks":  # an address of Teams or Slack is a secret by itself
            yield name, dict.fromkeys(value, SET)
        elif isinstance(value, SecretStr | dict):
            yield name, sorted(value) if isinstance(value, dict) else SET
        else:
            yield name, value if isinstance(value, str | int | float | bool | None) else _plain(value)


def _plain(value: Any) -> Any:
    return [str(one) for one in value] if isinstance(value, tuple) else str(value)
