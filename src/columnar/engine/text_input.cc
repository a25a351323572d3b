#include "columnar/engine/text_input.h"

#include <arrow/io/compressed.h>
#include <arrow/util/compression.h>

#include "columnar/engine/arrow_errors.h"

namespace lakelift::columnar {
namespace {

// Owns what the stream beneath refers to, and counts what comes out of it.
class UnpackedStream final : public arrow::io::InputStream {
 public:
  UnpackedStream(std::unique_ptr<arrow::util::Codec> codec, std::shared_ptr<arrow::io::InputStream> stream,
                 std::int64_t most_bytes)
      : codec_(std::move(codec)), stream_(std::move(stream)), most_bytes_(most_bytes) {
    set_mode(arrow::io::FileMode::READ);
  }
  ~UnpackedStream() override { stream_.reset(); }  // before its codec

  arrow::Status Close() override { return stream_->Close(); }
  bool closed() const override { return stream_->closed(); }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  arrow::Result<std::int64_t> Read(std::int64_t count, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const std::int64_t got, stream_->Read(count, out));
    position_ += got;
    if (position_ <= most_bytes_) return got;
    return arrow::Status::CapacityError("unpacks to more than ", most_bytes_, " bytes");
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t count) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(count));
    ARROW_ASSIGN_OR_RAISE(const std::int64_t got, Read(count, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(got));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }

 private:
  std::unique_ptr<arrow::util::Codec> codec_;
  std::shared_ptr<arrow::io::InputStream> stream_;
  const std::int64_t most_bytes_;
  std::int64_t position_ = 0;
};

}  // namespace

Result<std::shared_ptr<arrow::io::InputStream>> open_text(const std::shared_ptr<CountingFile>& file,
                                                          Compression compression, const std::string& where,
                                                          std::int64_t most_bytes) {
  TRY(const std::int64_t size, checked(file->GetSize(), where));
  TRY(auto stored, checked(arrow::io::RandomAccessFile::GetStream(file, 0, size), where));
  if (compression == Compression::kNone) return stored;
  const auto kind = compression == Compression::kGzip ? arrow::Compression::GZIP : arrow::Compression::ZSTD;
  TRY(auto codec, checked(arrow::util::Codec::Create(kind), where));
  TRY(auto stream, checked(arrow::io::CompressedInputStream::Make(codec.get(), stored), where));
  return std::make_shared<UnpackedStream>(std::move(codec), std::move(stream), most_bytes);
}

Result<std::int64_t> read_text(arrow::io::InputStream& stream, std::size_t count, char* out, const std::string& where) {
  std::int64_t filled = 0;
  const auto wanted = static_cast<std::int64_t>(count);
  while (filled < wanted) {
    const auto got = stream.Read(wanted - filled, out + filled);
    if (got.status().IsCapacityError()) return fail(Code::kTooLarge, where + ": " + got.status().message());
    if (!got.ok()) return fail_status(got.status(), where);
    if (*got == 0) break;
    filled += *got;
  }
  return filled;
}

}  // namespace lakelift::columnar
