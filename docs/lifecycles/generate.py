"""Writes the page and the picture of every lifecycle beside this file: python docs/lifecycles/generate.py."""

from pathlib import Path

from states.catalogue import LIFECYCLES
from states.diagrams import as_markdown, as_svg

HERE = Path(__file__).parent


def main() -> None:
    for name, lifecycle in LIFECYCLES.items():
        (HERE / f"{name}.md").write_text(as_markdown(lifecycle), encoding="utf-8", newline="\n")
        (HERE / f"{name}.svg").write_text(as_svg(lifecycle), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
