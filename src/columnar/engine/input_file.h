// A file that the server opened for the worker, as Arrow reads files.
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/fd.h"

namespace lakelift::columnar {

// ReadAt is threadsafe; Read, Seek and Tell are for one thread. A read never allocates more than what the file still
// has: lengths that a forged footer asks for cost nothing.
class InputFileReader final : public arrow::io::RandomAccessFile {
 public:
  InputFileReader(UniqueFd fd, std::uint64_t size_bytes);
  ~InputFileReader() override;

  // The descriptor, for copies within the kernel; owned by this.
  [[nodiscard]] int fd() const { return fd_.get(); }
  // Bytes read so far, by any thread.
  [[nodiscard]] std::int64_t bytes_read() const { return bytes_read_; }

  arrow::Status Close() override;
  bool closed() const override { return !fd_; }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  arrow::Status Seek(std::int64_t position) override;
  arrow::Result<std::int64_t> GetSize() override { return size_; }
  arrow::Result<std::int64_t> Read(std::int64_t nbytes, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t nbytes) override;
  using arrow::io::RandomAccessFile::ReadAt;
  arrow::Result<std::int64_t> ReadAt(std::int64_t position, std::int64_t nbytes, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(std::int64_t position, std::int64_t nbytes) override;

 private:
  [[nodiscard]] arrow::Result<std::int64_t> readable(std::int64_t position, std::int64_t nbytes) const;

  UniqueFd fd_;
  const std::int64_t size_;
  std::int64_t position_ = 0;
  std::atomic<std::int64_t> bytes_read_ = 0;
};

}  // namespace lakelift::columnar
