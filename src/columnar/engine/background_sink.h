// A sink on a thread of its own, so that reading and writing go on at the same time. The second of the two threads that
// a job may have.
#pragma once

#include <arrow/io/interfaces.h>

#include <atomic>

#include "columnar/engine/table_sink.h"

namespace lakelift::columnar {

// Takes over `inner` and calls it from one other thread, batch after batch. At most kQueuedBytes wait (and always one
// batch may). An error of `inner` is told by the next write or by finish. Where no thread is to be had, `inner` itself.
[[nodiscard]] std::unique_ptr<TableSink> in_background(std::unique_ptr<TableSink> inner);

// What was written so far may be asked from any thread; all else as the stream beneath.
class CountingOutput final : public arrow::io::OutputStream {
 public:
  explicit CountingOutput(OutputPtr output) : output_(std::move(output)) {}
  [[nodiscard]] std::int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

  arrow::Status Close() override { return output_->Close(); }
  bool closed() const override { return output_->closed(); }
  arrow::Result<std::int64_t> Tell() const override { return output_->Tell(); }
  arrow::Status Flush() override { return output_->Flush(); }
  arrow::Status Write(const void* data, std::int64_t count) override {
    bytes_.fetch_add(count, std::memory_order_relaxed);
    return output_->Write(data, count);
  }
  arrow::Status Write(const std::shared_ptr<arrow::Buffer>& data) override {
    bytes_.fetch_add(data->size(), std::memory_order_relaxed);
    return output_->Write(data);
  }

 private:
  OutputPtr output_;
  std::atomic<std::int64_t> bytes_ = 0;
};

}  // namespace lakelift::columnar
