"""docs/sources.md has a row for what each document names, and the tests it names exist."""

import re
from pathlib import Path

from workflow.web.source_names import SOURCES, source_words

ROOT = Path(__file__).parents[2]
POLICIES = sorted((ROOT / "config/policies").glob("*.toml"))
DOC = (ROOT / "docs/sources.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def test_every_row_of_what_the_documents_name_is_shown_by_a_test_that_exists() -> None:
    table = DOC.partition("## What the documents name")[2]
    rows = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith(("| named", "| **"))]
    assert len(rows) > 40
    missing = [row for row in rows if not NAMED.search(row)]
    missing += [f"{file}::{test}" for row in rows for file, test in NAMED.findall(row) if not _has(ROOT / file, test)]
    assert not missing


def _has(file: Path, test: str) -> bool:
    return file.is_file() and (not test or f"def {test}(" in file.read_text(encoding="utf-8"))


def test_every_key_of_the_document_has_a_name_that_pages_show() -> None:
    keys = set(re.findall(r"^\| ([A-Z0-9-]+) \|", DOC, re.MULTILINE))
    assert keys <= set(SOURCES)


def test_no_page_names_a_source_by_its_key() -> None:
    sources = re.findall(r'source = "([^"]*)"', "".join(one.read_text("utf-8") for one in POLICIES))
    shown = [source_words(one) for one in sources]
    assert [
        one for one in shown if any(re.search(rf"(?<![\w-]){key}(?![\w-])", one) for key in SOURCES if "-" in key)
    ] == []
    assert source_words("LIVERPOOL-VISITS; domain 10.5") == (
        "Liverpool's procedures on visits under a plan; domain reference 10.5"
    )
