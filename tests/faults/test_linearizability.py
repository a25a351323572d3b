"""The checker of histories, by hand: what it must let pass and what it must find."""

from __future__ import annotations

import random

import pytest

from tests.faults.linearizability import Operation, State, outcome, violations


def op(what: str, begin: int, end: int | None, status: int | None, content: str | None = None, **rest: str) -> Operation:
    return Operation("a", what, begin, end, status, content, **rest)


PUT = op("put", 0, 1, 201, "x")
GRANT = op("grant", 2, 3, 200, who="bob")

GOOD = {
    "nothing": [],
    "one after another": [PUT, op("get", 2, 3, 200, "x"), op("put", 4, 5, 200, "y"), op("get", 6, 7, 200, "y"), op("delete", 8, 9, 200),
                          op("get", 10, 11, 404)],
    "a read beside a write sees either": [PUT, op("put", 2, 9, 200, "y"), op("get", 3, 4, 200, "x"), op("get", 5, 6, 200, "y")],
    "two creations, one wins": [op("create", 0, 5, 201, "x"), op("create", 1, 6, 412, "y"), op("get", 7, 8, 200, "x")],
    "replacing keeps grants": [PUT, GRANT, op("put", 4, 5, 200, "y"), op("get", 6, 7, 200, "y", who="bob")],
    "deleting takes grants": [PUT, GRANT, op("delete", 4, 5, 200), op("put", 6, 7, 201, "y"), op("get", 8, 9, 404, who="bob")],
    "a read that began before the revocation ended": [PUT, GRANT, op("revoke", 4, 7, 200, who="bob"), op("get", 6, 9, 200, "x", who="bob")],
    "an unknown write happened": [PUT, op("put", 2, None, None, "y"), op("get", 9, 10, 200, "y")],
    "an unknown write happened late": [PUT, op("put", 2, None, None, "y"), op("get", 9, 10, 200, "x"), op("get", 11, 12, 200, "y")],
    "an unknown write never happened": [PUT, op("put", 2, None, None, "y"), op("get", 9, 10, 200, "x")],
    "an unknown deletion": [PUT, op("delete", 2, None, None), op("get", 5, 6, 200, "x"), op("put", 7, 8, 201, "y")],
    "a swap": [PUT, op("swap", 2, 5, 200, "y", expected="x"), op("swap", 3, 6, 412, "z", expected="x"), op("get", 7, 8, 200, "y")],
}

BAD = {
    "a stale read": [PUT, op("put", 2, 3, 200, "y"), op("get", 4, 5, 200, "x")],
    "reads that go back": [PUT, op("put", 2, 9, 200, "y"), op("get", 3, 4, 200, "y"), op("get", 5, 6, 200, "x")],
    "what nobody wrote": [PUT, op("get", 2, 3, 200, "z")],
    "a lost write": [PUT, op("get", 2, 3, 404)],
    "a lost update": [PUT, op("swap", 2, 5, 200, "y", expected="x"), op("swap", 3, 6, 200, "z", expected="x")],
    "two creations win": [op("create", 0, 5, 201, "x"), op("create", 1, 6, 201, "y")],
    "a resurrected grant": [PUT, GRANT, op("delete", 4, 5, 200), op("put", 6, 7, 201, "y"), op("get", 8, 9, 200, "y", who="bob")],
    "a read after a revocation": [PUT, GRANT, op("revoke", 4, 5, 200, who="bob"), op("get", 6, 7, 200, "x", who="bob")],
    "a lost grant": [PUT, op("grant", 2, 6, 200, who="bob"), op("grant", 3, 7, 200, who="carol"), op("get", 8, 9, 200, "x", who="bob"),
                     op("get", 10, 11, 404, who="carol")],
    "a grant lost by replacing": [PUT, GRANT, op("put", 4, 5, 200, "y"), op("get", 6, 7, 404, who="bob")],
    "a stranger reads": [PUT, op("get", 2, 3, 200, "x", who="carol")],
    "deleted twice": [PUT, op("delete", 2, 5, 200), op("delete", 3, 6, 200)],
    "created where something was": [PUT, op("put", 2, 3, 201, "y")],
    "an unknown write before its begin": [PUT, op("get", 2, 3, 200, "y"), op("put", 4, None, None, "y")],
    "an unknown write twice": [PUT, op("put", 2, None, None, "y"), op("get", 3, 4, 200, "y"), op("put", 5, 6, 200, "z"), op("get", 7, 8, 200, "y"),
                               op("delete", 9, 10, 200), op("get", 11, 12, 200, "y")],
}


@pytest.mark.parametrize("history", GOOD.values(), ids=GOOD)
def test_good_histories_pass(history: list[Operation]) -> None:
    assert violations(history) == []


@pytest.mark.parametrize("history", BAD.values(), ids=BAD)
def test_bad_histories_are_found(history: list[Operation]) -> None:
    assert len(violations(history)) == 1


def test_names_are_judged_apart() -> None:
    other = Operation("b", "get", 2, 3, 200, "x")
    assert len(violations([PUT, other])) == 1


def random_history(dice: random.Random, length: int, width: int) -> list[Operation]:
    """Of a server that does one thing after another; up to `width` calls overlap."""
    state, history, clock = State(), [], 0
    for number in range(length):
        what = dice.choice(["put", "create", "swap", "delete", "grant", "revoke", "get", "get", "get"])
        who = dice.choice(["bob", "carol"]) if what in {"grant", "revoke"} else dice.choice([None, "bob", "carol"]) if what == "get" else None
        clock += 10
        asked = Operation("a", what, clock - dice.randrange(10 * width), clock + dice.randrange(10 * width), None,
                          None if what == "get" else f"c{number}", state.content if dice.random() < 0.7 else "c?", who)
        status, content, state = outcome(state, asked)
        known = dice.random() > 0.02 or what == "get"
        history.append(Operation("a", what, asked.begin, asked.end if known else None, status if known else None,
                                 content if what == "get" else asked.content, asked.expected, who))
    return history


def test_true_histories_pass_and_changed_ones_do_not() -> None:
    """A read that answers what was never there, at the same time as any else, is always found."""
    dice = random.Random(7)
    for _ in range(20):
        history = random_history(dice, 300, 4)
        assert violations(history) == []
        reads = [i for i, o in enumerate(history) if o.what == "get" and o.status == 200]
        if reads:
            at = dice.choice(reads)
            wrong = history[at]
            history[at] = Operation("a", "get", wrong.begin, wrong.end, 200, "never", None, wrong.who)
            assert len(violations(history)) == 1
