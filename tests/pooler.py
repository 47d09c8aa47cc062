"""PgBouncer in transaction mode before a PostgreSQL server: each transaction runs on whichever connection is free."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

NEEDED = "WAYMARK_POOLED needs pgbouncer on the PATH: install the package `pgbouncer` of your system"


@contextmanager
def pooled(server: str) -> Iterator[str]:
    """The address of a pooler before the server, on the loopback address; any database of the server can be named."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        raise RuntimeError(NEEDED)
    url = make_url(server)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="waymark-pooler-") as folder:
        Path(folder).chmod(0o755)
        process = subprocess.Popen([program, *_runs_as(server), _configured(Path(folder), server, port)])
        try:
            _until_it_answers(process, port)
            address = url.set(host="127.0.0.1", port=port, query={"pooled": "true"})
            yield address.render_as_string(hide_password=False)
        finally:
            process.terminate()
            process.wait()


def _configured(folder: Path, server: str, port: int) -> str:
    """Few server connections for each database, and each given to another transaction as soon as one has ended."""
    url = make_url(server)
    host, at = url.query.get("host", url.host), url.query.get("port", url.port or 5432)
    password = f" password={url.password}" if url.password else ""
    file, users = folder / "pgbouncer.ini", folder / "users.txt"
    users.write_text(f'"{url.username}" ""\n')
    file.write_text(
        f"""[databases]
* = host={host} port={at} user={url.username}{password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = transaction
default_pool_size = 20
max_client_conn = 500
server_round_robin = 1
server_idle_timeout = 5
autodb_idle_timeout = 5
log_connections = 0
log_disconnections = 0
log_pooler_errors = 0
log_stats = 0
"""
    )
    return str(file)


def _runs_as(server: str) -> list[str]:
    """It refuses to run as root: there as the account that may reach the server's socket, or as nobody."""
    if os.getuid() != 0:
        return ["-q"]
    host = str(make_url(server).query.get("host", ""))
    owner = Path(host).owner() if host.startswith("/") else "nobody"
    return ["-q", "-u", owner if owner != "root" else "nobody"]


def _until_it_answers(process: "subprocess.Popen[bytes]", port: int) -> None:
    end = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("pgbouncer did not start")
