"""Which passwords are fit, how few are checked at once, and that a name without an account costs the same work."""

import threading

import pytest
from pwdlib import PasswordHash

from workflow.errors import BadInput, TryLater
from workflow.identity import passwords
from workflow.identity.passwords import Gate, hash_password, is_password, unfit


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kettle 7 owl", None),
        ("x7#kq9Lm2vRt", None),
        ("a long and quite ordinary sentence about ducks " * 5, None),
        ("kettle owl", "at least 12 characters"),
        ("orbit Ann.Example kettle", "the name you sign in with"),
        ("password12345", "easily guessed"),
        ("Winter2026!!", "easily guessed"),
        ("aaaaaaaaaaaaaaaa", "easily guessed"),
        ("waymark waymark", "easily guessed"),
        ("k" * 257, "up to 256"),
        ("three blue kettles \ud83d", "up to 256"),
    ],
)
def test_a_password_is_long_and_hard_to_guess_whatever_it_is_made_of(text: str, says: str | None) -> None:
    found = unfit(text, "ann.example", "Ann Example")
    assert (found is None) if says is None else (found is not None and says in found)


def test_a_short_user_name_may_stand_in_a_password_by_chance() -> None:
    assert unfit("three blue kettles", "e", "E") is None


def test_a_password_is_known_again_and_kept_as_argon2id() -> None:
    kept = hash_password("three blue kettles")
    assert kept.startswith("$argon2id$")
    assert is_password(kept, "three blue kettles")
    assert not is_password(kept, "three blue kettle")
    assert not is_password(kept, "three blue kettles ")


def test_nothing_longer_than_256_characters_is_ever_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", None)
    assert not is_password("anything", "k" * 257)
    assert not is_password("anything", "half a pair \udc00")
    with pytest.raises(BadInput):
        hash_password("k" * 257)


def test_the_hash_of_nobody_costs_what_a_new_hash_costs() -> None:
    assert not PasswordHash.recommended().current_hasher.check_needs_rehash(passwords.NOBODY)
    assert not is_password(passwords.NOBODY, "")


def test_a_gate_lets_some_in_some_wait_and_turns_the_others_away() -> None:
    gate = Gate(at_once=1, waiting=1, seconds=60)
    outcomes: list[str] = []
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        with gate.entered():
            inside.set()
            leave.wait(30)
            outcomes.append("first")

    def second() -> None:
        with gate.entered():
            outcomes.append("second")

    threads = [threading.Thread(target=first)]
    threads[0].start()
    inside.wait(30)
    threads.append(threading.Thread(target=second))
    threads[1].start()
    while gate._room.acquire(blocking=False):  # until the second waits, there is room for one more
        gate._room.release()
    with pytest.raises(TryLater), gate.entered():
        raise AssertionError("a third was let in")
    leave.set()
    for thread in threads:
        thread.join(30)
    assert outcomes == ["first", "second"]
    with gate.entered():
        pass


def test_who_waits_too_long_at_a_gate_is_told_to_come_back() -> None:
    gate = Gate(at_once=1, waiting=1, seconds=0.01)
    with gate.entered(), pytest.raises(TryLater) as told, gate.entered():
        raise AssertionError("a second was let in")
    assert told.value.seconds >= 1


def test_a_gate_is_free_again_after_an_error() -> None:
    gate = Gate(at_once=1, waiting=0, seconds=0.01)
    for _ in range(3):
        with pytest.raises(ValueError, match="inside"), gate.entered():
            raise ValueError("inside")
