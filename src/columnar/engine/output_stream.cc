#include "columnar/engine/output_stream.h"

#include <arrow/status.h>
#include <arrow/util/io_util.h>
#include <unistd.h>

#include <cerrno>

namespace lakelift::columnar {
namespace {

constexpr std::size_t kBufferBytes = 1024 * 1024;

}  // namespace

FileOutputStream::~FileOutputStream() = default;

arrow::Status FileOutputStream::write_out(const void* data, std::size_t size) const {
  const auto* next = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t n = ::write(fd_.get(), next, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return arrow::internal::IOErrorFromErrno(errno, "writing the output failed");
    next += n;
    size -= static_cast<std::size_t>(n);
  }
  return arrow::Status::OK();
}

arrow::Status FileOutputStream::Write(const void* data, std::int64_t nbytes) {
  if (!fd_) return arrow::Status::Invalid("the output is closed");
  if (nbytes < 0) return arrow::Status::Invalid("a write of a negative length");
  const auto size = static_cast<std::size_t>(nbytes);
  if (buffer_.size() + size > kBufferBytes) ARROW_RETURN_NOT_OK(Flush());
  if (size >= kBufferBytes) {
    ARROW_RETURN_NOT_OK(write_out(data, size));
  } else {
    if (buffer_.capacity() == 0) buffer_.reserve(kBufferBytes);
    const auto* bytes = static_cast<const char*>(data);
    buffer_.insert(buffer_.end(), bytes, bytes + size);
  }
  position_ += nbytes;
  return arrow::Status::OK();
}

arrow::Status FileOutputStream::Flush() {
  if (!fd_) return arrow::Status::Invalid("the output is closed");
  ARROW_RETURN_NOT_OK(write_out(buffer_.data(), buffer_.size()));
  buffer_.clear();
  return arrow::Status::OK();
}

arrow::Status FileOutputStream::Close() {
  if (!fd_) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(Flush());
  fd_.reset();
  return arrow::Status::OK();
}

}  // namespace lakelift::columnar
