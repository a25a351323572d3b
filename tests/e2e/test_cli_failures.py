"""`lakelift slice get` when things go wrong, against a real server: the message, the exit code, and what is left behind."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from pathlib import Path

import pytest

from tests.server_process import FLIGHTS_CSV, LAKELIFT, Server, cli, until

OK, ERROR, USAGE, NOT_FOUND, SIGN_IN, TEMPORARY, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with Server(tmp_path_factory.mktemp("cli") / "data") as running:
        running.add_item("flights", FLIGHTS_CSV, null_tokens=("NA", ""), profile=False)
        yield running


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["nothing"], NOT_FOUND, "nothing"),
        (["999999"], NOT_FOUND, "999999"),
        (["flights", "--columns", "carier"], USAGE, "carrier"),  # says what it may have meant
        (["flights", "--where", "origin ~ JFK"], USAGE, "origin"),
        (["flights", "--where", "distance >= far"], USAGE, "distance"),
        (["flights", "--where", "nowhere = 1"], USAGE, "nowhere"),
        (["flights", "--ratio", "1.5"], USAGE, "ratio"),
        (["flights", "--format", "xlsx"], USAGE, "xlsx"),
    ],
)
def test_mistakes_are_told_and_leave_nothing(server: Server, tmp_path: Path, arguments: list[str], code: int, says: str) -> None:
    done = cli("slice", "get", *arguments, "-o", str(tmp_path / "out.csv"), data=server.data)
    assert done.returncode == code, done
    assert says in done.stderr and done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_an_unreachable_server_is_temporary(tmp_path: Path) -> None:
    done = cli("slice", "get", "flights", "-o", str(tmp_path / "out.csv"), "--server", "http://127.0.0.1:9", env={"LAKELIFT_TOKEN": "x"})
    assert done.returncode == TEMPORARY and "error: " in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_a_good_token_one_signs_in(server: Server, tmp_path: Path) -> None:
    for env in ({}, {"LAKELIFT_TOKEN": "not.a.token"}):
        done = cli("slice", "get", "flights", "-o", str(tmp_path / "out.csv"), "--server", server.address, env=env)
        assert done.returncode == SIGN_IN, done
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    limited = subprocess.run(
        [LAKELIFT, "slice", "get", "flights", "--data", str(server.data), "-o", str(target)],
        capture_output=True, text=True, timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)),
    )
    assert limited.returncode == ERROR and "error: " in limited.stderr, limited
    left = list(tmp_path.iterdir())
    assert not target.exists() and all(p.name.endswith(".partial") for p in left)
    # With space again, the same command goes on from there.
    assert cli("slice", "get", "flights", "-o", str(target), data=server.data).returncode == OK
    assert list(tmp_path.iterdir()) == [target]


def test_ctrl_c_leaves_only_what_can_be_resumed(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    spares = server.stopped_workers()
    try:
        with subprocess.Popen(
            [LAKELIFT, "slice", "get", "flights", "--where", "day = 3", "--data", str(server.data), "-o", str(target)],
            stderr=subprocess.PIPE, text=True,
        ) as running:
            # Its request has arrived: it listens to signals by then.
            until(lambda: server.metric("lakelift_worker_jobs_running") == 1, "its job does not begin")
            running.send_signal(signal.SIGINT)
            _, told = running.communicate(timeout=60)
            assert running.returncode == INTERRUPTED, told
    finally:
        for pid in spares:
            os.kill(pid, signal.SIGCONT)
    assert not target.exists() and all(p.name.endswith(".partial") for p in tmp_path.iterdir())
    assert cli("slice", "get", "flights", "--where", "day = 3", "-o", str(target), data=server.data).returncode == OK
