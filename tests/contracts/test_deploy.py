"""What deploy/ says agrees with the service that it deploys."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from config.settings import Settings
from workflow.cli import app
from workflow.cli.nodes import PATIENCE
from workflow.serving.server import KEEP_ALIVE

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = ("waymark-web@.service", "waymark-scheduler@.service")


def text(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def said(name: str, word: str) -> str:
    """The value of a directive that stands once."""
    (value,) = re.findall(rf"^\s*{word}[ =]+([^;#\n]*[^;#\s])", text(name), re.MULTILINE)
    return str(value)


def default(name: str) -> float:
    return float(Settings.model_fields[name].default)


def test_the_proxy_takes_bodies_as_large_as_the_service_does_and_waits_longer_than_it() -> None:
    assert int(said("nginx.conf", "client_max_body_size").removesuffix("m")) * 1024 == default("max_body_kb")
    assert int(said("nginx.conf", "proxy_read_timeout").removesuffix("s")) > default("request_seconds")
    assert int(re.findall(r"^ +keepalive_timeout (\d+)s", text("nginx.conf"), re.MULTILINE)[0]) < KEEP_ALIVE


def test_the_proxy_sets_what_the_service_believes_of_it() -> None:
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in text("nginx.conf")
    assert "proxy_set_header X-Forwarded-Proto $scheme;" in text("nginx.conf")
    assert "proxy_set_header Host $host;" in text("nginx.conf")


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_leaves_a_node_the_time_it_takes_to_stop_and_starts_it_again(unit: str) -> None:
    assert PATIENCE + 1 < int(said(unit, "TimeoutStopSec")) < 10
    assert said(unit, "Restart") == "always"
    assert said(unit, "NoNewPrivileges") == "yes"
    assert said(unit, "ProtectSystem") == "strict"


def test_every_command_that_is_started_is_one_of_ours() -> None:
    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    started = [said(unit, "ExecStart").split()[1] for unit in UNITS]
    started += re.findall(r'"\$waymark" ([a-z-]+)', text("rehearse-restore.sh"))
    started += re.findall(r'CMD \["([a-z-]+)"', text("Containerfile"))
    assert set(started) <= known
    assert {"serve", "work", "backup", "audit", "check"} <= set(started)


def test_the_container_runs_as_nobody_in_particular_and_names_no_registry() -> None:
    assert re.findall(r"^USER (\d+)$", text("Containerfile"), re.MULTILINE) == ["10001"]
    images = re.findall(r"^FROM (\S+)", text("Containerfile"), re.MULTILINE)
    assert len(images) == 2
    assert not any("/" in image for image in images)


def test_the_pooler_hands_connections_out_by_transaction_and_the_address_says_so() -> None:
    assert said("pgbouncer.ini", "pool_mode") == "transaction"
    assert "?pooled=true" in text("pgbouncer.ini")
    assert float(said("pgbouncer.ini", "query_wait_timeout")) < default("request_seconds")
