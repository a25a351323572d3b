// The job's output, as Arrow writes streams: gathered into large writes to the descriptor that came with the job.
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <cstdint>
#include <vector>

#include "base/fd.h"

namespace lakelift::columnar {

// For one thread at a time. What is buffered is written by Flush and Close; the destructor drops it (a job that
// failed).
class FileOutputStream final : public arrow::io::OutputStream {
 public:
  explicit FileOutputStream(UniqueFd fd) : fd_(std::move(fd)) {}
  ~FileOutputStream() override;

  // The descriptor, for copies within the kernel after Flush; owned by this. Say what was copied by skip().
  [[nodiscard]] int fd() const { return fd_.get(); }
  // `nbytes` were written to the descriptor by other means; its offset stands behind them.
  void skip(std::int64_t nbytes) { position_ += nbytes; }

  using arrow::io::OutputStream::Write;
  arrow::Status Write(const void* data, std::int64_t nbytes) override;
  arrow::Status Flush() override;
  arrow::Status Close() override;
  bool closed() const override { return !fd_; }
  // Bytes so far, those in the buffer included.
  arrow::Result<std::int64_t> Tell() const override { return position_; }

 private:
  [[nodiscard]] arrow::Status write_out(const void* data, std::size_t size) const;

  UniqueFd fd_;
  std::vector<char> buffer_;
  std::int64_t position_ = 0;
};

}  // namespace lakelift::columnar
