"""A PostgreSQL of the tests' own: `tests/peers/postgresql` for Python."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_suffix("")


@dataclass
class Postgresql:
    """A server in `folder`; `address` is that of its database for everybody."""

    folder: Path
    address: str = ""
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def of_this_run(cls, name: str) -> Postgresql:
        """A fresh one under build/peers/, which other runs do not share."""
        folder = ROOT / "build/peers" / f"{name}-{os.getpid()}"
        return cls(folder).start()

    def _run(self, verb: str) -> str:
        done = subprocess.run([SCRIPT, verb, self.folder], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self) -> Postgresql:
        """Starts it; on the same port each time."""
        self.address = self._run("start")
        return self

    def stop(self) -> None:
        """Ends all sessions, then itself."""
        self._run("stop")

    def kill(self) -> None:
        """At once, like a crash."""
        self._run("kill")

    def remove(self) -> None:
        """Ends it; nothing of it stays."""
        self.kill()
        for place in (Path((self.folder / "home").read_text().strip()), self.folder):
            shutil.rmtree(place, ignore_errors=True)

    def query(self, sql: str, address: str = "") -> list[list[str]]:
        """The rows, as text."""
        done = subprocess.run(
            ["psql", address or self.address, "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql],
            capture_output=True, text=True, timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return [line.split("|") for line in done.stdout.splitlines()]

    def database(self) -> str:
        """The address of a new, empty database."""
        name = f"lake{next(self.numbers)}"
        self.query(f"CREATE DATABASE {name}")
        return self.address.rsplit("/", 1)[0] + "/" + name
