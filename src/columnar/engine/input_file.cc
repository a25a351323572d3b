#include "columnar/engine/input_file.h"

#include <arrow/buffer.h>
#include <arrow/status.h>
#include <arrow/util/io_util.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace lakelift::columnar {

InputFileReader::InputFileReader(UniqueFd fd, std::uint64_t size_bytes)
    : fd_(std::move(fd)), size_(static_cast<std::int64_t>(size_bytes)) {}

InputFileReader::~InputFileReader() = default;

arrow::Status InputFileReader::Close() {
  fd_.reset();
  return arrow::Status::OK();
}

arrow::Status InputFileReader::Seek(std::int64_t position) {
  if (position < 0) return arrow::Status::Invalid("a place before the file's start");
  position_ = position;
  return arrow::Status::OK();
}

arrow::Result<std::int64_t> InputFileReader::Read(std::int64_t nbytes, void* out) {
  ARROW_ASSIGN_OR_RAISE(const std::int64_t n, ReadAt(position_, nbytes, out));
  position_ += n;
  return n;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> InputFileReader::Read(std::int64_t nbytes) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, nbytes));
  position_ += buffer->size();
  return buffer;
}

arrow::Result<std::int64_t> InputFileReader::readable(std::int64_t position, std::int64_t nbytes) const {
  if (!fd_) return arrow::Status::Invalid("the file is closed");
  if (position < 0 || nbytes < 0) return arrow::Status::Invalid("a read of a negative place or length");
  if (position >= size_) return 0;
  return std::min(nbytes, size_ - position);
}

arrow::Result<std::int64_t> InputFileReader::ReadAt(std::int64_t position, std::int64_t nbytes, void* out) {
  ARROW_ASSIGN_OR_RAISE(const std::int64_t wanted, readable(position, nbytes));
  std::int64_t done = 0;
  while (done < wanted) {
    const ssize_t n = ::pread(fd_.get(), static_cast<char*>(out) + done, static_cast<std::size_t>(wanted - done),
                              static_cast<off_t>(position + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return arrow::internal::IOErrorFromErrno(errno, "reading failed");
    if (n == 0) return arrow::Status::IOError("the file became shorter while it was read");
    done += n;
  }
  bytes_read_ += done;
  return done;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> InputFileReader::ReadAt(std::int64_t position, std::int64_t nbytes) {
  ARROW_ASSIGN_OR_RAISE(const std::int64_t wanted, readable(position, nbytes));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::ResizableBuffer> buffer, arrow::AllocateResizableBuffer(wanted));
  ARROW_ASSIGN_OR_RAISE(const std::int64_t n, ReadAt(position, wanted, buffer->mutable_data()));
  ARROW_RETURN_NOT_OK(buffer->Resize(n, false));
  return buffer;
}

}  // namespace lakelift::columnar
