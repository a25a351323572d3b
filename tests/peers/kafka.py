"""A Kafka broker of the tests' own: `tests/peers/kafka` for Python, and kcat to see what a topic holds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_suffix("")


@dataclass
class Message:
    """As kcat saw it."""

    partition: int
    offset: int
    key: str
    value: str
    headers: dict[str, str]
    at_ms: int  # when the producer says that it was made


@dataclass
class Kafka:
    """A broker in `folder`."""

    folder: Path
    address: str = ""
    message_bytes: int = 1_048_588  # the largest message set that it takes

    @classmethod
    def of_this_run(cls, name: str, message_bytes: int = 1_048_588) -> Kafka:
        """A fresh one under build/peers/, which other runs do not share."""
        assert (ROOT / "build/deps/kafka/libs").is_dir() and shutil.which("kcat"), "Kafka is not installed: run `scripts/deps.sh peers`"
        return cls(ROOT / "build/peers" / f"kafka-{name}-{os.getpid()}", message_bytes=message_bytes).start()

    def _run(self, verb: str) -> str:
        env = os.environ | {"KAFKA_TOPIC_LIMIT": str(self.message_bytes)}
        done = subprocess.run([SCRIPT, verb, self.folder], capture_output=True, text=True, timeout=180, env=env)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self) -> Kafka:
        """Starts it; on the same port each time, with what it held."""
        self.address = self._run("start")
        return self

    def stop(self) -> None:
        """As an operator would."""
        self._run("stop")

    def kill(self) -> None:
        """At once, like a crash."""
        self._run("kill")

    def remove(self) -> None:
        """Ends it; nothing of it stays."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- looking at what it holds -----------------------------------------------------------------------------------

    def kcat(self, *arguments: str, stdin: str | None = None, timeout: float = 120) -> str:
        done = subprocess.run(["kcat", "-b", self.address, *arguments], input=stdin, capture_output=True, text=True, timeout=timeout)
        assert done.returncode == 0, f"{done.args}\n{done.stderr}"
        return done.stdout

    def topics(self) -> dict[str, int]:
        """Partitions by name."""
        found: list[dict[str, Any]] = json.loads(self.kcat("-L", "-J"))["topics"]
        return {one["topic"]: len(one["partitions"]) for one in found}

    def read(self, topic: str = "file-events") -> list[Message]:
        """All that the topic has, partition by partition, in order."""
        lines = self.kcat("-C", "-t", topic, "-o", "beginning", "-e", "-q", "-J").splitlines()
        messages = [self._message(json.loads(line)) for line in lines]
        return sorted(messages, key=lambda one: (one.partition, one.offset))

    @staticmethod
    def _message(one: dict[str, Any]) -> Message:
        pairs = one.get("headers") or []
        return Message(one["partition"], one["offset"], one["key"] or "", one["payload"] or "", dict(zip(pairs[::2], pairs[1::2], strict=True)), one["ts"])

    def write(self, topic: str, *values: str, headers: dict[str, str] | None = None) -> None:
        """One message a value, without a key."""
        flags = [flag for name, value in (headers or {}).items() for flag in ("-H", f"{name}={value}")]
        self.kcat("-P", "-t", topic, *flags, stdin="\n".join(values))
