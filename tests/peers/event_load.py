"""Transfers by many, for tests of events: clients that keep their own logs while the server is killed."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field

from tests.faults.files_client import FilesClient, LineBroke
from tests.server_process import Server

BOX = "box"  # the folder of each person that the next one may read


@dataclass
class Taken:
    """A download of which the client had the last byte."""

    key: str
    size: int
    who: str
    at: float  # when the last byte came
    is_committed: bool  # its connection took another request, which it does only then (docs/events.md)


@dataclass
class Log:
    """What one client saw. Sizes tell uploads apart: no two are the same."""

    uploads: list[tuple[str, int]] = field(default_factory=list)  # key "owner/path", size; answered 2xx, in order
    downloads: list[Taken] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    broken: int = 0


@dataclass
class Person:
    name: str
    token: str


def make_people(server: Server, count: int) -> list[Person]:
    """Each may read the box of the one before."""
    people = []
    for number in range(count):
        token = server.account(f"person{number}@example.com")
        people.append(Person(server.ask("GET", "/accounts/me", token=token).json["username"], token))
    for number, person in enumerate(people):
        client = FilesClient(server.port, person.token)
        assert client.make_folder(f"{person.name}/{BOX}").status in {200, 201}
        reader = people[(number + 1) % count]
        assert client.act(f"{person.name}/{BOX}", "grant", account=reader.name, right="read").status == 200
        client.close()
    return people


@dataclass
class Load:
    """`transfers` in all, half of them downloads; about `seconds` long where the machine can."""

    server: Server
    people: list[Person]
    transfers: int
    seconds: float
    logs: list[Log] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)
    done: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> Load:
        self.logs = [Log() for _ in self.people]
        self.threads = [threading.Thread(target=self._client, args=(number,)) for number in range(len(self.people))]
        for thread in self.threads:
            thread.start()
        return self

    def is_over(self) -> bool:
        return not any(thread.is_alive() for thread in self.threads)

    def join(self) -> None:
        for thread in self.threads:
            thread.join(600)
        assert self.is_over()

    def _client(self, number: int) -> None:
        dice, log = random.Random(number), self.logs[number]
        person, reader = self.people[number], self.people[(number + 1) % len(self.people)]
        writing, reading = FilesClient(self.server.port, person.token, 30), FilesClient(self.server.port, reader.token, 30)
        rounds = self.transfers // (2 * len(self.people))
        pause = self.seconds / rounds
        began = time.monotonic()
        for turn in range(rounds):
            time.sleep(max(0.0, began + turn * pause - time.monotonic()))
            key = f"{person.name}/{BOX}/{dice.randrange(5)}.csv"
            size = 100 + turn * len(self.people) + number
            broken = log.broken
            if self._upload(writing, log, key, dice.randbytes(size)):
                self._download(reading, log, key, size, reader.name)
            if log.broken > broken:  # then the other line is dead too, and what is sent on it comes to nothing
                writing.close()
                reading.close()
            with self.lock:
                self.done += 2
        writing.close()
        reading.close()

    def _upload(self, client: FilesClient, log: Log, key: str, content: bytes) -> bool:
        """Whether it was answered. One that was not is not known to be there, or not: it is not tried again."""
        for _ in range(600):
            try:
                answer = client.put(key, content)
            except LineBroke as broke:
                log.broken += 1
                if isinstance(broke.__cause__, ConnectionRefusedError):  # nobody is there: it did not begin
                    time.sleep(0.1)
                    continue
                return False
            if answer.status not in {200, 201}:
                log.refused.append(f"{key}: {answer.status} {answer.body[:200]!r}")
                return False
            log.uploads.append((key, len(content)))
            return True
        log.refused.append(f"{key}: nobody is there")
        return False

    @staticmethod
    def _download(client: FilesClient, log: Log, key: str, size: int, who: str) -> None:
        try:
            answer = client.get(key)
        except LineBroke:
            log.broken += 1
            return
        at = time.monotonic()
        if answer.status != 200 or len(answer.body) != size:
            log.refused.append(f"{key}: {answer.status} with {len(answer.body)} of {size} bytes")
            return
        try:
            is_committed = client.call("GET", "/livez").status == 200
        except LineBroke:
            log.broken += 1
            is_committed = False
        log.downloads.append(Taken(key, size, who, at, is_committed))
