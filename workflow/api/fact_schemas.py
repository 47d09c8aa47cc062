"""The facts a move asks for as a JSON Schema, so that a client can draw the form and check it before it is sent."""

from collections.abc import Sequence
from typing import Any

from states.facts import LONGEST_TEXT, MOST_RECORDS, Fact, FactType


def facts_schema(facts: Sequence[Fact]) -> dict[str, Any]:
    """The schema of `facts` in the body of the move. Rules over several facts are the service's alone."""
    return {
        "type": "object",
        "properties": {fact.name: _of(fact) for fact in facts},
        "required": [fact.name for fact in facts if fact.required],
        "additionalProperties": False,
    }


def _of(fact: Fact) -> dict[str, Any]:
    said = {"title": fact.label, **({"description": fact.hint} if fact.hint else {})}
    schema = _typed(fact)
    if fact.required:
        return {**said, **schema}
    return {**said, "anyOf": [schema, {"type": "null"}]}


def _typed(fact: Fact) -> dict[str, Any]:
    least = 1 if fact.required else 0
    match fact.type:
        case FactType.INTEGER:
            bounds = {"minimum": fact.minimum, "maximum": fact.maximum}
            return {"type": "integer", **{name: value for name, value in bounds.items() if value is not None}}
        case FactType.CHOICE:
            return _options(fact)
        case FactType.CHOICES:
            return {"type": "array", "items": _options(fact), "minItems": least}
        case FactType.RECORDS:
            return {"type": "array", "items": facts_schema(fact.fields), "minItems": least, "maxItems": MOST_RECORDS}
        case FactType.TEXT | FactType.PERSON:
            pattern = {"pattern": f"^(?:{fact.pattern})$"} if fact.pattern else {}
            return {"type": "string", "minLength": least, "maxLength": LONGEST_TEXT, **pattern}
    return dict(_PLAIN[fact.type])


_PLAIN = {
    FactType.DATE: {"type": "string", "format": "date"},
    FactType.INSTANT: {"type": "string", "format": "date-time"},
    FactType.BOOLEAN: {"type": "boolean"},
}


def _options(fact: Fact) -> dict[str, Any]:
    return {"oneOf": [{"const": value, "title": label} for value, label in (fact.choices or {}).items()]}
