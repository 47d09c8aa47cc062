"""A real Chromium, and the service on a port of this machine whose clock a journey moves."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import uvicorn
from browser_journeys.people import Site
from playwright.sync_api import Browser, BrowserType, Playwright, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from workflow.database import Database

from doors import KEY, doors_to
from factories import Desk, add_people

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = """No Chromium was found, so the pages cannot be tried in a browser.
Looked for: WAYMARK_TEST_CHROMIUM; {names} on the PATH; Playwright's own, which could not be installed either:
{said}
Install one of them: `apt-get install chromium`, or `.venv/bin/python -m playwright install --with-deps chromium`;
or set WAYMARK_TEST_CHROMIUM to the program. These tests are never skipped."""


def found_chromium(chromium: BrowserType) -> str:
    """The program to run. Installs Playwright's own where the machine has none; fails loudly where that fails."""
    named = os.environ.get("WAYMARK_TEST_CHROMIUM")
    if named:
        if not os.access(named, os.X_OK):
            pytest.fail(f"WAYMARK_TEST_CHROMIUM names {named}, which is no program that can be run", pytrace=False)
        return named
    own = chromium.executable_path
    for found in (*map(shutil.which, NAMES), own if Path(own).exists() else None):
        if found:
            return found
    install = [sys.executable, "-m", "playwright", "install", "chromium"]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode or not Path(own).exists():
        said = (done.stderr or done.stdout).strip()[-500:]
        pytest.fail(MISSING.format(names=", ".join(NAMES), said=said), pytrace=False)
    return own


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What everybody had on their page when a journey failed."""
    report = yield
    site = getattr(item, "funcargs", {}).get("site")
    if report.when == "call" and report.failed and site is not None:
        for person in site.people:
            report.sections.append((f"What {person.username} sees at {person.page.url}", person.reads()))
    return report


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    started = sync_playwright().start()
    loop = asyncio.get_running_loop()
    yield started
    asyncio._set_running_loop(loop)
    started.stop()


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """One browser for all journeys of a worker; everybody in them has a context of their own."""
    asyncio._set_running_loop(playwright._impl_obj._loop)  # a test without a browser may have come before
    program = found_chromium(playwright.chromium)
    try:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
    except PlaywrightError as error:
        pytest.fail(f"{program} does not start, so the pages cannot be tried in a browser:\n{error}", pytrace=False)
    yield browser
    browser.close()


@pytest.fixture(autouse=True)
def _loop_of_playwright(playwright: Playwright) -> Iterator[None]:
    """Playwright's loop counts as running from its start; other tests of the same worker run loops of their own."""
    loop = playwright._impl_obj._loop
    asyncio._set_running_loop(loop)
    yield
    asyncio._set_running_loop(None)


@pytest.fixture
def second_factor() -> bool:
    """Whether everybody sets one up when they sign in."""
    return False


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    """The database of a journey: SQLite unless a journey says otherwise."""
    found: str = request.getfixturevalue(getattr(request, "param", "sqlite_url"))
    return found


@pytest.fixture
def site(url: str, chromium: Browser, second_factor: bool) -> Iterator[Site]:
    """The service on a free port with the people of tests/factories.py, and browsers for them."""
    database = Database(url)
    add_people(database)
    desk = Desk(database)
    with socket.create_server(("127.0.0.1", 0)) as listening:  # so what is asked before uvicorn is ready waits
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        doors = doors_to(desk, base_url=address, require_second_factor=second_factor, seal_key=KEY)
        server = uvicorn.Server(uvicorn.Config(doors.app, log_config=None, access_log=False, ws="none"))
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        serving.start()
        opened = Site(address=address, doors=doors, chromium=chromium)
        yield opened
        for person in opened.people:
            person.leaves()
        server.should_exit = True
        serving.join()
    desk.service.looks.flush()
    database.close()
    opened.assert_nothing_went_wrong()
