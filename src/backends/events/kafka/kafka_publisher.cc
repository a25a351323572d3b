#include "backends/events/kafka/kafka_publisher.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <unordered_set>

#include "backends/events/events_limits.h"
#include "backends/events/kafka/kafka_client.h"
#include "backends/events/kafka/kafka_topic.h"

namespace lakelift::events {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kPollMs = 20;
constexpr std::string_view kEventId = "event_id";
constexpr std::string_view kTraceparent = "traceparent";

// What became of one event of the batch.
struct Fate {
  enum class State { kOpen, kUnderWay, kTaken, kRefused };
  State state = State::kOpen;
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::size_t* reported = nullptr;  // counts reports of the round
};

// The message itself is at fault, and will be when it is sent again. All else (no right, no such topic, no space …) is
// for an operator to mend, and waits.
bool is_refusal(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || error == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE ||
         error == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE || error == RD_KAFKA_RESP_ERR_INVALID_RECORD;
}

void note_report(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  auto& fate = *static_cast<Fate*>(message->_private);
  fate.error = message->err;
  fate.state = message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? Fate::State::kTaken : Fate::State::kOpen;
  ++*fate.reported;
}

// Order and safety
//   A partition takes the messages of one producer in the order of their numbers, without a gap (enable.idempotence),
//   and a producer of which a message failed sends no later one (enable.gapless.guarantee: it is fatal). So what a
//   partition has got of a batch is, at any moment, a beginning of what the batch has for it. A round that does not end
//   well (nothing moved, an error, a stop) leaves messages in queues and perhaps on the wire. They must not be sent
//   behind those of the next batch, so the producer goes with all that it holds, and the next batch, which begins with
//   the first event that is not settled, gets a new one. What the broker has read of the old one, or reads late out of
//   its socket, repeats events: it goes on where the old producer's last acknowledged message of that partition was,
//   without a gap, and the new producer begins there or before. So the first sight of each event is in order whichever
//   comes first, and repeated ones have the same event_id. message.timeout.ms=0: nothing is dropped by the clock; how
//   long we wait is kPublishMs and kPublishStallMs.
//   A partition without a leader does not have the others repeat what they took: of a batch that is not settled whole
//   we remember what was, and the next one leaves it out. Of each partition that is a beginning, too, so its order
//   stays.
class KafkaPublisher final : public Publisher {
 public:
  explicit KafkaPublisher(KafkaOptions options) : options_(std::move(options)) {}
  ~KafkaPublisher() override = default;
  KafkaPublisher(const KafkaPublisher&) = delete;
  KafkaPublisher& operator=(const KafkaPublisher&) = delete;

  [[nodiscard]] std::string name() const override { return "kafka"; }

  [[nodiscard]] Result<void> open() {
    if (producer_) return {};
    has_topic_ = false;
    TRY(auto configuration, configure(options_,
                                      {{"enable.idempotence", "true"},
                                       {"enable.gapless.guarantee", "true"},
                                       {"acks", "all"},
                                       {"message.timeout.ms", "0"},
                                       {"partitioner", "murmur2_random"},
                                       {"linger.ms", "1"},  // a batch is put in at once
                                       {"batch.size", fmt::to_string(limits::kKafkaBatchBytes)},
                                       {"queue.buffering.max.kbytes", fmt::to_string(limits::kKafkaQueueKib)},
                                       {"queue.buffering.max.messages", fmt::to_string(2 * limits::kRelayBatch)}},
                                      troubles_));
    rd_kafka_conf_set_dr_msg_cb(configuration.get(), note_report);
    TRY(producer_, make_handle(RD_KAFKA_PRODUCER, std::move(configuration)));
    return {};
  }

  [[nodiscard]] Result<Published> publish(const std::vector<Event>& batch, std::stop_token stop) override {
    stop_ = std::move(stop);
    ends_ = steady_clock::now() + milliseconds(options_.publish_ms);
    std::vector<Fate> fates = recall(batch);
    const Result<void> sent = send_all(batch, fates);
    remember(batch, fates);
    Published out;
    for (; out.acknowledged < fates.size(); ++out.acknowledged) {
      const Fate& fate = fates[out.acknowledged];
      if (fate.state == Fate::State::kRefused) {
        out.refused.push_back({out.acknowledged, rd_kafka_err2str(fate.error)});
      } else if (fate.state != Fate::State::kTaken) {
        break;
      }
    }
    if (out.acknowledged == 0 && !batch.empty()) {
      if (!sent) return std::unexpected(sent.error());
      return fail(Code::kUnavailable, "Kafka took nothing");
    }
    return out;
  }

 private:
  // What the batch before knows of this one.
  std::vector<Fate> recall(const std::vector<Event>& batch) const {
    std::vector<Fate> fates(batch.size());
    for (std::size_t i = 0; i < batch.size() && !taken_.empty(); ++i) {
      if (taken_.contains(batch[i].id)) fates[i].state = Fate::State::kTaken;
    }
    return fates;
  }

  void remember(const std::vector<Event>& batch, const std::vector<Fate>& fates) {
    taken_.clear();
    const auto is_taken = [](const Fate& fate) { return fate.state == Fate::State::kTaken; };
    if (std::ranges::all_of(fates, is_taken)) return;  // none of it comes again
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (is_taken(fates[i])) taken_.insert(batch[i].id);
    }
  }

