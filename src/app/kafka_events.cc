#include "app/kafka_events.h"

#include "backends/events/kafka/windows_gauge.h"
#include "base/log.h"

namespace lakelift::app {

Result<std::unique_ptr<KafkaEvents>> KafkaEvents::open(const KafkaNeeds& needs) {
  std::unique_ptr<KafkaEvents> out(new KafkaEvents());
  events::KafkaOptions& options = out->options_;
  options.brokers = needs.config.kafka_brokers;
  options.topic = needs.config.kafka_topic;
  options.settings = needs.config.kafka_settings;
  options.sasl_password = needs.environment("LAKELIFT_KAFKA_SASL_PASSWORD");
  options.oauth_secret = needs.environment("LAKELIFT_KAFKA_OAUTH_SECRET");
  options.ssl_key_password = needs.environment("LAKELIFT_KAFKA_SSL_KEY_PASSWORD");
  TRY(out->publisher_, events::make_kafka_publisher(options));
  out->relay_ = std::make_unique<events::Relay>(needs.relay, *out->publisher_);
  if (!needs.config.kafka_windows_topic.empty()) {
    TRY(out->reader_, events::read_kafka_windows(
                          options, needs.config.kafka_windows_topic,
                          [&windows = needs.windows](const events::StreamedWindow& window) { windows.put(window); }));
    events::add_reader_gauge(needs.relay.metrics, out->reader_);
  }
  return out;
}

void KafkaEvents::start() {
  relay_->start();
  log_info("events go to Kafka", {{"brokers", options_.brokers}, {"topic", options_.topic}});
}

void KafkaEvents::stop() {
  relay_->stop();
  reader_.reset();
}

}  // namespace lakelift::app
