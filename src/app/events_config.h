// Telling others what was transferred: the settings of it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace lakelift::app {

// Secrets come from the environment alone: see kafka_events.h.
struct EventsConfig {
  std::string kafka_brokers;  // "host:port,host:port"; empty: no Kafka
  std::string kafka_topic = "file-events";
  std::vector<std::pair<std::string, std::string>> kafka_settings;  // of librdkafka
  std::string kafka_windows_topic;                                  // that a streaming job writes; empty: none
};

// Errors: kInvalid, saying what is expected.
[[nodiscard]] Result<void> set_topic(std::string& target, const std::string& value);
// "name=value;name=value"
[[nodiscard]] Result<void> set_kafka_settings(EventsConfig& target, const std::string& value);
// The same text, with the values of secrets left out.
[[nodiscard]] std::string show_kafka_settings(const std::string& value);
// Whether they fit each other.
[[nodiscard]] Result<void> check_events(const EventsConfig& config);

}  // namespace lakelift::app
