// A file that counts the bytes that were read from it.
#pragma once

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <atomic>
#include <memory>

namespace lakelift::columnar {

// Threadsafe as far as the file beneath is.
class CountingFile final : public arrow::io::RandomAccessFile {
 public:
  explicit CountingFile(std::shared_ptr<arrow::io::RandomAccessFile> file) : file_(std::move(file)) {}
  [[nodiscard]] std::int64_t bytes_read() const { return bytes_read_.load(std::memory_order_relaxed); }

  arrow::Status Close() override { return file_->Close(); }
  bool closed() const override { return file_->closed(); }
  arrow::Result<std::int64_t> Tell() const override { return file_->Tell(); }
  arrow::Status Seek(std::int64_t position) override { return file_->Seek(position); }
  arrow::Result<std::int64_t> GetSize() override { return file_->GetSize(); }
  arrow::Result<std::int64_t> Read(std::int64_t count, void* out) override { return counted(file_->Read(count, out)); }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t count) override {
    return counted(file_->Read(count));
  }
  arrow::Result<std::int64_t> ReadAt(std::int64_t position, std::int64_t count, void* out) override {
    return counted(file_->ReadAt(position, count, out));
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(std::int64_t position, std::int64_t count) override {
    return counted(file_->ReadAt(position, count));
  }

 private:
  arrow::Result<std::int64_t> counted(arrow::Result<std::int64_t> result) {
    if (result.ok()) bytes_read_.fetch_add(*result, std::memory_order_relaxed);
    return result;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> counted(arrow::Result<std::shared_ptr<arrow::Buffer>> result) {
    if (result.ok()) bytes_read_.fetch_add((*result)->size(), std::memory_order_relaxed);
    return result;
  }

  std::shared_ptr<arrow::io::RandomAccessFile> file_;
  std::atomic<std::int64_t> bytes_read_ = 0;
};

}  // namespace lakelift::columnar
