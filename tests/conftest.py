"""What tests of several folders share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.peers.postgresql import Postgresql


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """A PostgreSQL for the session. Who stops one makes one of their own."""
    server = Postgresql.of_this_run("session")
    yield server
    server.remove()
