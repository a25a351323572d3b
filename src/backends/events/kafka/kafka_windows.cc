#include "backends/events/kafka/kafka_windows.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "backends/events/events_limits.h"
#include "backends/events/kafka/kafka_client.h"
#include "backends/events/kafka/kafka_topic.h"
#include "base/log.h"

namespace lakelift::events {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kPollMs = 200;

struct MessageDeleter {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
struct PartitionsDeleter {
  void operator()(rd_kafka_topic_partition_list_t* partitions) const {
    rd_kafka_topic_partition_list_destroy(partitions);
  }
};

// Told when it begins and when it ends; what it says in between is the same again.
class Hindrance {
 public:
  explicit Hindrance(const std::string& topic) : topic_(topic) {}
  void begin(std::string_view error) {
    if (std::exchange(lasts_, true)) return;
    log_warning("windows can't be read back yet", {{"topic", topic_}, {"error", error}});
  }
  void end() {
    if (std::exchange(lasts_, false)) log_info("windows are read back again", {{"topic", topic_}});
  }

 private:
  const std::string& topic_;
  bool lasts_ = false;
};

class KafkaWindowsReader final : public WindowsReader {
 public:
  KafkaWindowsReader(std::string topic, std::function<void(const StreamedWindow&)> on_window)
      : topic_(std::move(topic)), on_window_(std::move(on_window)) {}
  ~KafkaWindowsReader() override {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }
  KafkaWindowsReader(const KafkaWindowsReader&) = delete;
  KafkaWindowsReader& operator=(const KafkaWindowsReader&) = delete;

  [[nodiscard]] Result<void> start(const KafkaOptions& options) {
    TRY(auto configuration, configure(options,
                                      {{"group.id", "lakelift-windows"},  // librdkafka wants one; nobody joins it
                                       {"enable.auto.commit", "false"},
                                       {"enable.auto.offset.store", "false"},
                                       {"auto.offset.reset", "earliest"},
                                       {"allow.auto.create.topics", "false"}},
                                      troubles_));
    TRY(consumer_, make_handle(RD_KAFKA_CONSUMER, std::move(configuration)));
    rd_kafka_poll_set_consumer(consumer_.get());
    thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
    return {};
  }
  [[nodiscard]] std::int64_t malformed() const override { return malformed_; }

 private:
  void work(const std::stop_token& stop) {
    auto look = steady_clock::now();
    while (!stop.stop_requested()) {
      if (steady_clock::now() >= look) {
        assign_new_partitions();
        look = steady_clock::now() + milliseconds(limits::kWindowsTopicPollMs);
      }
      const std::unique_ptr<rd_kafka_message_t, MessageDeleter> message(
          rd_kafka_consumer_poll(consumer_.get(), kPollMs));
      if (!message) continue;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        reading_.end();
        take(*message);
      } else {
        reading_.begin(rd_kafka_message_errstr(message.get()));  // no right to read it …
      }
    }
  }

  // From the beginning, those that were not there when it was looked last.
  void assign_new_partitions() {
    const auto partitions = partitions_of(consumer_.get(), topic_);
    if (!partitions) {
      looking_.begin(describe(partitions.error()));
      return;
    }
    looking_.end();
    if (*partitions <= assigned_) return;
    const std::unique_ptr<rd_kafka_topic_partition_list_t, PartitionsDeleter> more(
        rd_kafka_topic_partition_list_new(*partitions - assigned_));
    for (int i = assigned_; i < *partitions; ++i) {
      rd_kafka_topic_partition_list_add(more.get(), topic_.c_str(), i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    }
    if (auto* const error = rd_kafka_incremental_assign(consumer_.get(), more.get()); error != nullptr) {
      log_warning("windows can't be read back yet", {{"topic", topic_}, {"error", rd_kafka_error_string(error)}});
      rd_kafka_error_destroy(error);
      return;
    }
    assigned_ = *partitions;
  }

  void take(const rd_kafka_message_t& message) {
    const auto window = parse_window({static_cast<const char*>(message.payload), message.len});
    if (window) {
      on_window_(*window);
      return;
    }
    const std::int64_t count = ++malformed_;
    if ((count & (count - 1)) != 0) return;  // each 2^n-th is told: a topic may be full of them
    log_warning("a window makes no sense", {{"topic", topic_},
                                            {"partition", message.partition},
                                            {"offset", message.offset},
                                            {"so far", count},
                                            {"error", window.error().message}});
  }

  const std::string topic_;
  const std::function<void(const StreamedWindow&)> on_window_;
  Troubles troubles_;
  Handle consumer_;
  int assigned_ = 0;
  Hindrance looking_{topic_};
  Hindrance reading_{topic_};
  std::atomic<std::int64_t> malformed_ = 0;
  std::jthread thread_;
};

}  // namespace

Result<std::unique_ptr<WindowsReader>> read_kafka_windows(const KafkaOptions& options, const std::string& topic,
                                                          std::function<void(const StreamedWindow&)> on_window) {
  auto reader = std::make_unique<KafkaWindowsReader>(topic, std::move(on_window));
  TRY_VOID(reader->start(options));
  return reader;
}

}  // namespace lakelift::events
