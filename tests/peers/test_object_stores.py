"""The contract of stores, and what only a store over the network has, against servers of others: storage_live_test (src/backends/storage/live)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.peers.azurite import Azurite
from tests.peers.s3 import REGION, S3
from tests.server_process import FULL_DOSE

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("LAKELIFT_LIVE_TEST", ROOT / "build/dev/bin/storage_live_test"))
SECONDS = 900


def s3_environment(store: S3) -> dict[str, str]:
    return store.credentials | {"LAKELIFT_LIVE_KIND": "s3", "LAKELIFT_LIVE_ENDPOINT": store.address, "LAKELIFT_LIVE_BUCKET": "lake",
                                "LAKELIFT_LIVE_REGION": REGION}


def azure_environment(store: Azurite) -> dict[str, str]:
    return store.credentials | {"LAKELIFT_LIVE_KIND": "azure", "LAKELIFT_LIVE_ENDPOINT": store.address, "LAKELIFT_LIVE_BUCKET": "lake",
                                "AZURE_STORAGE_ACCOUNT": store.account}


@pytest.fixture(scope="module")
def versitygw() -> Iterator[S3]:
    """One for the module."""
    store = S3.of_this_run("stores")
    yield store
    store.remove()


@pytest.fixture(scope="module")
def minio() -> Iterator[S3]:
    store = S3.of_this_run("stores", "minio")
    yield store
    store.remove()


@pytest.fixture(scope="module")
def azurite() -> Iterator[Azurite]:
    store = Azurite.of_this_run("stores")
    yield store
    store.remove()


def run(environment: dict[str, str]) -> None:
    """All tests of the program; its own words where one fails."""
    # Freed memory that the sanitizer holds on to would count as memory in use.
    sanitizer = {"ASAN_OPTIONS": "quarantine_size_mb=8"}
    done = subprocess.run([PROGRAM, "--gtest_brief=1"], capture_output=True, text=True, timeout=SECONDS, env=os.environ | environment | sanitizer)
    assert done.returncode == 0, f"{done.stdout[-12_000:]}\n{done.stderr[-4_000:]}"
    print("\n" + done.stdout.strip().splitlines()[-1])


def test_versitygw(versitygw: S3) -> None:
    run(s3_environment(versitygw))
    assert versitygw.objects() == {} and versitygw.unfinished() == []


@pytest.mark.skipif(not FULL_DOSE, reason="the second S3 server is for the full dose")
def test_minio(minio: S3) -> None:
    run(s3_environment(minio) | {"LAKELIFT_LIVE_LISTS_UNFINISHED": "no"})
    assert minio.objects() == {} and minio.unfinished() == []


def test_azurite(azurite: Azurite) -> None:
    run(azure_environment(azurite))


@pytest.mark.parametrize("missing", ["S3_KEY_SECRET", "LAKELIFT_LIVE_BUCKET"])
def test_the_program_does_not_pass_by_asking_nobody(versitygw: S3, missing: str) -> None:
    """Whoever misspells a variable is told."""
    check: Callable[[dict[str, str]], None] = run
    with pytest.raises(AssertionError):
        check(s3_environment(versitygw) | {missing: ""})
