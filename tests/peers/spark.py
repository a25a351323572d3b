"""Spark of the tests' own: one driver for all that a session asks of it, since starting one takes longest."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / "build/deps/spark/bin/python"
START_SECONDS = 600


def spark_home() -> Path:
    found = list((ROOT / "build/deps/spark").glob("lib/python3*/site-packages/pyspark"))
    assert found, "Spark is not installed: run `scripts/deps.sh peers`"
    return found[0]


def spark_environment() -> dict[str, str]:
    """What spark-submit needs to be told of an environment that is not on PATH."""
    return {"SPARK_HOME": str(spark_home()), "PYSPARK_PYTHON": str(PYTHON), "SPARK_LOCAL_IP": "127.0.0.1"}


@dataclass
class SparkHost:
    """A driver with a session of its own, in `folder`. `extra`: its environment besides, credentials of object stores."""

    folder: Path
    extra: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    _answers: dict[int, int] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _ids: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def log(self) -> Path:
        return self.folder / "driver.log"

    def start(self) -> SparkHost:
        self.folder.mkdir(parents=True, exist_ok=True)
        environment = os.environ | spark_environment() | self.extra
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([PYTHON, Path(__file__).with_name("spark_driver.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=log, text=True, env=environment, cwd=self.folder)
        ready = threading.Event()
        threading.Thread(target=self._listen, args=(self.process, ready), daemon=True).start()
        assert ready.wait(START_SECONDS), self.log.read_text()[-3000:]
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        return self

    def _listen(self, process: subprocess.Popen[str], ready: threading.Event) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said = json.loads(line)
            with self._changed:
                if "id" in said:
                    self._answers[said["id"]] = said["code"]
                self._changed.notify_all()
            ready.set()
        ready.set()
        with self._changed:
            self._changed.notify_all()

    def _say(self, what: dict[str, object]) -> None:
        assert self.process is not None and self.process.stdin is not None
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def run(self, order: str, seconds: float = 600) -> int:
        """The script's exit code for this order; orders wait for each other."""
        number = next(self._ids)
        with self._changed:
            self._say({"id": number, "order": order})
            done = self._changed.wait_for(lambda: number in self._answers or (self.process is not None and self.process.poll() is not None), seconds)
            assert done and number in self._answers, self.log.read_text()[-3000:]
            return self._answers.pop(number)

    def cancel(self) -> None:
        """Ends the jobs of the order that is being carried out."""
        with self._changed:
            self._say({"cancel": True})

    def stop(self) -> None:
        if self.process is None:
            return
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.process = None
