"""Settings from the environment (WAYMARK_...), read once by the entry points; nobody else looks at the environment."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Webhook(BaseModel):
    """Where an authority is told of what has climbed. Teams and Slack put their secret into the address itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: SecretStr
    secret: SecretStr  # of the signature
    shape: Literal["waymark", "teams", "slack"] = "waymark"


class Settings(BaseSettings):
    """Every setting has a default that is safe in production, or none."""

    model_config = SettingsConfigDict(env_prefix="WAYMARK_", extra="ignore", frozen=True, hide_input_in_errors=True)

    database_url: str = "sqlite:///var/waymark.db"
    token: SecretStr | None = None  # whose account the command line acts as
    seal_key: SecretStr | None = None  # 64 hex digits: the Ed25519 key that signs the log of evidence
    heads_file: Path | None = None  # where signed heads are sent, outside the database
    base_url: str = "http://localhost:8000"  # the address people reach Waymark at, for the links in messages
    smtp_url: SecretStr | None = None  # smtp://user:password@host:587 or smtps://host; without it no e-mail is sent
    mail_from: str | None = None  # the sender of e-mails
    notify_key: SecretStr | None = None  # of GOV.UK Notify, which then sends the e-mails
    notify_templates: dict[str, str] = {}  # the id of Notify's template for each of deadline and digest
    notify_url: str | None = None  # another address of Notify's API
    webhooks: dict[
        str, Webhook
    ] = {}  # by authority, as JSON: {"durham": {"url": ..., "secret": ..., "shape": "teams"}}
