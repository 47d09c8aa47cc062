"""What was measured last, as Markdown: on its own, or put into the documents between the marks that name it."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench import growth, load, profile, sizes, table

KINDS = {"table": table, "growth": growth, "load": load, "sizes": sizes, "profile": profile}
DOCUMENTS = (Path("docs/performance.md"), Path("docs/scale.md"))
CHART = Path("docs/growth.svg")


def markdown(kind: str) -> str:
    """SystemExit where it was never measured."""
    file = table.kept(kind)
    if not file.exists():
        raise SystemExit(f"nothing was measured yet: run `python -m bench {kind}` first")
    return "\n".join(KINDS[kind].as_markdown(json.loads(file.read_text())))


def write(told: Callable[[str], None]) -> None:
    """Puts the last runs into the documents; what was not measured here stays as it is."""
    there = [kind for kind in KINDS if table.kept(kind).exists()]
    for document in DOCUMENTS:
        text = document.read_text()
        for kind in there:
            text, count = re.subn(
                rf"(<!-- measured: {kind} -->\n).*?(<!-- end -->)", _put(markdown(kind)), text, flags=re.DOTALL
            )
            if count:
                told(f"{document}: {kind}")
        document.write_text(text)
    if "growth" in there:
        CHART.write_text("\n".join(_chart()) + "\n")
        told(str(CHART))


def _put(said: str) -> Callable[[re.Match[str]], str]:
    return lambda found: f"{found[1]}\n{said}\n\n{found[2]}"


def _chart() -> Iterator[str]:
    run: dict[str, Any] = json.loads(table.kept("growth").read_text())
    return growth.as_svg(run)
