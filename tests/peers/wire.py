"""The wire between the server and an object store, whose faults a test switches on.

    with Wire(("127.0.0.1", store.port)) as wire:       # wire.address stands for the store's
        wire.break_with(Instead(503, "SlowDown"), probability=0.3, when=lambda call: call.operation == "put")
        …
        wire.mend()

What no fault touches passes byte by byte, Host and all, so a signature stays good; bodies are never whole in memory. All
calls that arrive are counted: those are the server's attempts.
"""

from __future__ import annotations

import random
import select
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate, parsedate_to_datetime
from urllib.parse import parse_qsl

from tests.ports import free_port

PIECE = 256 * 1024
HEAD_BYTES = 64 * 1024
BODILESS = {204, 304}


class Broken(Exception):
    """The connection ends here, after these bytes."""

    def __init__(self, last: bytes = b"") -> None:
        super().__init__()
        self.last = last


class Reset(Broken):
    """It ends with a RST."""


@dataclass
class Head:
    """Of a call or an answer, as it came."""

    raw: bytes

    @property
    def first(self) -> list[str]:
        return self.raw.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)

    @property
    def headers(self) -> dict[str, str]:
        pairs = (line.partition(":") for line in self.raw.decode("latin-1").split("\r\n")[1:] if line)
        return {name.lower(): value.strip() for name, _, value in pairs}

    @property
    def status(self) -> int:
        return int(self.first[1])

    @property
    def length(self) -> int | None:
        """None: chunked, or until the connection ends."""
        value = self.headers.get("content-length")
        return int(value) if value is not None else None

    @property
    def is_chunked(self) -> bool:
        return "chunked" in self.headers.get("transfer-encoding", "").lower()

    def replaced(self, name: str, value: str) -> Head:
        """With that header instead, where it is there; the others as they came."""
        lines = self.raw.split(b"\r\n")
        return Head(b"\r\n".join(f"{name}: {value}".encode("latin-1") if line.lower().startswith(name.lower().encode() + b":") else line for line in lines))


@dataclass
class Call:
    """One attempt of the server."""

    number: int  # from 1
    head: Head

    @property
    def method(self) -> str:
        return self.head.first[0]

    @property
    def path(self) -> str:
        return self.head.first[1].partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.head.first[1].partition("?")[2], keep_blank_values=True))

    @property
    def operation(self) -> str:
        """put, begin, part, finish, abort, get, look, remove, remove all, list, unfinished; of S3 and of Azure."""
        query, method = self.query, self.method
        if method == "PUT":
            return {"block": "part", "blocklist": "finish"}.get(query.get("comp", ""), "part" if "partNumber" in query else "put")
        if method == "POST":
            return "remove all" if "delete" in query or query.get("comp") == "batch" else "begin" if "uploads" in query else "finish"
        if method == "DELETE":
            return "abort" if "uploadId" in query else "remove"
        if method == "GET":
            return "unfinished" if "uploads" in query else "list" if "list-type" in query or query.get("comp") == "list" else "get"
        return "look"


class Fault:
    """Lets all pass; kinds of faults change what they are about."""

    def begin(self, call: Call) -> bytes | None:
        """Before anything is passed on: an answer instead."""
        return None

    def call_head(self, call: Call) -> Head:
        return call.head

    def answer_head(self, call: Call, head: Head) -> Head:
        return head

    def up(self, call: Call, offset: int, length: int | None, piece: bytes) -> bytes:
        """Bytes of the call's body; Broken or Reset end the connection after what was passed on."""
        return piece

    def down(self, call: Call, offset: int, length: int | None, piece: bytes) -> bytes:
        """Of the answer's."""
        return piece


def document(code: str) -> bytes:
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>A test says so.</Message>'
            "<Resource>/</Resource><RequestId>0123456789ABCDEF</RequestId></Error>").encode()


def answer(call: Call, status: int, body: bytes, **headers: str) -> bytes:
    """A whole one."""
    named = {"Content-Type": "application/xml", "Content-Length": str(len(body)), "Date": formatdate(usegmt=True)}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = f"HTTP/1.1 {status} Test\r\n" + "".join(f"{name}: {value}\r\n" for name, value in named.items()) + "\r\n"
    return head.encode() + (b"" if call.method == "HEAD" else body)


@dataclass
class Instead(Fault):
    """The store says that it can't: 500 InternalError, 503 SlowDown (Azure's: ServerBusy); 200 with such a document."""

    status: int
    code: str

    def begin(self, call: Call) -> bytes | None:
        return answer(call, self.status, document(self.code), x_ms_error_code=self.code)


@dataclass
class Late(Fault):
    seconds: float

    def begin(self, call: Call) -> bytes | None:
        time.sleep(self.seconds)
        return None


