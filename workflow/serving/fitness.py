"""Whether the settings are fit for real people's records: everything missing or weak, named at once."""

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import SecretStr
from sqlalchemy import literal, select

from config.settings import Settings
from workflow.accounts import TEAMS, USERS
from workflow.bootstrap import INSTALLATION
from workflow.database import Database
from workflow.repository import CASES
from workflow.serving.hosts import host_of, is_loopback

KEY = re.compile(r"[0-9a-fA-F]{64}")
FEW = 8  # different digits among 64 random ones: fewer than nine never happens by chance


def unfit(settings: Settings, demo: bool) -> list[str]:
    """A sentence for each thing that must be put right before it serves; none on invented people's records."""
    if demo:
        return []
    keys = {"WAYMARK_SECRET_KEY": settings.secret_key, "WAYMARK_SEAL_KEY": settings.seal_key}
    found = [says for name, key in keys.items() if (says := weak_key(name, key))]
    if keys["WAYMARK_SECRET_KEY"] is not None and _same(*keys.values()):
        found.append("WAYMARK_SECRET_KEY and WAYMARK_SEAL_KEY are the same: make another for one of them")
    found += _address(settings) + _hosts(settings)
    if not settings.require_second_factor:
        found.append("WAYMARK_REQUIRE_SECOND_FACTOR is off: a password alone opens every record of its account")
    if settings.metrics_token is not None and len(settings.metrics_token.get_secret_value()) < 16:
        found.append("WAYMARK_METRICS_TOKEN is shorter than 16 characters")
    return found


def weak_key(name: str, key: SecretStr | None) -> str | None:
    """What is wrong with a key of 64 hexadecimal digits; None where it looks random."""
    how = "`openssl rand -hex 32` makes one"
    if key is None:
        return f"{name} is not set: {how}"
    digits = key.get_secret_value().lower()
    if not KEY.fullmatch(digits):
        return f"{name} is not 64 hexadecimal digits: {how}"
    repeats = any(digits == digits[:length] * (64 // length) for length in (1, 2, 4, 8, 16, 32))
    if repeats or len(set(digits)) <= FEW:
        return f"{name} is not random: {how}"
    return None


def _same(first: SecretStr | None, second: SecretStr | None) -> bool:
    return first is not None and second is not None and first.get_secret_value() == second.get_secret_value()


def _address(settings: Settings) -> list[str]:
    parts = urlsplit(settings.base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ["WAYMARK_BASE_URL is not a web address such as https://waymark.example.gov.uk"]
    if parts.scheme != "https" and not is_loopback(host_of(settings.base_url)):
        return ["WAYMARK_BASE_URL is not https: passwords and records would be readable on the way"]
    return []


def _hosts(settings: Settings) -> list[str]:
    found = []
    for host in settings.allowed_hosts:
        if "*" in host.removeprefix("*.") or (host.startswith("*") and host.count(".") < 2):
            found.append(f"WAYMARK_ALLOWED_HOSTS lets in {host!r}, which is nearly any host: name each")
        elif "/" in host or host.rpartition("]")[2].count(":"):
            found.append(f"WAYMARK_ALLOWED_HOSTS: {host!r} is not a host name: leave scheme, port and path out")
    own = host_of(settings.base_url)
    named = [host.lower() for host in settings.allowed_hosts]
    if named and not any(host == own or (host.startswith("*.") and own.endswith(host[1:])) for host in named):
        found.append(f"WAYMARK_ALLOWED_HOSTS does not name {own}, the host of WAYMARK_BASE_URL: links would not open")
    return found


def unfit_host(host: str, demo: bool) -> list[str]:
    """The demo caseload is for whoever sits at this machine: its passwords are known to everybody."""
    if demo and not is_loopback(host):
        return ["--demo listens on this machine only: leave --host out"]
    return []


def unfit_kind(database: Database, demo: bool) -> list[str]:
    """What speaks against this database: the demo caseload is never served as a real one, nor the reverse."""
    kind = kind_of(database)
    if demo and kind == "real":
        return ["this database holds records that `waymark demo` did not make: leave --demo out, or name another"]
    if not demo and kind == "demo":
        return ["this is a demo database, where everybody knows the passwords: use `waymark serve --demo`"]
    return []


def kind_of(database: Database) -> Literal["empty", "demo", "real"]:
    """What a database holds. One whose schema is older is not upgraded to find out."""
    with database.read() as connection:
        if not connection.dialect.has_table(connection, INSTALLATION.name):
            return "empty"
        kind = connection.execute(select(INSTALLATION.c.value).where(INSTALLATION.c.name == "kind")).scalar()
        if kind == "demo":
            return "demo"
        held = [
            connection.execute(select(literal(1)).select_from(one).limit(1)).first() for one in (TEAMS, USERS, CASES)
        ]
    return "real" if kind is not None or any(held) else "empty"
