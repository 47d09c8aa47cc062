"""The command that runs a scheduler node: the service's own work, with nobody at a keyboard."""

import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from workflow.cli.options import example
from workflow.cli.output import say
from workflow.cli.session import clock, opened, opened_database

if TYPE_CHECKING:
    from scheduler.runner import Runner
    from workflow.bootstrap import Service

PATIENCE = 3.5  # seconds for running jobs to end after a signal; with all around it a node stops within five


def register(root: typer.Typer) -> None:
    root.command(epilog=example("waymark work", "waymark work --once"))(work)
    root.command(epilog=example("waymark serve --demo", "waymark serve --port 8080 --no-scheduler"))(serve)


def work(
    node: Annotated[
        str | None,
        typer.Option("--node", metavar="NAME", help="The name in the records; host and process if left out."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="One pass of every job, then stop.")] = False,
) -> None:
    """Runs a scheduler node: sweeps deadlines, tells people, seals the evidence and checks the promises, until stopped.

    Any number of nodes may run on one database. SIGTERM or Ctrl-C stops it within five seconds, and nothing is lost.
    """
    from config.logs import set_up_logs

    set_up_logs(plain=sys.stderr.isatty())
    name = node or f"{socket.gethostname()}-{os.getpid()}"
    with opened() as session:
        if once:
            one_pass(session.service, name)
        else:
            until_stopped(session.service, name)


def serve(
    demo: Annotated[bool, typer.Option("--demo", help="Serve the invented demo caseload; loopback only.")] = False,
    host: Annotated[str, typer.Option(metavar="H", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="P", min=1, max=65535, help="The port to listen on.")] = 8000,
    no_scheduler: Annotated[bool, typer.Option("--no-scheduler", help="Leave the jobs to other nodes.")] = False,
) -> None:
    """Serves Waymark over HTTP and, unless told otherwise, runs a scheduler node in the same process.

    It does not start where a key is missing or weak, or where the database is not the one that was meant; it says
    everything that must be put right at once. With --demo the caseload is loaded first where the database is empty.
    """
    from config.logs import set_up_logs

    set_up_logs(plain=sys.stderr.isatty())
    _require_fit(demo, host)
    if demo:
        _prepare_demo()
    with opened() as session:
        _serve(session.service, host, port, scheduler=not no_scheduler)


def _require_fit(demo: bool, host: str) -> None:
    """BadInput with everything that keeps this from being served, before anything is opened or changed."""
    from config.settings import Settings
    from workflow.errors import BadInput
    from workflow.serving.fitness import unfit, unfit_host, unfit_kind

    found = [*unfit(Settings(), demo), *unfit_host(host, demo)]
    with opened_database() as database:
        found += unfit_kind(database, demo)
    if found:
        raise BadInput("Waymark does not start before this is put right", found)


def _prepare_demo() -> None:
    """Creates the demo database where there is none yet."""
    from workflow.cli.system import demo, migrate

    migrate()
    demo(if_empty=True)


def _serve(service: "Service", host: str, port: int, *, scheduler: bool) -> None:
    """Answers until a signal comes. Five seconds after it the process has ended, whatever was still running."""
    from workflow.app import create_app
    from workflow.serving.server import server_of

    ending = threading.Event()
    server = server_of(create_app(service), service.settings, host=host, port=port, told=ending.set)
    set_when_told_to_stop(ending)  # the server hands the signal on when it has closed its doors
    threading.Thread(target=_end_in_time, args=(service, ending), daemon=True).start()
    runner = runner_of(service, f"{socket.gethostname()}-{os.getpid()}", ending) if scheduler else None
    if runner is not None:
        runner.start()
    _say_where(service, host, port)
    try:
        server.run()  # returns after SIGTERM or Ctrl-C
    finally:
        ending.set()
        if runner is not None:
            stop_in_time(runner)  # what goes on after that is cut off below


def _end_in_time(service: "Service", ending: threading.Event) -> None:
    """Ends the process where it does not end by itself: no thread can be stopped, and the database rolls them back."""
    ending.wait()
    threading.Event().wait(PATIENCE)
    try:
        service.looks.flush()
    finally:
        os._exit(0)


def _say_where(service: "Service", host: str, port: int) -> None:
    """Where to look, and on invented records how to sign in."""
    from workflow.demo.staff import BEGIN_AS, DEMO_PASSWORD

    shown = f"[{host}]" if ":" in host else host
    say(f"Waymark answers at http://{shown}:{port}/ (is it ready? http://{shown}:{port}/readyz)")
    with service.database.read() as connection:
        if service.is_demo(connection):
            names = ", ".join(BEGIN_AS)
            say(f"Sign in as {names} or another of `waymark user list`; the password is {DEMO_PASSWORD}")


def set_when_told_to_stop(event: threading.Event) -> None:
    """Sets the event at SIGTERM or Ctrl-C.

    In a thread of its own: a handler interrupts whatever runs, and where that is the event's own `wait`, holding its
    lock, setting it there would wait for ever.
    """
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: threading.Thread(target=event.set, daemon=True).start())


def stop_in_time(runner: "Runner") -> bool:
    """Lets running jobs end; False where they did not in time, and the process must be ended without them."""
    ending = threading.Thread(target=runner.stop, daemon=True)
    ending.start()
    ending.join(PATIENCE)
    return not ending.is_alive()


def one_pass(service: "Service", node: str) -> None:
    """Every job once, each recorded; a failing one does not keep the others from running."""
    import structlog

    from workflow import jobs
    from workflow.errors import WaymarkError

    failed = []
    for name, job in jobs.jobs(service, node).items():
        try:
            say(f"{name + ':':<20}{jobs.run(service, name, job, node, clock)}")
        except Exception as error:
            structlog.get_logger(__name__).exception("job_failed", job=name)
            failed.append(name)
            say(f"{name + ':':<20}failed ({type(error).__name__})")
    if failed:
        raise WaymarkError(f"{', '.join(failed)} failed; the log says why")


def until_stopped(service: "Service", node: str) -> None:
    """Works until a signal comes. Jobs that do not end in time are cut off: each is a transaction, or found again."""
    import structlog

    from workflow.bootstrap import let_rest

    log = structlog.get_logger(__name__)
    stopping = threading.Event()
    set_when_told_to_stop(stopping)
    runner = runner_of(service, node, stopping)
    let_rest()
    runner.start()
    log.info("node_started", node=node)
    while not stopping.wait(0.5):  # a signal that comes just before a wait begins is seen only when it ends
        pass
    ended = stop_in_time(runner)
    log.info("node_stopped", node=node, cut_off=not ended)
    if not ended:
        os._exit(0)  # the threads of running jobs would keep the process alive; the database rolls them back


def runner_of(service: "Service", node: str, stopping: threading.Event) -> "Runner":
    """A runner that ticks for every job of this node."""
    from functools import partial

    from scheduler.runner import Runner, Tick
    from workflow import jobs

    return Runner(
        {
            name: Tick(every=job.every, act=partial(jobs.tick, service, name, job, node, clock))
            for name, job in jobs.jobs(service, node, stopping).items()
        }
    )
