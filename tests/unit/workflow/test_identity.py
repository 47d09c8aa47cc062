"""Encrypted columns, and what a session remembers of a browser."""

import base64

import pytest

from workflow.errors import NotReady
from workflow.identity.field_encryption import Place, decrypt, encrypt
from workflow.identity.sessions import device_words

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
HERE = Place("credentials", "ann", "totp_secret")


def test_an_encrypted_value_is_read_in_its_own_place_with_its_own_key() -> None:
    kept = encrypt(KEY, "JBSWY3DPEHPK3PXP", HERE)
    assert decrypt(KEY, kept, HERE) == "JBSWY3DPEHPK3PXP"
    assert "JBSWY3DPEHPK3PXP" not in kept
    assert b"JBSWY3DPEHPK3PXP" not in base64.b64decode(kept.partition(":")[2])


def test_the_same_value_never_looks_the_same_twice() -> None:
    assert encrypt(KEY, "same", HERE) != encrypt(KEY, "same", HERE)


@pytest.mark.parametrize(
    "there",
    [
        Place("credentials", "sam", "totp_secret"),
        Place("credentials", "ann", "password_hash"),
        Place("other", "ann", "totp_secret"),
    ],
)
def test_a_value_moved_to_another_place_is_refused(there: Place) -> None:
    kept = encrypt(KEY, "secret", HERE)
    with pytest.raises(NotReady, match="moved from another row"):
        decrypt(KEY, kept, there)


def test_a_value_of_another_key_is_refused_by_name() -> None:
    with pytest.raises(NotReady, match="another key"):
        decrypt(OTHER, encrypt(KEY, "secret", HERE), HERE)


@pytest.mark.parametrize("change", [lambda body: "!" + body, lambda body: body[:8], lambda _: "", lambda b: "AAAA" + b])
def test_a_value_that_was_changed_is_refused(change: object) -> None:
    name, _, body = encrypt(KEY, "secret", HERE).partition(":")
    with pytest.raises(NotReady):
        decrypt(KEY, f"{name}:{change(body)}", HERE)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15",
            "Safari on Mac",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 CriOS/140.0 Safari/604.1",
            "Chrome on iPhone",
        ),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.9", "a program"),
        ("", "a program"),
    ],
)
def test_a_browser_is_remembered_in_plain_words(header: str, words: str) -> None:
    assert device_words(header) == words
