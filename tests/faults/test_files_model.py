"""The judge of crashes, by hand: what it lets pass and what it finds."""

from __future__ import annotations

import pytest

from tests.faults.files_client import sha256
from tests.faults.files_model import Action, Tree, Worker, applied

ONE, TWO = b"one", b"two"


def tree_of(*actions: Action) -> Tree:
    tree = Tree()
    for action in actions:
        tree = applied(tree, action)
    return tree


PUT = Action("put", "w/d/a", content=ONE)
GRANT = Action("grant", "w/d/a", who="bob")


def test_what_actions_do() -> None:
    assert tree_of(PUT, GRANT, Action("put", "w/d/a", content=TWO)).files == {"w/d/a": (sha256(TWO), frozenset({"bob"}))}
    assert tree_of(PUT, PUT) == tree_of(PUT), "the same bytes replace nothing"
    assert tree_of(PUT, Action("put", "w/d/a", content=TWO)).trash == {("w/d/a", sha256(ONE)): 1}
    assert tree_of(PUT, GRANT, Action("delete", "w/d")).files == {}
    assert tree_of(PUT, GRANT, Action("delete", "w/d/a"), PUT).files["w/d/a"][1] == frozenset()
    assert tree_of(PUT, GRANT, Action("move", "w/d", to="w/e")).files == {"w/e/a": (sha256(ONE), frozenset({"bob"}))}
    assert tree_of(PUT, GRANT, Action("copy", "w/d/a", to="w/e/b")).files["w/e/b"] == (sha256(ONE), frozenset())
    deleted = tree_of(PUT, Action("delete", "w/d/a"))
    assert deleted.trash == {("w/d/a", sha256(ONE)): 1} and deleted.folders == {"w", "w/d"}
    back = applied(deleted, Action("restore", "w/d/a", digest=sha256(ONE)))
    assert back.files == tree_of(PUT).files and not back.trash


@pytest.mark.parametrize("pending", [None, Action("delete", "w/d"), Action("put", "w/d/b", content=TWO), Action("revoke", "w/d/a", who="bob")])
def test_all_or_nothing_of_what_is_in_doubt_passes(pending: Action | None) -> None:
    known = tree_of(PUT, GRANT)
    for found in [known] + ([applied(known, pending)] if pending else []):
        worker = Worker("w", 1)
        worker.tree, worker.pending = known, pending
        worker.judge(found)
        assert worker.tree == found and worker.pending is None


LOST = {
    "a file": Tree(folders={"w", "w/d"}),
    "its bytes": tree_of(Action("put", "w/d/a", content=TWO), GRANT),
    "a grant": tree_of(PUT),
    "a revocation": tree_of(PUT, GRANT, Action("grant", "w/d/a", who="carol")),
    "half of a move": tree_of(PUT, GRANT, Action("put", "w/e/a", content=ONE)),
    "what was deleted for ever": tree_of(PUT, GRANT, Action("put", "w/d/b", content=TWO), Action("delete", "w/d/b")),
    "a folder": Tree(dict(tree_of(PUT, GRANT).files), {"w"}),
}


@pytest.mark.parametrize("found", LOST.values(), ids=LOST)
@pytest.mark.parametrize("pending", [None, Action("move", "w/d", to="w/e")], ids=["nothing in doubt", "a move in doubt"])
def test_losses_are_found(found: Tree, pending: Action | None) -> None:
    worker = Worker("w", 1)
    worker.tree, worker.pending = tree_of(PUT, GRANT), pending
    with pytest.raises(AssertionError, match="found is neither"):
        worker.judge(found)
