"""Reading one table of a scenario: each key of its type, none left over, and what is wrong said in one sentence."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

from workflow.errors import BadInput

_WORDS = {str: "text", int: "a whole number", bool: "true or false", list: "a list", dict: "a table"}


class Keys:
    """The keys of one table; `where` names the file and the step. Ask for each key, then call `finish`."""

    def __init__(self, where: str, table: Any) -> None:
        self.where = where
        if not isinstance(table, Mapping):
            raise BadInput(f"{where}: this must be a table of keys and values")
        self._table = dict(table)
        self._asked: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._table

    def refuse(self, key: str, says: str) -> NoReturn:
        raise BadInput(f"{self.where}, key {key!r}: {says}")

    def raw(self, key: str) -> Any:
        self._asked.append(key)
        return self._table.get(key)

    def _typed(self, key: str, kind: type) -> Any:
        value = self.raw(key)
        if value is None:
            return None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.refuse(key, f"must be {_WORDS[kind]}, not {str(value)[:40]!r}")
        return value

    def text(self, key: str, instead: str = "") -> str:
        value = self._typed(key, str)
        if value is not None and not value.strip():
            self.refuse(key, "is empty")
        return str(value) if value is not None else instead

    def needed(self, key: str) -> str:
        return self.text(key) or self.refuse(key, "is missing")

    def number(self, key: str) -> int | None:
        value: int | None = self._typed(key, int)
        return value

    def yes(self, key: str) -> bool | None:
        value: bool | None = self._typed(key, bool)
        return value

    def table(self, key: str) -> dict[str, Any] | None:
        value = self._typed(key, dict)
        return None if value is None else dict(value)

    def texts(self, key: str) -> tuple[str, ...] | None:
        value = self._typed(key, list)
        if value is None:
            return None
        if any(not isinstance(one, str) for one in value):
            self.refuse(key, "must be a list of texts")
        return tuple(value)

    def tables(self, key: str) -> Sequence[Any]:
        value: Sequence[Any] = self._typed(key, list) or ()
        return value

    def finish(self) -> None:
        """BadInput where the table holds a key that nobody asked for."""
        for key in self._table:
            if key not in self._asked:
                near = get_close_matches(str(key), self._asked, 1)
                meant = f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(self._asked)}"
                self.refuse(str(key), f"is not known here{meant}")
