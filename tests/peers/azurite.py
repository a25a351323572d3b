"""Azurite, which speaks Azure Blob Storage, of the tests' own: tests/peers/azurite for Python."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from azure.core.exceptions import AzureError, ResourceExistsError
from azure.storage.blob import BlobServiceClient

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).with_suffix("") / "node_modules/azurite/dist/src/blob/main.js"
VERSION = "2026-02-06"  # of the service, that our server speaks
START_SECONDS = 60


@dataclass
class Azurite:
    """A server in `folder`; each container of `containers` is there when it runs."""

    folder: Path
    containers: tuple[str, ...] = ("lake",)
    account: str = "lakelift"
    key: str = "bGFrZWxpZnQgbGFrZWxpZnQgbGFrZWxpZnQgbGFrZWxpZnQ="  # of nothing but this
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    def of_this_run(cls, name: str, containers: tuple[str, ...] = ("lake",)) -> Azurite:
        """A fresh one under build/peers/, which other runs do not share."""
        return cls(ROOT / "build/peers" / f"azurite-{name}-{os.getpid()}", containers).start()

    @property
    def address(self) -> str:
        """Of the account: what the server's configuration calls the endpoint."""
        return f"http://127.0.0.1:{self.port}/{self.account}"

    @property
    def credentials(self) -> dict[str, str]:
        """As the server reads them."""
        return {"AZURE_STORAGE_KEY": self.key}

    def service(self) -> BlobServiceClient:
        """The vendor's client of it, for looking at what it holds."""
        return BlobServiceClient(self.address, credential={"account_name": self.account, "account_key": self.key}, api_version=VERSION, retry_total=0)

    def start(self) -> Azurite:
        """Starts it; on the same port each time."""
        assert PROGRAM.exists(), "Azurite is not installed: run `scripts/deps.sh peers`"
        assert self.process is None
        self.folder.mkdir(parents=True, exist_ok=True)
        command = ["node", PROGRAM, "--blobHost", "127.0.0.1", "--blobPort", str(self.port), "--location", self.folder, "--silent",
                   "--disableProductStyleUrl", "--disableTelemetry", "--skipApiVersionCheck"]  # newer clients than it, too
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=os.environ | {"AZURITE_ACCOUNTS": f"{self.account}:{self.key}"})
        self._wait_until_ready()
        return self

    def _wait_until_ready(self) -> None:
        assert self.process is not None
        end = time.monotonic() + START_SECONDS
        while True:
            assert self.process.poll() is None, (self.folder / "log").read_text()
            try:
                return self._make_containers()
            except AzureError:
                assert time.monotonic() < end, (self.folder / "log").read_text()
                time.sleep(0.1)

    def _make_containers(self) -> None:
        with self.service() as service:
            for name in self.containers:
                try:
                    service.create_container(name)
                except ResourceExistsError:
                    pass

    def stop(self) -> None:
        """As an operator would; what it holds stays in the folder."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)
            self.process = None

    def kill(self) -> None:
        """At once, like a crash. It writes down what it holds every few seconds only, so the last of it is lost."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(60)
            self.process = None

    def remove(self) -> None:
        """Ends it; nothing of it stays."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
