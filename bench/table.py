"""The table: every row measured, printed for people, kept as JSON, and written as Markdown."""

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.contest import PEERS, Contender, held
from bench.places import stopped_after
from bench.surroundings import surroundings
from bench.works import MACHINE, POSTGRESQL, Databases, Sizes, fill, works

Said = dict[str, Any]
HEADINGS = ("who", "a second", "p50 ms", "p99 ms", "processor µs", "peak MB", "Waymark is")
MOST_OF_A_MOVE = 0.1  # what the state machine may take of a move


def measured(sizes: Sizes, only: str = "") -> Said:
    """All rows whose words hold `only`; SystemExit where the peers are not installed."""
    if not PEERS.exists():
        raise SystemExit(
            f"the peers are not installed ({PEERS} is missing): run `make bench` once, which installs them"
        )
    rows: list[Said] = []
    console = Console(stderr=True)
    wanted = [one for one in works(sizes) if only in one.what]
    with tempfile.TemporaryDirectory() as folder, stopped_after(), console.status("begins") as status:
        databases = Databases(Path(folder))
        around = surroundings(databases.url(Contender("", "floor", "", database=f"{POSTGRESQL}-facts")))
        if any(one.guest for work in wanted for one in work.contenders[:1]):
            status.update(f"writes {sizes.evidence:,} entries, twice on each database")
            fill(sizes, databases)
        for work in wanted:
            rows.append(held(work, databases.url, sizes.rounds, status.update))
            console.print(f"done: {work.what}")
    _add_share(rows)
    return {"kind": "table", "surroundings": around, "sizes": vars(sizes), "rows": rows}


def _add_share(rows: Sequence[Said]) -> None:
    """What the machine takes of a move on SQLite, where both were measured."""
    ours = {row["what"]: row["contenders"][0] for row in rows}
    machine = ours.get(MACHINE)
    move = next((one for what, one in ours.items() if what.startswith("a move, SQLite")), None)
    if machine is None or move is None:
        return
    share = 1e6 / machine["rate"] / move["cpu_us"]
    said = {"says": f"at most {MOST_OF_A_MOVE:.0%} of a move", "found": f"{share:.1%}", "kept": share <= MOST_OF_A_MOVE}
    next(row for row in rows if row["what"] == MACHINE)["aims"].append(said)


def show(run: Said, console: Console) -> None:
    """The one table."""
    for name, value in run["surroundings"].items():
        console.print(f"{name}: {value}", highlight=False)
    table = Table("work", *HEADINGS)
    for row in run["rows"]:
        for number, one in enumerate(row["contenders"]):
            style = {"Waymark": "bold", "floor": "dim"}.get(one["side"], "")
            table.add_row("" if number else row["what"], *cells(one), style=style)
        for aim in row["aims"]:
            kept = "kept" if aim["kept"] else "[red]MISSED[/red]"
            table.add_row("", f"  {kept}: {aim['says']}: {aim['found']}")
        table.add_section()
    console.print(table)
    console.print(
        "Rates are medians of rounds in turn; ratios are of the same round. Processor: of the client's side, each."
    )


def cells(one: Said) -> list[str]:
    """One contender, in the order of HEADINGS."""
    extra = [f"{one['bytes']:,} bytes a case"] if one["bytes"] is not None else []
    extra += [one["note"]] if one["note"] else []
    name = one["name"] + (f" ({'; '.join(extra)})" if extra else "")
    rate = f"{one['rate']:,.0f}" if one["rate"] >= 100 else f"{one['rate']:.1f}"
    half, late = ("" if one[name] is None else f"{one[name]:.2f}" for name in ("p50_ms", "p99_ms"))
    times = "" if one["side"] == "Waymark" else f"{one['times_of_it']:.2f} ×"
    return [name, rate, half, late, f"{one['cpu_us']:,.1f}", f"{one['peak_mb']:.0f}", times]


def as_markdown(run: Said) -> Iterator[str]:
    """The same for docs/performance.md."""
    yield from (f"- {name}: {value}" for name, value in run["surroundings"].items())
    yield f"- libraries: {', '.join(f'{name} {said}' for name, said in sorted(_versions(run).items()))}"
    for row in run["rows"]:
        yield from ("", f"### {row['what'][0].upper()}{row['what'][1:]}", "")
        yield f"| {' | '.join(HEADINGS)} |"
        yield f"|---|{'---:|' * (len(HEADINGS) - 1)}"
        for one in row["contenders"]:
            said = cells(one)
            said[0] = f"**{said[0]}**" if one["side"] == "Waymark" else said[0]
            yield f"| {' | '.join(said)} |"
        yield ""
        for aim in row["aims"]:
            yield f"- {'Kept' if aim['kept'] else '**Missed**'}: {aim['says']}: {aim['found']}."


def _versions(run: Said) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in run["rows"]:
        found |= row["versions"]
    return {name: said for name, said in found.items() if name not in ("python", "sqlite")}


def keep(run: Said) -> Path:
    """Where `python -m bench doc` finds the last run of each kind."""
    file = kept(run["kind"])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(run, indent=1, ensure_ascii=False))
    return file


def kept(kind: str) -> Path:
    return Path(sys.prefix) / "bench" / f"last-{kind}.json"
