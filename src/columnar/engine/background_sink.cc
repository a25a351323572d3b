#include "columnar/engine/background_sink.h"

#include <arrow/util/byte_size.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

namespace lakelift::columnar {
namespace {

constexpr std::int64_t kQueuedBytes = 64 << 20;

std::int64_t size_of(const Batch& batch) {
  std::int64_t bytes = 0;
  for (const auto& column : batch.columns) bytes += arrow::util::TotalBufferSize(*column);
  return bytes;
}

class BackgroundSink final : public TableSink {
 public:
  explicit BackgroundSink(std::unique_ptr<TableSink> inner) : inner_(std::move(inner)) {}
  ~BackgroundSink() override { stop(); }

  // Throws std::system_error where there is no thread.
  void start() {
    thread_ = std::thread([this] { run(); });
  }
  [[nodiscard]] std::unique_ptr<TableSink> give_back() { return std::move(inner_); }

  Result<void> write(Batch batch) override {
    const std::int64_t bytes = size_of(batch);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return error_ || queue_.empty() || queued_bytes_ + bytes <= kQueuedBytes; });
    if (error_) return std::unexpected(*error_);
    queued_bytes_ += bytes;
    queue_.push_back({std::move(batch), bytes});
    changed_.notify_all();
    return {};
  }

  Result<void> finish() override {
    stop();
    if (error_) return std::unexpected(*error_);
    return inner_->finish();
  }

 private:
  struct Waiting {
    Batch batch;
    std::int64_t bytes;
  };

  void stop() {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void run() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return ended_ || !queue_.empty(); });
      if (queue_.empty()) return;
      Waiting next = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      auto written = inner_->write(std::move(next.batch));
      lock.lock();
      queued_bytes_ -= next.bytes;
      if (!written) error_ = std::move(written).error();
      changed_.notify_all();
      if (error_) return;
    }
  }

  std::unique_ptr<TableSink> inner_;  // while the thread runs, its alone
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> queue_;
  std::int64_t queued_bytes_ = 0;
  bool ended_ = false;
  std::optional<Error> error_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<TableSink> in_background(std::unique_ptr<TableSink> inner) {
  auto sink = std::make_unique<BackgroundSink>(std::move(inner));
  try {
    sink->start();
  } catch (const std::system_error&) {
    return sink->give_back();
  }
  return sink;
}

}  // namespace lakelift::columnar