  // Error: why not all of it is settled.
  Result<void> send_all(const std::vector<Event>& batch, std::vector<Fate>& fates) {
    // A message set is refused as a whole, for one message or because it is too large altogether. Then each goes alone,
    // until the one is found.
    bool is_alone = false;
    while (true) {
      std::vector<std::size_t> round;
      for (std::size_t i = 0; i < fates.size() && !(is_alone && !round.empty()); ++i) {
        if (fates[i].state == Fate::State::kOpen) round.push_back(i);
      }
      if (round.empty()) return {};
      TRY_VOID(open());
      TRY_VOID(find_topic());
      const Result<void> sent = send(batch, fates, round);
      if (sent) continue;
      close(fates);
      const auto refused = std::ranges::find_if(
          round, [&](std::size_t i) { return fates[i].state == Fate::State::kOpen && is_refusal(fates[i].error); });
      if (refused == round.end()) return sent;
      if (is_alone) fates[*refused].state = Fate::State::kRefused;
      is_alone = !is_alone;
    }
  }

  Result<void> find_topic() {
    if (has_topic_) return {};
    const auto give_up = steady_clock::now() + milliseconds(options_.stall_ms);
    while (true) {
      const auto found = ensure_topic(producer_.get(), options_);
      has_topic_ = found.has_value();
      if (found) return {};
      rd_kafka_poll(producer_.get(), 0);  // brings troubles
      if (stop_.stop_requested() || steady_clock::now() >= std::min(give_up, ends_)) return because(found.error());
    }
  }

  // Puts those of `round` on their way, in order, and waits for the reports. Error: not all of them were taken.
  Result<void> send(const std::vector<Event>& batch, std::vector<Fate>& fates, const std::vector<std::size_t>& round) {
    std::size_t reported = 0;
    std::size_t under_way = 0;
    Result<void> out;
    for (const std::size_t i : round) {
      fates[i].reported = &reported;
      const auto error = produce(batch[i], fates[i]);
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        fates[i].error = error;
        out = fail(Code::kUnavailable, fmt::format("Kafka does not take an event: {}", rd_kafka_err2str(error)));
        break;
      }
      fates[i].state = Fate::State::kUnderWay;
      ++under_way;
    }
    if (auto waited = wait(reported, under_way); !waited) return waited;
    TRY_VOID(out);
    const auto failed =
        std::ranges::find_if(round, [&](std::size_t i) { return fates[i].state != Fate::State::kTaken; });
    if (failed == round.end()) return {};
    return fail(Code::kUnavailable,
                fmt::format("Kafka does not take an event: {}", rd_kafka_err2str(fates[*failed].error)));
  }

  rd_kafka_resp_err_t produce(const Event& event, Fate& fate) {
    fate.error = RD_KAFKA_RESP_ERR_NO_ERROR;
    return rd_kafka_producev(producer_.get(), RD_KAFKA_V_TOPIC(options_.topic.c_str()),
                             RD_KAFKA_V_KEY(event.key.data(), event.key.size()),
                             RD_KAFKA_V_VALUE(const_cast<char*>(event.value.data()), event.value.size()),
                             RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                             RD_KAFKA_V_HEADER(kEventId.data(), event.id.data(), static_cast<ssize_t>(event.id.size())),
                             RD_KAFKA_V_HEADER(kTraceparent.data(), event.traceparent.data(),
                                               static_cast<ssize_t>(event.traceparent.size())),
                             RD_KAFKA_V_OPAQUE(&fate), RD_KAFKA_V_END);
  }

  // Until all are reported, or it is enough. Where one failed for good, the reports of those behind it come with it.
  Result<void> wait(const std::size_t& reported, std::size_t under_way) {
    std::size_t seen = 0;
    auto moved = steady_clock::now();
    std::optional<steady_clock::time_point> stopped;
    while (reported < under_way) {
      rd_kafka_poll(producer_.get(), kPollMs);
      const auto now = steady_clock::now();
      if (reported > seen) moved = now;
      seen = reported;
      const bool is_fatal = rd_kafka_fatal_error(producer_.get(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
      if ((stop_.stop_requested() || is_fatal) && !stopped) stopped = now;
      const bool is_enough = now >= ends_ || now - moved >= milliseconds(options_.stall_ms) ||
                             (stopped && now - *stopped >= milliseconds(limits::kPublishStopMs));
      if (reported < under_way && is_enough) return because({Code::kUnavailable, "", "Kafka does not answer", {}});
    }
    return {};
  }

  // The producer goes with what it holds; what nobody has reported is open again.
  void close(std::vector<Fate>& fates) {
    rd_kafka_purge(producer_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
    producer_.reset();
    for (Fate& fate : fates) {
      if (fate.state == Fate::State::kUnderWay) fate.state = Fate::State::kOpen;
    }
  }

  [[nodiscard]] std::unexpected<Error> because(Error error) {
    if (!troubles_.last.empty()) error.message += fmt::format(" ({})", troubles_.last);
    return std::unexpected(std::move(error));
  }

  const KafkaOptions options_;
  Troubles troubles_;  // before the producer, which writes to it
  Handle producer_;
  bool has_topic_ = false;
  std::unordered_set<std::string> taken_;  // ids, of the batch before where a part of it is open
  std::stop_token stop_;
  steady_clock::time_point ends_;
};

}  // namespace

Result<std::unique_ptr<Publisher>> make_kafka_publisher(const KafkaOptions& options) {
  auto publisher = std::make_unique<KafkaPublisher>(options);
  TRY_VOID(publisher->open());
  return publisher;
}

}  // namespace lakelift::events
