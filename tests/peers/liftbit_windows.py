"""LiftBit's streaming job, written from the contract alone: no event ids, nothing dropped. It must count right what is sent once."""

import sys
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as f


def start(spark: SparkSession, brokers: str, topic: str = "file-events") -> Any:
    stream = spark.readStream.format("kafka").option("kafka.bootstrap.servers", brokers).option("subscribe", topic).option("startingOffsets", "earliest")
    events = stream.load().select(f.from_json(f.col("value").cast("string"), "type STRING, info STRING, timestamp TIMESTAMP").alias("event")).select("event.*")
    info = f.from_json("info", "owner_username STRING, path STRING, size_bytes BIGINT, downloader_username STRING")
    downloads = events.where("type = 'download'").select("timestamp", info.alias("info")).withWatermark("timestamp", "10 minutes")
    windows = downloads.groupBy(f.window("timestamp", "5 minutes")).agg(
        f.count("*").alias("Number of downloads"), f.sum("info.size_bytes").alias("Total size (in bytes)"))
    return windows.writeStream.outputMode("update").format("console").option("truncate", "false").option("numRows", "1000").start()


if __name__ == "__main__":
    start(SparkSession.builder.getOrCreate(), sys.argv[1]).awaitTermination()
