"""A Trino node of the tests' own: `tests/peers/trino` for Python."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.peers.s3 import REGION, S3

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_suffix("")


@dataclass
class Trino:
    folder: Path
    s3: S3
    address: str = ""

    @staticmethod
    def is_there() -> bool:
        """Whether it is installed."""
        return (ROOT / "build/deps/trino/lib").is_dir()

    @classmethod
    def of_this_run(cls, s3: S3) -> Trino:
        return cls(ROOT / "build/peers" / f"trino-{os.getpid()}", s3).start()

    def _run(self, verb: str) -> str:
        env = {"S3_ENDPOINT": self.s3.address, "S3_ACCESS_KEY": self.s3.key, "S3_SECRET_KEY": self.s3.secret, "S3_REGION": REGION}
        done = subprocess.run([SCRIPT, verb, self.folder], capture_output=True, text=True, timeout=700, env=os.environ | env)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self) -> Trino:
        self.address = self._run("start")
        return self

    def remove(self) -> None:
        """Ends it; nothing of it stays."""
        self._run("stop")
        shutil.rmtree(self.folder, ignore_errors=True)
