// Kafka, by librdkafka: an idempotent producer with acks=all, whose messages no time-out drops.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backends/events/publisher.h"
#include "base/clock.h"

namespace lakelift::events {

struct KafkaOptions {
  std::string brokers;                 // "host:port,host:port"
  std::string topic = "file-events";   // made with three partitions where it is missing
  int partitions = 3;                  // of a topic that is made
  int replication = -1;                // the broker's default
  std::int64_t retention_hours = 168;  // of a topic that is made
  // Go to librdkafka as they are: security.protocol, sasl.*, ssl.* … ; none that the order or the safety of events
  // hangs on may be set.
  std::vector<std::pair<std::string, std::string>> settings;
};

// Error: kInvalid naming the setting ("kafka-brokers", "kafka-set"). Does not wait for a broker.
[[nodiscard]] Result<std::unique_ptr<Publisher>> make_kafka_publisher(const KafkaOptions& options);

}  // namespace lakelift::events
