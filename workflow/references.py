"""How people name cases, deadlines and entries: PB-12, PB-12.3 (its third deadline), PB-12#4 (its fourth entry)."""

import re

from states.catalogue import LIFECYCLES
from workflow.errors import NotFound
from workflow.models import SYSTEM_CHAIN

CODES = {lifecycle.id: lifecycle.code for lifecycle in LIFECYCLES.values()}
_REFERENCE = re.compile(r"([A-Za-z]{2,3})-(\d{1,12})")
BY_CODE = {code: lifecycle for lifecycle, code in CODES.items()}


def reference(lifecycle: str, case_id: int) -> str:
    """The reference of a case; says the kind of case and nothing about a person."""
    return f"{CODES.get(lifecycle, '?')}-{case_id}"


def entry_name(lifecycle: str, case_id: int, seq: int) -> str:
    return f"system#{seq}" if case_id == SYSTEM_CHAIN else f"{reference(lifecycle, case_id)}#{seq}"


def deadline_name(lifecycle: str, case_id: int, number: int) -> str:
    return f"{reference(lifecycle, case_id)}.{number}"


def read_reference(text: str) -> tuple[str, int]:
    """(lifecycle, case id) of a reference such as PB-12; NotFound where it is not one."""
    found = _REFERENCE.fullmatch(text.strip())
    if not found or found[1].upper() not in BY_CODE:
        raise NotFound(f"{text[:40]!r} is not a case reference such as PB-12")
    return BY_CODE[found[1].upper()], int(found[2])


def read_deadline_name(text: str) -> tuple[str, int, int]:
    """(lifecycle, case id, number) of a deadline such as PB-12.3; NotFound where it is not one."""
    case, dot, number = text.strip().rpartition(".")
    if not dot or not number.isdecimal() or len(number) > 9:
        raise NotFound(f"{text[:40]!r} is not a deadline such as PB-12.3 (see `waymark case show PB-12`)")
    return *read_reference(case), int(number)
