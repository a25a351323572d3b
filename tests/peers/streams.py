"""Streaming jobs on a Spark of the tests' own: one driver for all that a module asks of it, since starting one takes longest."""

from __future__ import annotations

import json
import os
import select
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.peers.spark import PYTHON, ROOT, spark_environment

SECONDS = 900  # with the start of a virtual machine and of Spark
QUICK_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # of a virtual machine that lives a minute or two


def connector() -> str:
    jars = sorted((ROOT / "build/deps/spark-kafka").glob("*.jar"))
    assert jars, "Spark's connector to Kafka is not installed: run `scripts/deps.sh peers`"
    return ",".join(map(str, jars))


@dataclass
class Streams:
    folder: Path
    extra: dict[str, str]  # environment
    process: subprocess.Popen[str] | None = None

    @property
    def log(self) -> Path:
        return self.folder / "driver.log"

    def start(self) -> Streams:
        self.folder.mkdir(parents=True, exist_ok=True)
        submitted = f"--master local[2] --driver-memory 1g --driver-java-options '{QUICK_START}' --jars {connector()} --conf spark.ui.enabled=false"
        environment = os.environ | spark_environment() | self.extra | {"PYSPARK_SUBMIT_ARGS": f"{submitted} --conf spark.log.level=ERROR pyspark-shell"}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([PYTHON, Path(__file__).with_name("streams_driver.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=log, text=True, env=environment, cwd=self.folder)
        assert self._hear() == {"ready": True}
        return self

    def _hear(self) -> dict[str, Any]:
        assert self.process is not None and self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], SECONDS)
        line = self.process.stdout.readline() if ready else ""
        assert line, f"Spark says nothing; its log:\n{self.log.read_text()[-4000:]}"
        return json.loads(line)

    def _ask(self, **what: Any) -> dict[str, Any]:
        assert self.process is not None and self.process.stdin is not None
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        answer = self._hear()
        assert "error" not in answer, answer["error"]
        return answer["total"]

    def begin(self, name: str, *arguments: str, job: str = "count") -> None:
        """Begins to count, without a look more often than is asked for."""
        self._ask(start=name, job=job, arguments=list(arguments))

    def settle(self, name: str) -> dict[str, Any]:
        """Until all that is there is counted; the report's figures."""
        return self._ask(process=name)

    def end(self, name: str) -> dict[str, Any]:
        return self._ask(stop=name)

    def stop(self) -> None:
        if self.process is None:
            return
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.process.stdout.close()
        self.process = None
