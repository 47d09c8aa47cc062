"""The cookie of a session: sent to this host only, out of reach of scripts, and over https wherever there is https."""

from starlette.requests import Request
from starlette.responses import Response

from config.settings import Settings


def is_https(settings: Settings) -> bool:
    return settings.base_url.startswith("https://")


def cookie_name(settings: Settings) -> str:
    """With https a name that browsers accept from this very host alone, and never over http."""
    return "__Host-waymark" if is_https(settings) else "waymark"


def read_cookie(request: Request, settings: Settings) -> str | None:
    """The value the browser sent; None where it sent none."""
    return request.cookies.get(cookie_name(settings)) or None


def set_cookie(response: Response, value: str, settings: Settings) -> None:
    """Gives the browser its cookie, which it forgets when it is closed."""
    response.set_cookie(
        cookie_name(settings), value, path="/", httponly=True, samesite="lax", secure=is_https(settings)
    )


def clear_cookie(response: Response, settings: Settings) -> None:
    """Takes the cookie away."""
    response.delete_cookie(cookie_name(settings), path="/", httponly=True, samesite="lax", secure=is_https(settings))
