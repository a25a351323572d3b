"""Where the script leaves its results: a real Spark writes part files and manifest to S3 and to Azure, and the server fetches them there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.azurite import Azurite
from tests.peers.engine_world import SLICES, EngineWorld, lake
from tests.peers.s3 import REGION, S3
from tests.peers.spark import SparkHost
from tests.peers.spark_submit import SparkSubmitPeer
from tests.server_process import FULL_DOSE, Server

ASKED = SLICES if FULL_DOSE else SLICES[1:4]


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    store = S3.of_this_run("spark")
    yield store
    store.remove()


@pytest.fixture(scope="module")
def azurite() -> Iterator[Azurite]:
    store = Azurite.of_this_run("spark")
    yield store
    store.remove()


@pytest.fixture(scope="module")
def peer(s3: S3, azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSubmitPeer]:
    folder = tmp_path_factory.mktemp("host")
    credentials = {"AWS_ACCESS_KEY_ID": s3.key, "AWS_SECRET_ACCESS_KEY": s3.secret, "LAKELIFT_S3_ENDPOINT": s3.address, "LAKELIFT_S3_REGION": REGION}
    credentials["AWS_REQUEST_CHECKSUM_CALCULATION"] = "when_required"  # versitygw stumbles over the SDK's chunked bodies (jobs/spark/README.md)
    credentials |= azurite.credentials | {"LAKELIFT_AZURE_ENDPOINT": azurite.address.rsplit("/", 1)[0]}
    host = SparkHost(folder, credentials).start()
    program = SparkSubmitPeer(host, folder / "submit").start()
    yield program
    program.stop()
    host.stop()


def check(peer: SparkSubmitPeer, folder: Path, place: str, flags: list[str], env: dict[str, str], scheme: str) -> None:
    table = lake(folder / "lake")
    flags = ["--spark-submit", str(peer.program), "--spark-master", "local[2]", "--spark-results", place, "--spark-view", f"every={table}", *flags]
    before = len(peer.slices)
    with Server(folder / "data", flags, env=env) as server:
        world = EngineWorld(server, "SPARK", "every", table).fill()
        asked = [(world.ask(one), one) for one in ASKED]
        rows = sum(world.check(request, one) for request, one in asked)
    orders = peer.slices[before:]
    assert orders and all(order["output"].startswith(scheme) for order in orders)
    print(f"{place}: {len(ASKED)} slices, {rows} rows equal to DuckDB's, {len(orders)} jobs")


def test_results_in_s3(peer: SparkSubmitPeer, s3: S3, tmp_path: Path) -> None:
    check(peer, tmp_path, "s3://lake/results", ["--s3-endpoint", s3.address, "--s3-region", REGION], s3.credentials, "s3://lake/results/runs/")


def test_results_in_azure(peer: SparkSubmitPeer, azurite: Azurite, tmp_path: Path) -> None:
    flags = ["--azure-account", azurite.account, "--azure-endpoint", azurite.address]
    check(peer, tmp_path, "azure://lake/results", flags, azurite.credentials, "abfss://lake@")
