// The topic, made where it is missing.
#pragma once

#include <librdkafka/rdkafka.h>

#include "backends/events/kafka/kafka_publisher.h"

namespace lakelift::events {

// One that is there stays as it is. A producer that names a missing one would have the broker make it, with as many
// partitions as the broker likes: so it is looked for first, in the list of all. Error: kUnavailable.
[[nodiscard]] Result<void> ensure_topic(rd_kafka_t* handle, const KafkaOptions& options);

// Partitions of a topic; 0: it is not there. Error: kUnavailable.
[[nodiscard]] Result<int> partitions_of(rd_kafka_t* handle, const std::string& topic);

}  // namespace lakelift::events
