from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fake_lakelift import FakeLakelift


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No test waits: the pauses between retries are written down."""
    pauses: list[float] = []
    monkeypatch.setattr("lakelift.retry.time.sleep", pauses.append)
    for name in [name for name in os.environ if name.startswith("LAKELIFT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LAKELIFT_DISABLE_PROGRESS", "1")
    return pauses


@pytest.fixture
def fake() -> Iterator[FakeLakelift]:
    server = FakeLakelift()
    yield server
    server.close()
