// Kafka, by librdkafka: an idempotent producer with acks=all, whose messages no time-out drops.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backends/events/events_limits.h"
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
  std::string sasl_password;  // come from the environment: never from a list of processes
  std::string oauth_secret;   // of sasl.oauthbearer.method=oidc
  std::string ssl_key_password;
  std::int64_t publish_ms = limits::kPublishMs;  // see events_limits.h
  std::int64_t stall_ms = limits::kPublishStallMs;
};

// "security.protocol=SASL_SSL". Error: kInvalid, for one that may not be set, or that librdkafka does not know.
[[nodiscard]] Result<std::pair<std::string, std::string>> parse_kafka_setting(std::string_view text);

// Whether the value of a setting of this name is a secret, which is not shown.
[[nodiscard]] bool is_kafka_secret(std::string_view name);

// Error: kInvalid naming the setting ("kafka-brokers", "kafka-set"). Does not wait for a broker.
//
// Keys go to partitions as Java's producers send them (murmur2_random). A message set that the broker refuses as too
// large is sent again message by message: what is refused alone is refused.
[[nodiscard]] Result<std::unique_ptr<Publisher>> make_kafka_publisher(const KafkaOptions& options);

}  // namespace lakelift::events