@dataclass
class Cut(Fault):
    """In the middle of a body: of the call's (`upwards`) or of the answer's. It ends with a RST, or as if that were all."""

    upwards: bool = False
    reset: bool = True

    def _cut(self, offset: int, length: int | None, piece: bytes) -> bytes:
        half = (length or 0) // 2
        if offset + len(piece) <= half:
            return piece
        raise (Reset if self.reset else Broken)(piece[: half - offset])

    def up(self, call: Call, offset: int, length: int | None, piece: bytes) -> bytes:
        return self._cut(offset, length, piece) if self.upwards else piece

    def down(self, call: Call, offset: int, length: int | None, piece: bytes) -> bytes:
        return piece if self.upwards else self._cut(offset, length, piece)


@dataclass
class Changed(Fault):
    """A byte in the middle of a body is another one."""

    upwards: bool = False

    @staticmethod
    def _change(offset: int, length: int | None, piece: bytes) -> bytes:
        at = (length or 0) // 2 - offset
        return piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1 :] if length and 0 <= at < len(piece) else piece

    def up(self, call: Call, offset: int, length: int | None, piece: bytes) -> bytes:
        return self._change(offset, length, piece) if self.upwards else piece

    def down(self, call: Call, offset: int, length: int | None, piece: bytes) -> bytes:
        return piece if self.upwards else self._change(offset, length, piece)


@dataclass
class OtherEtag(Fault):
    """Answers carry the ETag of something else."""

    def answer_head(self, call: Call, head: Head) -> Head:
        return head.replaced("ETag", '"00000000000000000000000000000000"')


@dataclass
class Stale(Fault):
    """A list is what the same list was while nothing was broken."""

    lists: dict[str, bytes]

    def begin(self, call: Call) -> bytes | None:
        return self.lists.get(call.head.first[1]) if call.operation == "list" else None


