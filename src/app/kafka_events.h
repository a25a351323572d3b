// Events to Kafka as the settings name it, and the windows that a streaming job sends back.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "app/events_config.h"
#include "backends/events/kafka/kafka_windows.h"
#include "backends/events/relay.h"
#include "backends/events/streamed_windows.h"

namespace lakelift::app {

struct KafkaNeeds {
  const EventsConfig& config;
  std::string_view (*environment)(const std::string& name);
  events::RelayParts relay;
  events::StreamedWindows& windows;  // where those of the job go
};

// The needs but for the config outlive it.
class KafkaEvents {
 public:
  // LAKELIFT_KAFKA_SASL_PASSWORD, LAKELIFT_KAFKA_OAUTH_SECRET and LAKELIFT_KAFKA_SSL_KEY_PASSWORD are secrets, and come
  // from the environment. Does not wait for a broker. Error: kInvalid CONFIGURATION_DID_NOT_VALIDATE naming the
  // setting.
  [[nodiscard]] static Result<std::unique_ptr<KafkaEvents>> open(const KafkaNeeds& needs);
  void start();
  // Ends within seconds, whatever the broker does.
  void stop();

 private:
  KafkaEvents() = default;

  events::KafkaOptions options_;
  std::unique_ptr<events::Publisher> publisher_;
  std::unique_ptr<events::Relay> relay_;
  std::shared_ptr<events::WindowsReader> reader_;
};

}  // namespace lakelift::app
