"""A process that has Waymark loaded, and forks real nodes: as `waymark`, with clocks and mutations of their own.

Told by lines of JSON on its input; answers each with a line. A node dies alone: the nursery goes on.
"""

import importlib
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any


def shift(file: Path) -> None:
    """The clock of this process goes wrong by the seconds in a file, read at every look."""
    app, nodes, session = (importlib.import_module(f"workflow.{name}") for name in ("app", "cli.nodes", "cli.session"))

    def clock() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(file.read_text()))

    app.create_app.__kwdefaults__["clock"] = clock
    nodes.clock = session.clock = clock


def start(asked: dict[str, Any]) -> int:
    """Forks a node; its number."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for number, stream in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(number, stream)
        os.environ.update(asked["environment"])
        sys.argv = ["waymark", *asked["argv"]]
        if asked["clock"]:
            shift(Path(asked["clock"]))
        if asked["mutation"]:
            importlib.import_module("faults.mutations").MUTATIONS[asked["mutation"]].make()
        from workflow.cli import run  # noqa: PLC0415

        run()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        import traceback  # noqa: PLC0415

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def poll(number: int) -> int | None:
    """How a node ended; None while it runs."""
    found, status = os.waitpid(number, os.WNOHANG)
    return None if not found else os.waitstatus_to_exitcode(status)


def answer(said: Any) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def main() -> None:
    for name in ("workflow.cli", "workflow.app", "workflow.jobs", "workflow.imports", "workflow.serving.server",
                 "workflow.delivery.opening", "workflow.simulation", "psycopg", "uvicorn.lifespan.on",
                 "uvicorn.protocols.http.auto", "uvicorn.loops.auto", "config.logs"):  # fmt: skip
        importlib.import_module(name)
    from workflow.bootstrap import checked_policies  # noqa: PLC0415

    checked_policies()
    answer("ready")
    for line in sys.stdin:
        asked = json.loads(line)
        answer(start(asked) if asked["act"] == "start" else poll(asked["number"]))


if __name__ == "__main__":
    main()
