"""The server dies at every single call that changes its data folder, of six scenarios; before the call, and in the middle (threats D1, T2)."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.disk_hook import DiskHook, Mode
from tests.faults.files_client import LineBroke, World, objects_on_disk
from tests.faults.files_model import DONE, Action, Slice, Tree, Worker, finished_slice, judge_all, perform, sha256
from tests.faults.test_files_crash import keys_of_sqlite
from tests.server_process import FULL_DOSE, Server

SAMPLE = 7  # points of each scenario in the small dose
ONE, TWO, BIG = b"1", b"two" * 9_000, bytes(range(256)) * 2_500


def put(name: str, content: bytes = TWO) -> Action:
    return Action("put", f"s/{name}", content=content)


def scenarios(kept: Slice | None) -> dict[str, tuple[list[Action], list[Action]]]:
    """What is there before, and what is done."""
    folder = [put("d/a"), put("d/b", ONE), put("d/c/d"), Action("grant", "s/d/a", who="bob")]
    keep = [Action("keep", "s/slice.parquet", digest=kept.digest)] if kept else []
    return {
        "first upload": ([], [put("d/a", BIG), put("b", ONE)]),
        "replace": ([put("a"), Action("grant", "s/a", who="bob")], [put("a", BIG), put("a", ONE)]),
        "delete": (folder, [Action("delete", "s/d/a"), Action("drop", "s/d/a", digest=sha256(TWO)), Action("delete", "s/d")]),
        "grant and revoke": ([put("a")], [Action("grant", "s/a", who="bob"), Action("grant", "s/a", who="carol"), Action("revoke", "s/a", who="bob")]),
        "move of a folder": (folder, [Action("move", "s/d", to="s/e/f"), Action("move", "s/e/f/b", to="s/b")]),
        "keep, copy, restore": ([put("a"), put("a", BIG), Action("delete", "s/a")],
                                [*keep, Action("restore", "s/a", digest=sha256(TWO)), Action("copy", "s/a", to="s/d/b")]),
    }


NAMES = list(scenarios(None))


@dataclass
class Stage:
    """A stopped server's folder with a finished slice in it."""

    folder: Path
    world: World
    kept: Slice | None

    def worker(self) -> Worker:
        return Worker("s", 0, self.kept)

    def copied(self, to: Path) -> World:
        shutil.copytree(self.folder, to)
        return World(Server(to), self.world.tokens)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("every-call") / "empty"
    with Server(folder) as server:
        world = World.made(server)
        yield_this = Stage(folder, world, finished_slice(world))
    yield yield_this


def do(worker: Worker, world: World, actions: list[Action]) -> bool:
    """Whether all were answered."""
    client = world.client()
    for action in actions:
        worker.pending = action
        try:
            answer = perform(client, action, worker.kept)
        except LineBroke:
            return False
        assert answer.status in DONE, f"{action}: {answer}"
        worker.acknowledge()
    return True


def assert_clean(world: World) -> None:
    """Nothing lies about after a sweep."""
    assert world.client("boss").call("POST", "/storage/sweep").status == 200
    with sqlite3.connect(f"file:{world.server.data / 'lakelift.db'}?mode=ro", uri=True) as database:
        keys = set(keys_of_sqlite(database))
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert set(objects_on_disk(world.server.data)) == keys, "orphans, or objects that are gone"


def die_at(stage: Stage, tree: Tree, actions: list[Action], mode: Mode, target: int, place: Path) -> bool:
    """False where the scenario ends before that call."""
    world = stage.copied(place)
    hook = DiskHook(place.parent / "hook", place)
    world.server.env = hook.env
    worker = stage.worker()
    worker.tree = tree
    try:
        world.server.start()
        hook.arm(mode, target)
        survived = do(worker, world, actions)
        fired = hook.fired
        assert survived or fired == 1, f"it died by itself; its log:\n{world.server.log.read_text()[-3000:]}"
        hook.off()
        world.server.kill()
        world.server.env = {}
        world.server.start()
        judge_all(world, [worker])
        assert_clean(world)
        return fired == 1
    except AssertionError as error:
        raise AssertionError(f"{mode.name} at call {target}: {error}") from error
    finally:
        if world.server.process:
            world.server.kill()
        hook.close()
        shutil.rmtree(place)


def prepared(empty: Stage, name: str, folder: Path) -> tuple[Stage, Tree, list[Action], int]:
    """The stage of a scenario, and how many calls it takes."""
    before, actions = scenarios(empty.kept)[name]
    world = empty.copied(folder / "stage")
    worker = empty.worker()
    with world.server:
        assert do(worker, world, before)
    stage = Stage(folder / "stage", world, empty.kept)
    trial = stage.copied(folder / "trial")
    hook = DiskHook(folder / "hook", folder / "trial")
    trial.server.env = hook.env
    with trial.server:
        hook.arm(Mode.COUNT)
        assert do(stage_worker(stage, worker.tree), trial, actions)
        count = hook.counted
    hook.close()
    shutil.rmtree(folder / "trial")
    return stage, worker.tree, actions, count


def stage_worker(stage: Stage, tree: Tree) -> Worker:
    worker = stage.worker()
    worker.tree = tree
    return worker


@pytest.mark.parametrize("name", NAMES)
def test_death_at_every_call(empty: Stage, name: str, tmp_path: Path) -> None:
    stage, tree, actions, count = prepared(empty, name, tmp_path)
    assert count > 3 * len(actions), "each action changes something on the disk"
    began = time.monotonic()
    points = 0
    for mode in (Mode.KILL_BEFORE, Mode.KILL_WITHIN):
        each = SAMPLE // 2 + (mode == Mode.KILL_BEFORE and SAMPLE % 2)
        targets = range(1, 2 * count + 50) if FULL_DOSE else sorted({1 + (count - 1) * i // (each - 1) for i in range(each)})
        for target in targets:
            if not die_at(stage, tree, actions, mode, target, tmp_path / "data"):
                break
            points += 1
        else:
            assert not FULL_DOSE, "it never ended"
    print(f"\n{name}: {count} calls, {points} deaths in {time.monotonic() - began:.1f} s, nothing acknowledged was lost, nothing half, nothing left over")
    assert points >= (2 * (count - 5) if FULL_DOSE else SAMPLE // 2)
