"""Every command explains itself with an example that it would accept, and help answers before anything heavy loads."""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

import pytest
from typer.main import get_command

from workflow.cli import app

HEAVY = (
    "sqlalchemy",
    "sqlmodel",
    "pydantic",
    "holidays",
    "rich",
    "structlog",
    "cel",
    "alembic",
    "transitions",
    "cryptography",
)
FIXED = {
    ("migrate",),
    ("demo",),
    ("import",),
    *((("case", name)) for name in ("open", "list", "show", "moves", "advance", "explain")),
    ("deadline", "explain"),
    *((("policy", name)) for name in ("check", "decide")),
    *((("lifecycle", name)) for name in ("show", "check")),
    *((("calendar", name)) for name in ("add", "gestation")),
    ("report", "cohort"),
    *((("audit", name)) for name in ("show", "verify", "seal", "export")),
    ("check",),
    *((("user", name)) for name in ("add", "list", "disable")),
}
READING = FIXED - {("migrate",), ("demo",), ("audit", "export"), ("user", "disable")}


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its path, groups among them."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


COMMANDS = dict(commands(get_command(app)))
NAMED = {" ".join(("waymark", *path)): path for path in COMMANDS}


def examples(path: tuple[str, ...]) -> list[list[str]]:
    lines = [line.strip() for line in (COMMANDS[path].epilog or "").splitlines()]
    return [shlex.split(line) for line in lines if line.startswith("waymark ")]


def test_the_fixed_commands_are_all_there() -> None:
    assert not FIXED - set(COMMANDS)


@pytest.mark.parametrize("name", NAMED)
def test_every_command_has_help_with_an_example(name: str) -> None:
    path = NAMED[name]
    assert COMMANDS[path].help
    assert examples(path)


@pytest.mark.parametrize("name", [name for name, path in NAMED.items() if not hasattr(COMMANDS[path], "commands")])
def test_every_example_is_one_of_its_command_and_uses_only_what_the_command_knows(name: str) -> None:
    path = NAMED[name]
    for words in examples(path):
        assert tuple(words[1 : 1 + len(path)]) == path
        given = list(takewhile(lambda word: word not in ("<", ">"), words[1 + len(path) :]))
        context = COMMANDS[path].make_context(path[-1], given)
        assert context.command is COMMANDS[path]


@pytest.mark.parametrize("path", sorted(READING))
def test_every_reading_command_can_answer_in_json(path: tuple[str, ...]) -> None:
    assert any("--json" in parameter.opts for parameter in COMMANDS[path].params)


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom workflow.cli import run\n"
        "try:\n    run(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    for argv in (["--help"], ["case", "--help"], ["case", "advance", "--help"], ["user", "add", "--help"]):
        done = subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, text=True, check=True)
        assert "Usage: waymark" in done.stdout
        # Below the top, typer itself asks pydantic what the options of a command are.
        assert done.stderr.strip() == ("[]" if argv == ["--help"] else "['pydantic']")
