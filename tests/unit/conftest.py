"""Unit tests cannot reach a database or the network: a fixture closes both doors."""

import socket
import sqlite3
from typing import NoReturn

import psycopg
import pytest


def _closed(*_: object, **__: object) -> NoReturn:
    raise AssertionError("a unit test reached for a database or the network")


@pytest.fixture(autouse=True)
def no_database_and_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "connect", _closed)
    monkeypatch.setattr(psycopg, "connect", _closed)
    monkeypatch.setattr(psycopg.Connection, "connect", _closed)
    monkeypatch.setattr(socket.socket, "connect", _closed)
