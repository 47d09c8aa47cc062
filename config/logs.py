"""Logs as facts: one JSON line an event, ids only, never a personal detail and never a local variable."""

import logging
import sys
from contextlib import suppress
from typing import Any, TextIO

import structlog

# Errors whose text says what is wrong with the installation. That of any other may quote what somebody typed.
TOLD = frozenset(
    {
        *("NotReady", "EvidenceBroken", "OSError", "ConnectionRefusedError", "ConnectionResetError"),
        *("FileNotFoundError", "PermissionError", "TimeoutError"),
    }
)
FEWER = ("transitions", "alembic", "apscheduler", "httpx", "httpx2", "httpcore", "multipart", "python_multipart")
_TRANSFORM = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)  # locals are children's data


def set_up_logs(*, plain: bool = False) -> None:
    """Sends every log, ours and the libraries', to standard error: JSON lines, or plain text for a person to read.

    A line carries what is bound where it is written: the request's id, and who asks.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(where_it_failed),
    ]
    last: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=False) if plain else structlog.processors.JSONRenderer()
    )
    handler = _Lines(sys.stderr)
    handler.addFilter(_first_line_of_asyncio)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for chatty in FEWER:  # transitions logs every step with the state of the subject, HTTP clients whole addresses
        logging.getLogger(chatty).setLevel(logging.WARNING)
    for server in ("uvicorn", "uvicorn.error", "uvicorn.access"):  # its own handlers would be a second stream
        logging.getLogger(server).handlers.clear()
        logging.getLogger(server).propagate = True
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


class _Lines(logging.StreamHandler[TextIO]):
    """Where a line cannot be written, logging would print the error being logged, words and all: this does not."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the name logging calls
        with suppress(Exception):
            sys.stderr.write(f'{{"event": "log_line_lost", "logger": "{record.name}"}}\n')


def where_it_failed(exc_info: structlog.typing.ExcInfo) -> list[dict[str, Any]]:
    """The kinds and places of an error and of what caused it; their words only where those name no person."""
    return [_told(one) for one in _TRANSFORM(exc_info)]


def _told(stack: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in stack.items() if name not in ("exc_notes", "syntax_error")}
    if stack["exc_type"] not in TOLD:
        kept["exc_value"] = ""
    return {**kept, "exceptions": [[_told(one) for one in group] for group in stack.get("exceptions", ())]}


def _first_line_of_asyncio(record: logging.LogRecord) -> bool:
    """What asyncio adds after its first line is the error itself, in its own words."""
    if record.name == "asyncio":
        record.msg, record.args = record.getMessage().partition("\n")[0], ()
    return True
