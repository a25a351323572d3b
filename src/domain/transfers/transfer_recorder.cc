#include "domain/transfers/transfer_recorder.h"

#include <utility>

#include "domain/transfers/recorder_state.h"

namespace lakelift::transfers {

class TransferRecorder::Running final : public Transfer, public Live {
 public:
  Running(std::shared_ptr<State> state, NewTransfer what)
      : state_(std::move(state)), what_(std::move(what)), began_(state_->now()), number_(state_->enter(*this)) {}
  ~Running() override { end({}); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void sent(std::uint64_t offset, std::uint64_t length) override {
    if (length == 0) return;
    const Micros now = state_->now();
    const std::lock_guard lock(mutex_);
    if (is_over_) return;
    if (sent_bytes_ == 0) began_ = now;
    last_at_ = now;
    sent_bytes_ += static_cast<std::int64_t>(length);
    spans_.add(offset, length);
  }

  void end(std::function<void()> committed) override {
    EndedTransfer ended;
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(is_over_, true)) return;
      const bool is_nothing = sent_bytes_ == 0;
      ended = {.what = what_,
               .began = began_,
               .ended = is_nothing ? state_->now() : last_at_,
               .spans = std::move(spans_),
               .sent_bytes = sent_bytes_,
               .committed = std::move(committed)};
    }
    state_->leave(number_);
    if (ended.sent_bytes > 0 || ended.what.subject.size_bytes == 0) {
      state_->take(std::move(ended));
    } else if (ended.committed) {
      ended.committed();
    }
  }

  [[nodiscard]] const NewTransfer& what() const override { return what_; }

  [[nodiscard]] LiveTransfer look() const override {
    const std::lock_guard lock(mutex_);
    return {what_.subject, what_.person_id, what_.person, began_, sent_bytes_};
  }

 private:
  const std::shared_ptr<State> state_;
  const NewTransfer what_;
  mutable std::mutex mutex_;
  Micros began_;
  Micros last_at_ = 0;
  std::int64_t sent_bytes_ = 0;
  SpanSet spans_;
  bool is_over_ = false;
  const std::uint64_t number_;  // last: from here on others look at it
};

TransferRecorder::TransferRecorder(const RecorderParts& parts) : state_(std::make_shared<State>(parts)) {
  // Metrics may outlive us.
  parts.metrics.on_collect([weak = std::weak_ptr(state_), &metrics = parts.metrics] {
    const auto state = weak.lock();
    if (!state) return;
    metrics.set("lakelift_transfers_in_progress", "Answers with bytes of files and slices that go on", {},
                static_cast<double>(state->in_progress_count()));
  });
}

TransferRecorder::~TransferRecorder() { stop(); }

void TransferRecorder::start() {
  thread_ = std::jthread([state = state_](const std::stop_token& stop) { state->run(stop); });
}

void TransferRecorder::stop() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  state_->close();
}

std::shared_ptr<Transfer> TransferRecorder::begin(NewTransfer transfer) {
  return std::make_shared<Running>(state_, std::move(transfer));
}

InProgress TransferRecorder::in_progress(const std::function<bool(const NewTransfer&)>& is_wanted) const {
  return state_->in_progress(is_wanted);
}

Result<std::size_t> TransferRecorder::flush() { return state_->commit_all(); }

}  // namespace lakelift::transfers
