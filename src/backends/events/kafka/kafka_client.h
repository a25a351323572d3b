// What producer and consumer have in common: librdkafka's handles, and how they are configured.
#pragma once

#include <librdkafka/rdkafka.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "backends/events/kafka/kafka_publisher.h"

namespace lakelift::events {

struct HandleDeleter {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
};
using Handle = std::unique_ptr<rd_kafka_t, HandleDeleter>;
struct ConfigurationDeleter {
  void operator()(rd_kafka_conf_t* configuration) const { rd_kafka_conf_destroy(configuration); }
};
using Configuration = std::unique_ptr<rd_kafka_conf_t, ConfigurationDeleter>;

using Pairs = std::initializer_list<std::pair<std::string_view, std::string>>;
// What goes wrong with connections, as polls of the handle bring it.
struct Troubles {
  std::string last;  // empty: nothing is known
};
// The options' settings, and ours over them. Error: kInvalid naming the setting.
[[nodiscard]] Result<Configuration> configure(const KafkaOptions& options, Pairs ours, Troubles& troubles);
// Takes the configuration. Error: kInvalid, where settings do not fit each other.
[[nodiscard]] Result<Handle> make_handle(rd_kafka_type_t type, Configuration configuration);

}  // namespace lakelift::events
