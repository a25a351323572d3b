"""Whether a history of calls could have been one after another: Wing & Gong's search with Lowe's memory, a name at a time.

The model of a name: its content (or none) and who may read it besides its owner. Deleting takes the content and the grants;
replacing keeps the grants. An operation whose outcome nobody knows (`end` is None) may have happened at any moment after its
begin, or never.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

STEPS_MOST = 20_000_000


@dataclass(frozen=True)
class State:
    """Of one name."""

    content: str | None = None
    readers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Operation:
    """One call. `what`: put, create (only where nothing is), swap (only where `expected` is), delete, grant, revoke, get.

    `content`: what is put, or what a get answered. `who`: whom a grant is for; who gets (None: the owner). `status`: the answer's.
    """

    name: str
    what: str
    begin: int
    end: int | None
    status: int | None = None
    content: str | None = None
    expected: str | None = None
    who: str | None = None


def outcome(state: State, op: Operation) -> tuple[int, str | None, State]:
    """What a server that does one thing after another answers (status, content of a get), and what is then."""
    there = state.content is not None
    if op.what == "put":
        return (200 if there else 201), None, State(op.content, state.readers)
    if op.what == "create":
        return (412, None, state) if there else (201, None, State(op.content, state.readers))
    if op.what == "swap":
        return (200, None, State(op.content, state.readers)) if there and state.content == op.expected else (412, None, state)
    if op.what == "get":
        sees = there and (op.who is None or op.who in state.readers)
        return (200, state.content, state) if sees else (404, None, state)
    if not there:
        return 404, None, state
    if op.what == "delete":
        return 200, None, State()
    assert op.who is not None
    if op.what == "grant":
        return 200, None, State(state.content, state.readers | {op.who})
    assert op.what == "revoke", op.what
    return 200, None, State(state.content, state.readers - {op.who})


def step(state: State, op: Operation) -> State | None:
    """What is after the operation; None where it has no place: it would have been answered otherwise."""
    status, content, after = outcome(state, op)
    if op.end is None:
        return None if after == state else after  # while it would change nothing it may as well come later
    if status != op.status or (op.what == "get" and content != op.content):
        return None
    return after


def only_reads(op: Operation) -> bool:
    """Whether it changed nothing, whatever was there."""
    return op.what == "get" or (op.end is not None and op.status in {404, 412})


class Node:
    """A begin or an end in the list of what is not yet put in order."""

    __slots__ = ("before", "after", "number", "end")

    def __init__(self, number: int) -> None:
        """`number`: of the operation. `end`: of a begin, the node of its end."""
        self.number = number
        self.before: Node | None = None
        self.after: Node | None = None
        self.end: Node | None = None


def linked(history: list[Operation]) -> Node:
    """The list's head: begins and ends in order of time; ends that nobody knows come last."""
    events: list[tuple[float, int, Node]] = []
    for number, op in enumerate(history):
        begin, end = Node(number), Node(number)
        begin.end = end
        events.append((op.begin, 0, begin))
        events.append((float("inf") if op.end is None else op.end, 1, end))
    events.sort(key=lambda e: e[:2])
    head = last = Node(-1)
    for _, _, node in events:
        last.after, node.before = node, last
        last = node
    return head


def unlink(node: Node) -> None:
    assert node.before is not None
    node.before.after = node.after
    if node.after is not None:
        node.after.before = node.before


def relink(node: Node) -> None:
    assert node.before is not None
    node.before.after = node
    if node.after is not None:
        node.after.before = node


def lift(begin: Node) -> None:
    assert begin.end is not None
    unlink(begin)
    unlink(begin.end)


def put_back(begin: Node) -> None:
    assert begin.end is not None
    relink(begin.end)
    relink(begin)


def free_read(head: Node, state: State, history: list[Operation]) -> Node | None:
    """The begin of an operation that may come next and changes nothing: taking it first is never wrong."""
    node = head.after
    while node is not None and node.end is not None:
        op = history[node.number]
        if only_reads(op) and step(state, op) is not None:
            return node
        node = node.after
    return None


def explain(history: list[Operation]) -> str | None:
    """None where the operations of one name can be put in order; else how far the best attempt came."""
    head = linked(history)
    state, done, best = State(), 0, 0
    stuck: tuple[State, Operation | None] = (state, None)
    taken: list[tuple[Node, State]] = []
    seen: set[tuple[int, State]] = set()
    steps = 0
    node = free_read(head, state, history) or head.after
    while node is not None:
        steps += 1
        assert steps < STEPS_MOST, "this history is too tangled to be judged: fewer clients a name"
        op = history[node.number]
        if node.end is not None:  # a begin: may it be the next?
            after = step(state, op)
            key = (done | 1 << node.number, after)
            if after is None or key in seen:
                node = node.after
                continue
            seen.add(key)  # type: ignore[arg-type]
            taken.append((node, state))
            state, done = after, key[0]
            lift(node)
            node = free_read(head, state, history) or head.after
            continue
        if op.end is None:  # all whose outcome is known are in order
            return None
        if len(taken) >= best:
            best, stuck = len(taken), (state, op)
        if not taken:
            return report(history, best, stuck)
        # This one has ended and found no place: the last choice was wrong. What never changes anything was no choice: if
        # any order goes on from where it was taken, one that begins with it does.
        chosen = False
        while taken and not chosen:
            node, state = taken.pop()
            chosen = not only_reads(history[node.number])
            done &= ~(1 << node.number)
            put_back(node)
        if not chosen:
            return report(history, best, stuck)
        node = node.after
    return None


def report(history: list[Operation], best: int, stuck: tuple[State, Operation | None]) -> str:
    state, op = stuck
    assert op is not None
    near = [o for o in history if (o.end is None or o.end >= op.begin) and op.end is not None and o.begin <= op.end]
    lines = [f"{op.name}: {best} of {len(history)} operations fit an order, then the name had {state}, and no place is left for", f"  {op}"]
    return "\n".join([*lines, "beside it ran", *(f"  {o}" for o in near if o is not op)])


def violations(history: Iterable[Operation]) -> list[str]:
    """One text for each name whose operations no order explains."""
    names: dict[str, list[Operation]] = defaultdict(list)
    for op in history:
        names[op.name].append(op)
    return [text for ops in names.values() if (text := explain(sorted(ops, key=lambda o: o.begin))) is not None]
