"""docs/security.md names tests that exist and has a row for every chapter of the standard."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOC = (ROOT / "docs/security.md").read_text(encoding="utf-8")
CHAPTERS = (
    "Encoding and Sanitization",
    "Validation and Business Logic",
    "Web Frontend Security",
    "API and Web Service",
    "File Handling",
    "Authentication",
    "Session Management",
    "Authorization",
    "Self-contained Tokens",
    "OAuth and OIDC",
    "Cryptography",
    "Secure Communication",
    "Configuration",
    "Data Protection",
    "Secure Coding and Architecture",
    "Security Logging and Error Handling",
    "WebRTC",
)
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_test_that_it_names_exists() -> None:
    named = NAMED.findall(DOC)
    assert named
    assert DOC.count("::") == len(named), "one is written in some other way"
    assert not [f"{file}::{test}" for file, test in named if not _has(ROOT / file, test)]


def _has(file: Path, test: str) -> bool:
    return file.is_file() and bool(re.search(rf"^def {test}\(", file.read_text(encoding="utf-8"), re.MULTILINE))


def test_every_chapter_of_the_standard_has_a_row_that_names_a_test() -> None:
    rows = [line for line in DOC.splitlines() if re.match(r"\| V\d+ ", line)]
    assert [row.split(" | ")[0] for row in rows] == [f"| V{n} {name}" for n, name in enumerate(CHAPTERS, 1)]
    assert all(NAMED.search(row) for row in rows)
