"""Where somebody may be led after signing in: to pages of ours alone."""

import re

LOCAL = re.compile(r"/(?![/\\])[!-\[\]-~]{0,500}")  # no other host can be named without // or a backslash


def local_page(asked: str) -> str:
    """The page, where it is one of ours; else the first one. Signing in never leads back to signing in."""
    return asked if LOCAL.fullmatch(asked) and not asked.startswith("/sign-in") else "/"
