#include "backends/events/kafka/kafka_topic.h"

#include <fmt/format.h>

#include <array>
#include <memory>

#include "backends/events/events_limits.h"
#include "base/log.h"

namespace lakelift::events {
namespace {

constexpr std::int64_t kHourMs = 3'600'000;
constexpr int kMakeMs = 5 * limits::kTopicMs;  // brokers of a cluster agree on it

template <auto Destroy>
struct Destroyer {
  void operator()(auto* thing) const { Destroy(thing); }
};
template <typename T, auto Destroy>
using Owned = std::unique_ptr<T, Destroyer<Destroy>>;

std::unexpected<Error> away(std::string message) { return fail(Code::kUnavailable, std::move(message)); }

// Error: what the broker says of it. Another server may make it at the same time.
Result<void> check_made(rd_kafka_event_t* event, const std::string& topic) {
  if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return away(fmt::format("the topic {} could not be made: {}", topic, rd_kafka_event_error_string(event)));
  }
  std::size_t count = 0;
  const auto* const topics = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto error = rd_kafka_topic_result_error(topics[i]);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;
    const char* const why = rd_kafka_topic_result_error_string(topics[i]);
    return away(fmt::format("the topic {} could not be made: {}; make it, or let this client make it", topic,
                            why != nullptr ? why : rd_kafka_err2str(error)));
  }
  return {};
}

Result<void> make_topic(rd_kafka_t* handle, const KafkaOptions& options) {
  std::array<char, 512> why{};
  const Owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy> topic(
      rd_kafka_NewTopic_new(options.topic.c_str(), options.partitions, options.replication, why.data(), why.size()));
  if (!topic) return away(fmt::format("the topic {} can't be made: {}", options.topic, why.data()));
  rd_kafka_NewTopic_set_config(topic.get(), "retention.ms", fmt::to_string(options.retention_hours * kHourMs).c_str());
  const Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy> terms(
      rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_CREATETOPICS));
  rd_kafka_AdminOptions_set_request_timeout(terms.get(), kMakeMs, why.data(), why.size());
  const Owned<rd_kafka_queue_t, rd_kafka_queue_destroy> queue(rd_kafka_queue_new(handle));
  std::array<rd_kafka_NewTopic_t*, 1> topics{topic.get()};
  rd_kafka_CreateTopics(handle, topics.data(), topics.size(), terms.get(), queue.get());
  const Owned<rd_kafka_event_t, rd_kafka_event_destroy> event(rd_kafka_queue_poll(queue.get(), kMakeMs));
  if (!event) return away(fmt::format("the topic {} could not be made in time", options.topic));
  TRY_VOID(check_made(event.get(), options.topic));
  log_info("made the topic", {{"topic", options.topic}, {"partitions", options.partitions}});
  return {};
}

}  // namespace

Result<int> partitions_of(rd_kafka_t* handle, const std::string& topic) {
  const rd_kafka_metadata_t* found = nullptr;
  const auto error = rd_kafka_metadata(handle, 1, nullptr, &found, limits::kTopicMs);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return away(fmt::format("no broker answers: {}", rd_kafka_err2str(error)));
  }
  const Owned<const rd_kafka_metadata_t, rd_kafka_metadata_destroy> metadata(found);
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const auto& one = metadata->topics[i];
    if (topic == one.topic && one.err == RD_KAFKA_RESP_ERR_NO_ERROR) return one.partition_cnt;
  }
  return 0;
}

Result<void> ensure_topic(rd_kafka_t* handle, const KafkaOptions& options) {
  TRY(const int partitions, partitions_of(handle, options.topic));
  if (partitions > 0) return {};
  return make_topic(handle, options);
}

}  // namespace lakelift::events
