"""Topics of a Kafka, made and written by a client that is none of ours (confluent-kafka): keys, headers and times of each message."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

SECONDS = 30


class Record(NamedTuple):
    value: bytes | None
    key: str = ""
    id: str | None = None  # the header event_id
    at_ms: int = 0  # Kafka's own time of it; 0: now


class Place(NamedTuple):
    partition: int
    offset: int


@dataclass
class Topics:
    brokers: str

    @cached_property
    def producer(self) -> Producer:
        return Producer({"bootstrap.servers": self.brokers, "acks": "all", "enable.idempotence": True, "linger.ms": 1, "log_level": 2})

    def make(self, name: str, partitions: int = 3) -> str:
        admin = AdminClient({"bootstrap.servers": self.brokers, "log_level": 4})
        for made in admin.create_topics([NewTopic(name, partitions, 1)]).values():
            made.result(SECONDS)
        return name

    def send(self, topic: str, records: Iterable[Record]) -> list[Place]:
        """Where each went, in their order; they are there."""
        producer = self.producer
        places: list[Place | None] = []
        for record in records:
            number = len(places)
            places.append(None)

            def arrived(error: object, message: object, number: int = number) -> None:
                assert error is None, error
                places[number] = Place(message.partition(), message.offset())  # type: ignore[attr-defined]

            headers = None if record.id is None else [("traceparent", b"00-x"), ("event_id", record.id.encode())]
            producer.produce(topic, record.value, record.key, headers=headers, timestamp=record.at_ms, on_delivery=arrived)
            producer.poll(0)
        assert producer.flush(SECONDS) == 0
        return [place for place in places if place is not None]
