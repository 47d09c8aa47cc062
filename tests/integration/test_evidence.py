"""Evidence cannot be edited unnoticed: every kind of tampering is refused, and found where it was forced."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from workflow import audit, chains, looks, seals
from workflow.errors import EvidenceBroken
from workflow.models import EVIDENCE, AuditEntry

from factories import NOW, Desk

IDENTIFIED = {
    "name": "An Invented Woman",
    "date_of_birth": "1995-05-05",
    "known_through": "removals_data",
    "data_basis": "invented",
    "safe_contact": "letter",
}
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)


@pytest.fixture
def sealed(desk: Desk) -> Desk:
    """Three cases of two entries each, one of them looked at, sealed."""
    for _ in range(3):
        case = desk.open("pause", "pause.PL", IDENTIFIED, at=NOW - timedelta(days=3)).case
        desk.fire(case, "start_check", "pause.PL", {"contact_plan": "invented plan"})
    desk.looks_as("pause.PL").case(case)
    desk.service.looks.flush()
    with desk.database.write() as connection:
        assert seals.seal(connection, KEY, NOW) is not None
    return desk


def force(desk: Desk, *statements: str) -> None:
    """What somebody with the whole database in hand could do: the guards taken off first."""
    with desk.database.write() as connection:
        for table in EVIDENCE:
            if desk.database.is_sqlite:
                for event in ("update", "delete"):
                    connection.execute(text(f"DROP TRIGGER {table}_no_{event}"))
            else:
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        for statement in statements:
            connection.execute(text(statement))


def verify(desk: Desk) -> None:
    with desk.database.read() as connection:
        chains.verify_chains(connection)
        looks.verify_looks(connection)
        seals.verify_log(connection)


def test_untouched_evidence_verifies(sealed: Desk) -> None:
    with sealed.database.read() as connection:
        assert chains.verify_chains(connection).entries == 6
        assert looks.verify_looks(connection) == 1
        assert seals.verify_log(connection) == 7


@pytest.mark.parametrize("table", EVIDENCE)
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET {} = {}"])
def test_the_database_refuses_to_change_or_delete_evidence(sealed: Desk, table: str, statement: str) -> None:
    column = {"audit_contents": "salt", "sealed_entries": "seq", "seals": "signature"}.get(table, "authority")
    with pytest.raises(DBAPIError, match="evidence is never changed or deleted"), sealed.database.write() as connection:
        connection.execute(text(statement.format(table, column, column)))


def test_personal_content_can_be_erased_and_the_chain_still_verifies(sealed: Desk) -> None:
    with sealed.database.write() as connection:
        connection.execute(text("UPDATE audit_contents SET content = NULL WHERE seq = 1"))
    with sealed.database.read() as connection:
        assert chains.verify_chains(connection).erased == 3


COLUMNS = [c for c in audit.ENTRIES.columns if c.name not in ("case_id", "seq")]


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_a_changed_value_is_found_in_every_column(sealed: Desk, column: AuditEntry) -> None:
    kind = str(column.type.compile(sealed.database.writer.dialect))
    if column.name == "kind":
        value = "'refused'"
    elif column.name in ("facts", "trace", "clocks", "approvals"):
        value = "'[7]'"
    elif column.name.endswith("_at"):
        value = "'2020-01-01T00:00:00.000000+00:00'"
    elif column.name == "edd":
        value = "'2020-01-01'"
    elif column.name == "overridden":
        value = "true" if kind == "BOOLEAN" else "1"
    else:
        value = "77" if kind == "INTEGER" else "'forged'"
    force(sealed, f"UPDATE audit_entries SET {column.name} = {value} WHERE case_id = 2 AND seq = 1")
    with pytest.raises(EvidenceBroken, match=r"PA-2#1|#1"):
        verify(sealed)


def test_changed_personal_content_is_found(sealed: Desk) -> None:
    force(sealed, 'UPDATE audit_contents SET content = \'{"name":"Somebody Else"}\' WHERE case_id = 2 AND seq = 1')
    with pytest.raises(EvidenceBroken, match="personal content of entry PA-2#1 was changed"):
        verify(sealed)


def test_a_removed_entry_is_found(sealed: Desk) -> None:
    force(sealed, "DELETE FROM audit_entries WHERE case_id = 2 AND seq = 1")
    with pytest.raises(EvidenceBroken, match="PA-2#1 is missing"):
        verify(sealed)


def test_swapped_entries_are_found(sealed: Desk) -> None:
    force(
        sealed,
        "UPDATE audit_entries SET seq = 99 WHERE case_id = 2 AND seq = 1",
        "UPDATE audit_entries SET seq = 1 WHERE case_id = 2 AND seq = 2",
        "UPDATE audit_entries SET seq = 2 WHERE case_id = 2 AND seq = 99",
    )
    with pytest.raises(EvidenceBroken, match="PA-2#1"):
        verify(sealed)


def test_a_cut_tail_is_found_by_its_case_and_by_the_sealed_log(sealed: Desk) -> None:
    force(sealed, "DELETE FROM audit_entries WHERE case_id = 2 AND seq = 2")
    with pytest.raises(EvidenceBroken, match="PA-2 ends at entry 1"), sealed.database.read() as connection:
        chains.verify_chains(connection)
    with pytest.raises(EvidenceBroken, match="entry 2 of case number 2 was sealed"):  # noqa: SIM117
        with sealed.database.read() as connection:
            seals.verify_log(connection)


def test_a_cut_tail_is_found_by_the_sealed_log_though_the_case_was_adjusted(sealed: Desk) -> None:
    with sealed.database.read() as connection:
        first = connection.execute(text("SELECT hash FROM audit_entries WHERE case_id = 2 AND seq = 1")).scalar()
    force(
        sealed,
        "DELETE FROM audit_entries WHERE case_id = 2 AND seq = 2",
        f"UPDATE cases SET seq = 1, head = '{first}' WHERE id = 2",
    )
    with pytest.raises(EvidenceBroken, match="entry 2 of case number 2"):
        verify(sealed)


def test_a_changed_look_is_found(sealed: Desk) -> None:
    force(sealed, "UPDATE looks SET actor = 'somebody.else'")
    with pytest.raises(EvidenceBroken, match="look 1 was changed"):
        verify(sealed)


def test_a_removed_look_is_found(sealed: Desk) -> None:
    force(sealed, "DELETE FROM looks")
    with pytest.raises(EvidenceBroken, match="look 1 was sealed and is now missing"):
        verify(sealed)


def test_a_missing_case_is_found(sealed: Desk) -> None:
    force(
        sealed,
        "DELETE FROM deadlines WHERE case_id = 2",
        "DELETE FROM case_names WHERE case_id = 2",
        "DELETE FROM audit_entries WHERE case_id = 2",
        "DELETE FROM cases WHERE id = 2",
    )
    with pytest.raises(EvidenceBroken, match="of case number 2 was sealed and is now missing"):
        verify(sealed)


def test_an_old_copy_put_back_is_found_by_a_head_kept_outside(sealed: Desk) -> None:
    sealed.open("pause", "pause.PL", IDENTIFIED)
    with sealed.database.write() as connection:
        head = seals.seal(connection, KEY, NOW + timedelta(minutes=1))
    assert head is not None
    force(
        sealed,
        "DELETE FROM seals WHERE position = 8",
        "DELETE FROM sealed_entries WHERE position = 8",
    )
    with sealed.database.read() as connection, pytest.raises(EvidenceBroken, match="its tail was cut"):
        seals.verify_log(connection, outside=[head])


def test_a_forged_seal_is_found(sealed: Desk) -> None:
    force(sealed, "UPDATE seals SET signature = '00'")
    with pytest.raises(EvidenceBroken, match="does not bear its signature"):
        verify(sealed)


def test_sealing_again_adds_only_what_is_new(sealed: Desk) -> None:
    with sealed.database.write() as connection:
        assert seals.seal(connection, KEY, NOW) is None
    sealed.open("pause", "pause.PL", IDENTIFIED)
    with sealed.database.write() as connection:
        head = seals.seal(connection, KEY, NOW)
    assert head is not None
    assert head.position == 8
