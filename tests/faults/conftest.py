"""Processes that end with the test that started them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.caseload import Nodes


@pytest.fixture
def nodes(database_url: str, tmp_path: Path) -> Iterator[Nodes]:
    started = Nodes(database_url, tmp_path)
    yield started
    started.end()
