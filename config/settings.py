"""Settings from the environment (WAYMARK_...), read once by the entry points; nobody else looks at the environment."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.openid import OpenIDProvider


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
    secret_key: SecretStr | None = None  # 64 hex digits: the AES key that encrypts the secrets kept in the database
    heads_file: Path | None = None  # where signed heads are sent, outside the database
    authorities: tuple[str, ...] = ()  # the only ones served from this database, as JSON; all with a policy if none
    base_url: str = "http://localhost:8000"  # the address people reach Waymark at, for the links in messages
    session_idle_minutes: int = Field(default=30, ge=1)  # without a request for so long, one is signed out
    session_hours: int = Field(default=12, ge=1)  # and after so long whatever one does
    require_second_factor: bool = True  # everybody sets one up when signing in; never asked for on a demo database
    openid: OpenIDProvider | None = None  # as JSON: the provider people may sign in with (extra `oidc`)
    allowed_hosts: tuple[str, ...] = ()  # the names it answers to, as JSON; the host of base_url if none are given
    trusted_proxies: tuple[str, ...] = ()  # addresses whose X-Forwarded-For and -Proto are believed, as JSON
    max_body_kb: int = Field(default=1024, ge=1)  # a request whose body is larger is answered with 413
    request_seconds: float = Field(default=30, gt=0)  # a request that takes longer is answered with 503
    threads: int = Field(default=8, ge=1)  # requests worked on at once; many more contend for one interpreter
    failpoints: str | None = None  # for tests of faults, on a database they made; refused on any other
    metrics_token: SecretStr | None = None  # lets a monitor on another machine read /metrics
    otel_endpoint: str | None = None  # where traces are sent (OTLP over HTTP); none are kept without it
    smtp_url: SecretStr | None = None  # smtp://user:password@host:587 or smtps://host; without it no e-mail is sent
    mail_from: str | None = None  # the sender of e-mails
    notify_key: SecretStr | None = None  # of GOV.UK Notify, which then sends the e-mails
    notify_templates: dict[str, str] = {}  # the id of Notify's template for each kind of message
    notify_url: str | None = None  # another address of Notify's API
    webhooks: dict[
        str, Webhook
    ] = {}  # by authority, as JSON: {"durham": {"url": ..., "secret": ..., "shape": "teams"}}
