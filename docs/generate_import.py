"""Writes the tables of columns, states and clocks into import.md beside this file: python docs/generate_import.py."""

import re
from pathlib import Path

from workflow.imports import Kind
from workflow.imports.templates import columns_as_markdown, states_as_markdown

PAGE = Path(__file__).parent / "import.md"


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    tables = {kind.value: columns_as_markdown(kind) for kind in Kind} | {"states": states_as_markdown()}
    for name, table in tables.items():
        begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        page = re.sub(f"({begin}).*?({end})", lambda found, table=table: found[1] + table + found[2], page, flags=re.S)
    PAGE.write_text(page, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
