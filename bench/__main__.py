"""`python -m bench` prints the table; `growth`, `load`, `sizes` and others look closer; `doc` writes Markdown."""

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import documents, growth, load, over_http, pages, small, sweep, table, works
from bench.places import stopped_after

CLOSER = ("sweep", "http", "pages", "small")
LEAST = 200  # cases


def main() -> None:
    """Measures, prints, and keeps what was found for `doc`."""
    asked = _asked()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # what was begun is stopped on the way out
    match asked.what:
        case "table":
            usual = works.QUICK if asked.quick else works.Sizes()
            given = {name: getattr(asked, name) for name in ("seconds", "rounds") if getattr(asked, name)}
            _print(table.measured(works.Sizes(**{**vars(usual), **given}), asked.only), as_json=asked.json)
        case "growth":
            cases = growth.QUICK if asked.quick else tuple(int(one) for one in asked.sizes.split(","))
            _print(growth.measured(cases), as_json=asked.json)
        case "load":
            _print(
                load.measured(load.Asked(people=asked.people, minutes=asked.minutes, think=asked.think)),
                as_json=asked.json,
            )
        case "sizes" | "profile":
            _print(documents.KINDS[asked.what].measured(), as_json=asked.json)
        case "doc":
            if asked.write:
                documents.write(print)
            else:
                print(documents.markdown(asked.of))
        case _:
            _closer(asked)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="What Waymark costs, beside floors and peers.")
    what = parser.add_subparsers(dest="what", metavar="table|growth|load|sizes|profile|doc|sweep|http|pages|small")
    parser.set_defaults(what="table", json=False, quick=False, only="", seconds=0.0, rounds=0)
    one = what.add_parser("table", help="the one table (about 12 minutes; --quick about 2)")
    one.add_argument("--only", default="", metavar="WORDS", help="rows whose name holds these words")
    one.add_argument("--seconds", type=float, default=0.0, help="how long each round lasts")
    one.add_argument("--rounds", type=int, default=0, help="how many rounds each gets")
    grown = what.add_parser("growth", help="the same work as the caseload grows a thousandfold")
    grown.add_argument("--sizes", default=",".join(str(size) for size in growth.SIZES), help="cases, with commas")
    for parsed in (one, grown):
        parsed.add_argument("--quick", action="store_true", help="small sizes: it shows that it works")
    loaded = what.add_parser("load", help="signed-in people on two web and two scheduler nodes; one of each is killed")
    loaded.add_argument("--minutes", type=float, default=10.0)
    loaded.add_argument("--people", type=int, default=500)
    loaded.add_argument("--think", type=float, default=10.0, help="mean seconds between two things a person does")
    written = what.add_parser("doc", help="the last runs as Markdown")
    written.add_argument("of", nargs="?", choices=tuple(documents.KINDS), default="table")
    written.add_argument("--write", action="store_true", help="put all of them into docs/performance.md and scale.md")
    closer = [what.add_parser(name) for name in CLOSER]
    for parsed in closer:
        parsed.add_argument("--cases", type=int, default=sweep.CASES, help="open cases at the largest")
        parsed.add_argument("--seconds", type=float, default=over_http.SECONDS, help="for http: how long each is asked")
        parsed.add_argument("--database", choices=pages.DATABASES, help="for pages: one of them alone")
    weighed = what.add_parser("sizes", help="bytes of a case and of a move, and what they come to for England")
    profiled = what.add_parser("profile", help="where the time of a move, a sweep, a trail and an audit goes")
    for parsed in (one, grown, loaded, weighed, profiled, *closer):
        parsed.add_argument("--json", action="store_true", help="JSON, for other programs")
    return parser.parse_args()


def _print(run: dict[str, Any], *, as_json: bool) -> None:
    file = table.keep(run)
    if as_json:
        print(json.dumps(run, ensure_ascii=False))
        return
    console = Console(width=170)
    documents.KINDS[run["kind"]].show(run, console)
    console.print(f"kept in {file}; `python -m bench doc {run['kind']}` writes it as Markdown", highlight=False)


def _closer(asked: argparse.Namespace) -> None:
    if asked.cases < LEAST:
        raise SystemExit(f"--cases must be {LEAST} or more: what is measured falls due by tenths")
    with tempfile.TemporaryDirectory() as name, stopped_after():
        folder = Path(name)
        rows = {
            "sweep": lambda: sweep.rows(folder, asked.cases),
            "http": lambda: over_http.rows(folder, asked.cases, asked.seconds),
            "pages": lambda: pages.rows(folder, asked.cases, [asked.database] if asked.database else pages.DATABASES),
            "small": lambda: small.rows(folder),
        }[asked.what]()
    if asked.json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
    else:
        _show(rows)
    if asked.what == "pages" and any(pages.missed(row) for row in rows):
        sys.exit(1)


def _show(rows: Iterable[Mapping[str, str]]) -> None:
    shown = Table("what", "Waymark", "floor", "ratio", "note")
    for row in rows:
        shown.add_row(*(row[name] for name in ("what", "waymark", "floor", "ratio", "note")))
    Console(width=140).print(shown)


if __name__ == "__main__":
    main()
