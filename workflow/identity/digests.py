"""What is kept of a cookie, a token or a code: its digest, and the short id that people may see of it."""

import hashlib

ID_LENGTH = 12


def digest(secret: str) -> str:
    """SHA-256 is enough where the secret has 256 random bits: there is nothing to guess."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def short_id(of_digest: str) -> str:
    return of_digest[:ID_LENGTH]
