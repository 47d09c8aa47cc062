"""Nothing foreign is committed, and no lock file names the registry it was made with."""

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ["package-lock.json", "package.json", ".npmrc", *(f"requirements/{n}.txt" for n in ("runtime", "development"))]


@pytest.mark.parametrize("name", LOCKS)
def test_no_lock_file_names_a_registry(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"https?://|index-url|\"resolved\"|registry=|\.npmjs\.|pypi\.org|@ file:", text)


def test_every_package_of_the_npm_lock_has_its_integrity_and_runs_no_script() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert {name: entry["version"] for name, entry in packages.items()} == {"node_modules/govuk-frontend": "6.3.0"}
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert not any(entry.get("hasInstallScript") for entry in packages.values())


def test_git_holds_no_foreign_asset() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not [name for name in listed.splitlines() if "node_modules/" in name or "static/vendor/" in name]
