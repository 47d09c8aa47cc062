"""Facts as people hand them over: a JSON file, standard input, JSON on the line, or name=value; each read with care."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from workflow.errors import BadInput
from workflow.strict_json import read_json

if TYPE_CHECKING:
    from states.facts import Fact

MOST_BYTES = 1_000_000  # a referral is a few thousand; a longer note belongs in the document store


def given_facts(source: str | None, pairs: Sequence[str] | None, asked: Mapping[str, "Fact"]) -> dict[str, Any]:
    """The facts of `--facts` with those of `--fact` laid over them. BadInput where they cannot be read."""
    facts = read_facts(source) if source is not None else {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise typer.BadParameter(f"{pair[:40]!r} must look like name=value", param_hint="--fact")
        facts[name.strip()] = _typed(value, asked.get(name.strip()))
    return facts


def _typed(text: str, fact: "Fact | None") -> Any:
    """A value as its fact writes it down. What does not fit stays text: the move then says what is wrong with it."""
    kind = str(fact.type) if fact else "text"
    if kind == "boolean":
        return {"true": True, "yes": True, "false": False, "no": False}.get(text.lower(), text)
    if kind == "integer":
        return int(text) if text.removeprefix("-").isdecimal() and len(text) < 20 else text
    if kind == "choices":
        return [one.strip() for one in text.split(",") if one.strip()]
    if kind == "records":
        return read_json(text, f"the fact {fact.name if fact else ''}")
    return text


def read_facts(source: str) -> dict[str, Any]:
    """The JSON object in a file, on standard input ('-') or written out. BadInput says what is wrong and where."""
    if source.lstrip().startswith("{"):
        text, where = source, "the facts given"
    elif source == "-":
        text, where = _decoded(sys.stdin.buffer.read(MOST_BYTES + 1), "standard input"), "standard input"
    else:
        text, where = _decoded(_read_file(source), source), source
    if len(text.encode(errors="surrogatepass")) > MOST_BYTES:
        _too_long(where)
    facts = read_json(text, where)
    if not isinstance(facts, dict):
        raise BadInput(f'{where} must hold a JSON object of facts, such as {{"edd": "2027-03-01"}}')
    return facts


def _read_file(name: str) -> bytes:
    try:
        with Path(name).open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(f"the file {name[:200]} cannot be read: {error.strerror}") from None


def _decoded(content: bytes, where: str) -> str:
    if len(content) > MOST_BYTES:
        _too_long(where)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(f"{where} is not UTF-8 text") from None


def _too_long(where: str) -> NoReturn:
    raise BadInput(f"{where} is longer than {MOST_BYTES:,} bytes, the most that facts may be")
