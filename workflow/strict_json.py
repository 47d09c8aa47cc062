"""JSON read strictly: what two readers could take differently is refused, so that evidence means one thing."""

import json
import math
from typing import Any, NoReturn

from workflow.errors import BadInput

LARGEST = 2**53 - 1  # whole numbers up to this one are the same number in every language


def read_json(text: str, where: str) -> Any:
    """No NaN, no number too large to be exact, no key twice, no half characters. BadInput names line and column."""
    try:
        value = json.loads(
            text, parse_constant=_no_number, parse_int=_whole, parse_float=_finite, object_pairs_hook=_no_key_twice
        )
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise BadInput(f"{where} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except UnicodeEncodeError:
        raise BadInput(f"{where} holds half of a character (a lone surrogate), which is not text") from None
    except RecursionError:
        raise BadInput(f"{where} is nested too deeply") from None
    except ValueError as error:
        raise BadInput(f"{where} is not JSON that can be used: {error}") from None
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _whole(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > LARGEST:
        raise ValueError(f"a whole number is larger than {LARGEST}")
    return int(digits)


def _finite(digits: str) -> float:
    found = float(digits)
    if not math.isfinite(found):
        raise ValueError("a number is too large")
    return found


def _no_key_twice(found: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(found)
    if len(read) < len(found):
        names = [name for name, _ in found]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)[:40]!r} is given twice")
    return read
