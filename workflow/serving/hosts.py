"""The names this service answers to: a request for another is refused, so that no link or cookie is made for it."""

from urllib.parse import urlsplit

from config.settings import Settings

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def host_of(address: str) -> str:
    """The host of a web address, without its port, as a Host header writes it."""
    host = urlsplit(address).hostname or ""
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Whether a host, as a Host header or an option of the command line writes it, is this machine."""
    return host in LOOPBACK or host == "::1" or (host.startswith("127.") and host.replace(".", "").isdigit())


def allowed_hosts(settings: Settings, *, demo: bool) -> list[str]:
    """WAYMARK_ALLOWED_HOSTS, or the host of base_url; with this machine's own names on a demo database."""
    own = host_of(settings.base_url)
    named = list(settings.allowed_hosts) or [own]
    local = LOOPBACK if demo or (not settings.allowed_hosts and is_loopback(own)) else ()
    return list(dict.fromkeys([*named, *local]))