@dataclass
class Skewed(Fault):
    """The store's clock goes `seconds` ahead: only calls of its own time are taken. `sign` signs them anew for the real one."""

    seconds: int
    sign: Callable[[Call], Head]
    most_seconds: int = 900

    def begin(self, call: Call) -> bytes | None:
        there = time.time() + self.seconds
        if abs(self._told(call) - there) <= self.most_seconds:
            return None
        return answer(call, 403, document("RequestTimeTooSkewed"), Date=formatdate(there, usegmt=True))

    @staticmethod
    def _told(call: Call) -> float:
        headers = call.head.headers
        if "x-amz-date" in headers:
            return time.mktime(time.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ")) - time.timezone
        return parsedate_to_datetime(headers["x-ms-date"]).timestamp()

    def call_head(self, call: Call) -> Head:
        return self.sign(call)

    def answer_head(self, call: Call, head: Head) -> Head:
        return head.replaced("Date", formatdate(time.time() + self.seconds, usegmt=True))


@dataclass
class Rule:
    """Which calls a fault strikes: of those that `when` holds for the `nth` (from 1), or each with that probability."""

    fault: Fault
    probability: float
    nth: int
    when: Callable[[Call], bool]
    met: int = 0


@dataclass
class Wire:
    """Stands before the store at `store`. Threadsafe."""

    store: tuple[str, int]
    seed: int = 20261126
    calls: Counter[str] = field(default_factory=Counter)  # by operation
    struck: int = 0
    lists: dict[str, bytes] = field(default_factory=dict)  # answers by target, of calls that no fault struck
    port: int = 0

    def __enter__(self) -> Wire:
        self._rules: list[Rule] = []
        self._lock, self._open = threading.Lock(), set[socket.socket]()
        self._dice, self._number = random.Random(self.seed), 0
        self._listener: socket.socket | None = None
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def attempts(self) -> int:
        return self.calls.total()

    def break_with(self, fault: Fault, probability: float = 1, nth: int = 0, when: Callable[[Call], bool] = lambda _: True) -> None:
        """From now on; faults that are there already come first."""
        with self._lock:
            self._rules.append(Rule(fault, probability, nth, when))

    def mend(self) -> None:
        with self._lock:
            self._rules.clear()
        if self._listener is None:
            self.listen()

    def forget_calls(self) -> None:
        """Counting begins anew."""
        with self._lock:
            self.calls, self.struck = Counter(), 0

    def listen(self) -> None:
        """On the same port each time."""
        self.port = self.port or free_port()
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(256)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def refuse(self) -> None:
        """Connections are refused, those that are open are reset; mend() listens again."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._lock:
            still = list(self._open)
        for connection in still:
            reset(connection)

    # --- one connection a thread --------------------------------------------------------------------------------------

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, server: socket.socket) -> None:
        store: socket.socket | None = None
        try:
            came = bytearray()
            while (head := read_head(server, came)) is not None:
                call, fault = self._arrived(head)
                instead = fault.begin(call)
                if instead is not None:
                    drop_body(server, came, call)
                    server.sendall(instead)
                    continue
                if store is None:
                    store = socket.create_connection(self.store, timeout=120)
                    store.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if not self._pass(server, came, store, call, fault):
                    return
        except Reset:
            reset(server)
        except (OSError, Broken):
            pass  # either side went away: the other one sees it too
        finally:
            with self._lock:
                self._open.discard(server)
            server.close()
            if store is not None:
                store.close()

    def _arrived(self, head: Head) -> tuple[Call, Fault]:
        with self._lock:
            self._number += 1
            call = Call(self._number, head)
            self.calls[call.operation] += 1
            for rule in self._rules:
                if not rule.when(call):
                    continue
                rule.met += 1
                if rule.met == rule.nth if rule.nth else self._dice.random() < rule.probability:
                    self.struck += 1
                    return call, rule.fault
        return call, Fault()

    def _pass(self, server: socket.socket, came: bytearray, store: socket.socket, call: Call, fault: Fault) -> bool:
        """One call and its answer; whether the connection can be used for another one."""
        store.sendall(fault.call_head(call).raw)
        answered = bytearray()
        if "expect" in call.head.headers:
            first = read_head(store, answered)
            if first is None:
                raise Broken
            if first.status != 100:
                server.sendall(first.raw)
                copy_body(store, answered, server, first, lambda offset, length, piece: fault.down(call, offset, length, piece))
                return False
            server.sendall(first.raw)
        early = not copy_body(server, came, store, call.head, lambda offset, length, piece: fault.up(call, offset, length, piece), until=store)
        head = read_head(store, answered)
        if head is None:
            raise Broken
        keep = bytearray() if call.operation == "list" and type(fault) is Fault else None
        sent = fault.answer_head(call, head)
        server.sendall(sent.raw)

        def down(offset: int, length: int | None, piece: bytes) -> bytes:
            if keep is not None:
                keep.extend(piece)
            return fault.down(call, offset, length, piece)

        if call.method != "HEAD" and head.status not in BODILESS:
            copy_body(store, answered, server, head, down)
        if keep is not None and head.status == 200:
            self.lists.setdefault(call.head.first[1], answer(call, 200, bytes(keep)) if head.length is not None else head.raw + keep)
        return not early and head.headers.get("connection", "").lower() != "close"


def reset(connection: socket.socket) -> None:
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)  # wakes its thread, which closes it
        connection.close()
    except OSError:
        return


def more_of(connection: socket.socket, came: bytearray) -> bool:
    piece = connection.recv(PIECE)
    came += piece
    return bool(piece)


def read_head(connection: socket.socket, came: bytearray) -> Head | None:
    """None: it ended before one began."""
    while (end := came.find(b"\r\n\r\n")) < 0:
        if len(came) > HEAD_BYTES:
            raise Broken
        if not more_of(connection, came):
            return None
    head = Head(bytes(came[: end + 4]))
    del came[: end + 4]
    return head


def drop_body(server: socket.socket, came: bytearray, call: Call) -> None:
    """A call that is answered by ourselves."""
    if "expect" in call.head.headers:
        server.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    copy_body(server, came, None, call.head, lambda _, __, piece: piece)


def copy_body(source: socket.socket, came: bytearray, to: socket.socket | None, head: Head, change: Callable[[int, int | None, bytes], bytes],
              until: socket.socket | None = None) -> bool:
    """False: `until` had something to say before the end, so that the rest was left."""
    is_call = not head.raw.startswith(b"HTTP/")
    if head.is_chunked:
        return copy_chunks(source, came, to, change)
    length = head.length if head.length is not None else 0 if is_call else None
    offset = 0
    while length is None or offset < length:
        if until is not None and to is not None and select.select([until], [], [], 0)[0]:
            return False
        if not came and not more_of(source, came):
            if length is None:
                return True
            raise Broken
        piece = bytes(came if length is None else came[: length - offset])
        del came[: len(piece)]
        if to is not None:
            send_changed(to, offset, length, piece, change)
        offset += len(piece)
    return True


def send_changed(to: socket.socket, offset: int, length: int | None, piece: bytes, change: Callable[[int, int | None, bytes], bytes]) -> None:
    try:
        to.sendall(change(offset, length, piece))
    except Broken as broken:
        to.sendall(broken.last)
        raise


def copy_chunks(source: socket.socket, came: bytearray, to: socket.socket | None, change: Callable[[int, int | None, bytes], bytes]) -> bool:
    """As they came; faults see where they are, but not how long it is."""
    offset = 0

    def passed(count: int) -> bytes:
        while len(came) < count:
            if not more_of(source, came):
                raise Broken
        piece = bytes(came[:count])
        del came[:count]
        return piece

    while True:
        while (end := came.find(b"\r\n")) < 0:
            if not more_of(source, came):
                raise Broken
        line = passed(end + 2)
        size = int(line.split(b";")[0], 16)
        body = change(offset, None, passed(size)) if size else b""
        offset += size
        rest = passed(2)  # no trailers are spoken here
        if to is not None:
            to.sendall(line + body + rest)
        if size == 0:
            return True
