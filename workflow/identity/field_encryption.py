"""Encrypted columns: AES-256-GCM, bound to the place a value stands in, so that it opens nowhere else."""

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from workflow.errors import NotReady

NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands."""

    table: str
    row: str
    column: str

    def bound(self) -> bytes:
        return "\0".join((self.table, self.row, self.column)).encode()


def encrypt(key: bytes, text: str, place: Place) -> str:
    """The value as it is stored: which key, a nonce of its own, and what only that key opens in that place."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), place.bound())
    return f"{key_id(key)}:{base64.b64encode(nonce + sealed).decode()}"


def decrypt(key: bytes, value: str, place: Place) -> str:
    """The plain text; NotReady where it was written with another key, for another place, or changed since."""
    named, _, body = value.partition(":")
    if named != key_id(key):
        raise NotReady(f"{place.table}.{place.column} was encrypted with another key than the WAYMARK_SECRET_KEY given")
    try:
        raw = base64.b64decode(body, validate=True)
        return AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place.bound()).decode()
    except (InvalidTag, ValueError, binascii.Error):
        says = f"a value of {place.table}.{place.column} was changed or moved from another row; it cannot be read"
        raise NotReady(says) from None


def key_id(key: bytes) -> str:
    """Names a key without telling anything about it, so that a newer one can take over value by value."""
    return hashlib.sha256(b"waymark key id" + key).hexdigest()[:8]
