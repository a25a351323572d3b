#include "app/events_config.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "backends/events/kafka/kafka_publisher.h"

namespace lakelift::app {
namespace {

constexpr std::size_t kTopicBytes = 249;  // Kafka's own limit

}  // namespace

Result<void> set_topic(std::string& target, const std::string& value) {
  const auto fits = [](char ch) {
    return std::isalnum(static_cast<unsigned char>(ch)) != 0 || std::string_view("-_.").contains(ch);
  };
  if (value.empty() || value.size() > kTopicBytes || !std::ranges::all_of(value, fits)) {
    return fail(Code::kInvalid, "a name of letters, digits and -_. is expected");
  }
  target = value;
  return {};
}

Result<void> set_kafka_settings(EventsConfig& target, const std::string& value) {
  target.kafka_settings.clear();
  for (std::size_t at = 0; at <= value.size();) {
    const std::size_t end = std::min(value.find(';', at), value.size());
    if (end > at) {
      TRY(auto setting, events::parse_kafka_setting(std::string_view(value).substr(at, end - at)));
      target.kafka_settings.push_back(std::move(setting));
    }
    at = end + 1;
  }
  return {};
}

std::string show_kafka_settings(const std::string& value) {
  std::string out;
  for (std::size_t at = 0; at <= value.size();) {
    const std::size_t end = std::min(value.find(';', at), value.size());
    const std::string_view setting = std::string_view(value).substr(at, end - at);
    const std::string_view name = setting.substr(0, setting.find('='));
    if (at > 0) out += ';';
    out += events::is_kafka_secret(name) ? std::string(name) + "=…" : std::string(setting);
    at = end + 1;
  }
  return out;
}

Result<void> check_events(const EventsConfig& config) {
  if (!config.kafka_brokers.empty() || (config.kafka_windows_topic.empty() && config.kafka_settings.empty())) return {};
  return fail(Code::kInvalid, "CONFIGURATION_DID_NOT_VALIDATE",
              "kafka-set and kafka-windows-topic say something of Kafka: give kafka-brokers too, or leave them out",
              {{"kafka-brokers", {"is not given"}}});
}

}  // namespace lakelift::app
