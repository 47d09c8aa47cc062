"""Settings from the environment (WAYMARK_...), read once by the entry points; nobody else looks at the environment."""

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every setting has a default that is safe in production, or none."""

    model_config = SettingsConfigDict(env_prefix="WAYMARK_", extra="ignore", frozen=True)

    database_url: str = "sqlite:///var/waymark.db"
    token: SecretStr | None = None  # whose account the command line acts as
    seal_key: SecretStr | None = None  # 64 hex digits: the Ed25519 key that signs the log of evidence
    heads_file: Path | None = None  # where signed heads are sent, outside the database
